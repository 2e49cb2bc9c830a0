"""A mail of a report: plain text, and HTML that asks nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from magacin.contracts.tasks.reports import Figures
from magacin.tasks.reports.mail.content import Change, MailContent, done
from magacin.tasks.reports.mail.settings import MailBy, ReportMailSettings
from magacin.tasks.reports.mail.words import Language
from magacin.tasks.reports.repository import Span

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).parent / "templates"
# Folded where the line begins, a subject shows with a space before it in some mail programs.
_UNFOLDED = SMTP.clone(max_line_length=250)
_FIGURES = (
    "lines", "pieces", "tasks", "on_time", "lines_per_hour", "pieces_per_hour", "active_hours", "accuracy",
    "refused", "undone", "shortages", "short_pieces",
)  # fmt: skip
_OF_ROWS = ("lines", "pieces", "tasks", "lines_per_hour", "accuracy", "short_pieces")


class _Table(NamedTuple):
    """A table as text; all but the first columns, `left` of them, are numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


def message_of(
    content: MailContent, each: str, span: Span, settings: ReportMailSettings, zone: str
) -> EmailMessage:
    """Return the mail that says it. The same content comes to the same mail."""
    language = Language(settings.report_mail_language)
    shown = _shown(content, each, span, language, settings.report_mail_link, zone)
    message = EmailMessage(policy=_UNFOLDED)
    message["From"], message["To"] = settings.smtp_from, settings.report_mail_to
    message["Subject"], message["Date"] = shown["title"], format_datetime(content.at)
    message["Message-ID"], message["Content-Language"] = content.message_id, language.code
    message["X-Magacin-Service"], message["X-Magacin-Report"] = "reports", each
    # No program is to answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_template("report.txt.j2").render(shown, laid_out=_laid_out))
    message.add_alternative(_template("report.html.j2").render(shown), subtype="html")
    return message


def _shown(
    content: MailContent, each: str, span: Span, language: Language, link: str, zone: str
) -> dict[str, Any]:
    at = content.at.astimezone(ZoneInfo(zone))
    return {
        "language": language.code,
        "word": language.word,
        "title": language.word(f"subject_{each}", days=language.days(span.first, span.last)),
        "totals": _totals(content, each, language) if done(content.totals) else None,
        "rows": _rows(content, language),
        "more": content.more,
        "changes": _changes(content.changes, language),
        "link": _link(link, content, span) if link else None,
        "at": f"{language.moment(at)} ({zone})",
    }


def _link(gateway: str, content: MailContent, span: Span) -> str:
    """Return where the same report is at the desk."""
    asked = {"by": content.by.value, "first_day": span.first, "last_day": span.last}
    return f"{gateway.rstrip('/')}/desk/reports?{urlencode(asked)}"


def _totals(content: MailContent, each: str, language: Language) -> _Table:
    heads = [language.word(key) for key in ("figure", f"this_{each}", f"before_{each}", "difference")]
    now, before = content.totals, content.totals_before
    return _Table(heads, [_compared(name, now, before, language) for name in _FIGURES])


def _compared(name: str, now: Figures, before: Figures, language: Language) -> list[str]:
    figure, then = getattr(now, name), getattr(before, name)
    return [
        language.word(name),
        language.figure(name, figure),
        language.figure(name, then),
        language.difference(name, figure, then),
    ]


def _rows(content: MailContent, language: Language) -> _Table | None:
    if all(row.key == "" for row in content.rows):
        return None  # nobody is in a team: it would say the totals again
    heads = [language.word(f"by_{content.by}"), *(language.word(name) for name in _OF_ROWS)]
    told = [row for row in content.rows if done(row.figures)]
    rows = [
        [_name(row.key, content.by, language), *(_of(row.figures, name, language) for name in _OF_ROWS)]
        for row in told
    ]
    return _Table(heads, rows) if rows else None


def _name(key: str, by: MailBy, language: Language) -> str:
    if by is MailBy.DAY:
        return language.day(date.fromisoformat(key))
    return key or language.word(f"no_{by}")


def _of(figures: Figures, name: str, language: Language) -> str:
    return language.figure(name, getattr(figures, name))


def _changes(changes: Sequence[Change], language: Language) -> _Table | None:
    heads = [language.word(key) for key in ("days", "figure", "was", "now")]
    rows = [row for change in changes for row in _change(change, language)]
    return _Table(heads, rows, left=2) if rows else None


def _change(change: Change, language: Language) -> Iterator[list[str]]:
    """Yield the figures that look other than before; the days stand at the first."""
    days = language.days(change.first_day, change.last_day)
    for name in _FIGURES:
        now = _of(change.now, name, language)
        was = _of(change.was, name, language) if change.was else language.figure(name, None)
        if now != was:
            yield [days, language.word(name), was, now]
            days = ""


def _laid_out(table: _Table) -> str:
    """Return a table of plain text, its numbers to the right."""
    lines = [table.heads, *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths, table.left) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    wide = [
        cell.ljust(width) if number < left else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(wide).rstrip()


@cache
def _template(name: str) -> Template:
    # Two megabytes, for one mail a day.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)

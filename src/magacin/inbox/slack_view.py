"""A Slack message as data for a page: bars of colour, and text whose few marks become HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

# Slack's names for colours, as it paints them.
_NAMED = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
_HEX = re.compile(r"^#?([0-9a-fA-F]{6})$")
_LINK = re.compile(r"&lt;(https?://[^|\s]+?)(?:\|(.*?))?&gt;")
_BOLD = re.compile(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Attachment:
    """One block of a Slack message."""

    colour: str
    title: str
    title_link: str | None
    text: Markup
    fields: list[tuple[str, Markup]]
    footer: str


def attachments(payload: Any) -> list[Attachment]:
    """Return the blocks of a message, whatever its payload is made of."""
    items = payload.get("attachments") if isinstance(payload, dict) else None
    found = [_attachment(item) for item in items or [] if isinstance(item, dict)] if _is_list(items) else []
    text = _text(payload.get("text")) if isinstance(payload, dict) else ""
    return ([Attachment("#8a8f98", "", None, mrkdwn(text), [], "")] if text else []) + found


def _attachment(item: dict[str, Any]) -> Attachment:
    link = _text(item.get("title_link"))
    fields = item.get("fields")
    return Attachment(
        colour=colour(_text(item.get("color"))),
        title=_text(item.get("title")),
        title_link=link if link.startswith(("http://", "https://")) else None,
        text=mrkdwn("\n".join(filter(None, (_text(item.get("pretext")), _text(item.get("text")))))),
        fields=[
            (_text(field.get("title")), mrkdwn(_text(field.get("value"))))
            for field in (fields if isinstance(fields, list) else [])
            if isinstance(field, dict)
        ],
        footer=_text(item.get("footer")),
    )


def colour(name: str) -> str:
    """Return a colour as #rrggbb: grey for what is none."""
    if match := _HEX.match(name):
        return f"#{match[1]}"
    return _NAMED.get(name, "#8a8f98")


def mrkdwn(text: str) -> Markup:
    """Return Slack's marks (links, *bold*, `code`) as HTML; everything else as the text it is."""
    html = str(escape(text))
    html = _LINK.sub(_link, html)
    html = _BOLD.sub(r"<strong>\1</strong>", html)
    html = _CODE.sub(r"<code>\1</code>", html)
    # What Slack's own escapes stand for, which were escaped a second time above.
    for character in ("lt", "gt", "amp"):
        html = html.replace(f"&amp;{character};", f"&{character};")
    return Markup(html.replace("\n", "<br>\n"))  # noqa: S704  every character of it was escaped above


def _link(match: re.Match[str]) -> str:
    url, label = match[1], match[2] or match[1]
    return f'<a href="{url}" rel="noreferrer noopener" target="_blank">{label}</a>'


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_list(value: object) -> bool:
    return isinstance(value, list)

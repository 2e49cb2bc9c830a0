"""The doctor's words: for a terminal of 80 columns, and as JSON for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from magacin.ops.doctor.findings import Finding, Level, Result
from magacin.ops.doctor.patient import Patient

# Of the JSON. It grows when a field goes or changes its meaning.
VERSION = 1
WIDTH = 80
_EXIT = {Level.BROKEN: 1, Level.WARNING: 2, Level.NOTE: 0}
_MARKS = {
    "ok": "✓",
    Level.BROKEN.value: "✗",
    Level.WARNING.value: "!",
    Level.NOTE.value: "i",
    "skipped": "-",
}


def exit_status(results: Sequence[Result]) -> int:
    """Return 1 when something is broken, 2 when there are only warnings, else 0."""
    levels = {finding.level for result in results for finding in result.findings}
    return next((_EXIT[level] for level in Level if level in levels), 0)


def as_dict(results: Sequence[Result], patient: Patient) -> dict[str, object]:
    """Return what `--json` prints; docs/doctor.md describes it."""
    return {
        "version": VERSION,
        "examined_at": datetime.fromtimestamp(patient.now(), UTC).isoformat(timespec="seconds"),
        "data_dir": str(patient.data.path),
        "exit_status": exit_status(results),
        "groups": [
            {
                "name": result.group.name,
                "title": result.group.title,
                "state": result.state,
                "skipped": result.skipped,
                "findings": [_finding(finding) for finding in result.findings],
            }
            for result in results
        ],
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {
        "level": finding.level.value,
        "check": finding.check,
        "subject": finding.subject,
        "what": finding.what,
        "why": finding.why,
        "mend": finding.mend,
    }


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield the report: a line for each group, and below it what is wrong."""
    for result in results:
        skipped = f" ({'; '.join(dict.fromkeys(result.skipped))})" if result.skipped else ""
        shown = f"{_MARKS[result.state]} {result.group.title:<20} {_word(result)}{skipped}"
        yield from textwrap.wrap(shown, WIDTH, subsequent_indent=" " * 23)
        for finding in sorted(result.findings, key=lambda finding: list(Level).index(finding.level)):
            yield from _detail(finding)
    yield ""
    yield _verdict(results)


def _word(result: Result) -> str:
    return {"skipped": "not looked at"}.get(result.state, result.state)


def _detail(finding: Finding) -> Iterator[str]:
    yield from _wrapped(f"  {_MARKS[finding.level.value]} ", finding.what)
    yield from _wrapped("    ", finding.why)
    # Never wrapped: it is copied.
    yield f"    → {finding.mend}"


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _verdict(results: Sequence[Result]) -> str:
    counts = {level: sum(f.level is level for result in results for f in result.findings) for level in Level}
    said = [
        f"{counts[Level.BROKEN]} broken" if counts[Level.BROKEN] else "",
        f"{counts[Level.WARNING]} to look at soon" if counts[Level.WARNING] else "",
        f"{counts[Level.NOTE]} to be known" if counts[Level.NOTE] else "",
    ]
    return f"{', '.join(filter(None, said)) or 'Everything is all right'}."

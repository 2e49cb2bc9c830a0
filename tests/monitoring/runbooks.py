"""What stands in the runbooks: sections, commands and queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.monitoring.rulefiles import RUNBOOKS

SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(\./magacin|curl|docker|redis-cli|psql|promtool|amtool) ")


@dataclass(frozen=True)
class Snippet:
    """A command (`bash`) or a query (`promql`) of a runbook."""

    runbook: str
    section: str
    language: str
    text: str


def pages() -> list[Path]:
    """Return the runbooks of alerts."""
    return sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README")


def sections(path: Path) -> dict[str, str]:
    """Return heading → text below it."""
    parts = re.split(r"^#+ (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def snippets() -> list[Snippet]:
    """Return every line of every block, and every command within a sentence."""
    return [
        Snippet(path.stem, heading, language, text)
        for path in pages()
        for heading, body in sections(path).items()
        for language, text in _of_section(body)
    ]


def _of_section(body: str) -> list[tuple[str, str]]:
    found = [
        (language, line.strip())
        for language, block in _BLOCK.findall(body)
        for line in block.splitlines()
        if line.strip()
    ]
    sentences = _BLOCK.sub("", body)
    return found + [("bash", code) for code in re.findall(r"`([^`]+)`", sentences) if _COMMAND.match(code)]

"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# What a renderer takes for the line below a table's head; without it there is no table.
_UNDER_HEAD = re.compile(r"\|( ?:?-+:? ?\|)+")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    links = [link for link in _LINK.findall(document.read_text()) if "://" not in link]
    assert not [link for link in links if not (document.parent / link).exists()]


def tables(text: str) -> list[list[str]]:
    """Return the lines of each run of lines that look like a table, those in blocks of code left out."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [run[0].splitlines() for run in re.finditer(r"(?:^\|.*\n?)+", text, re.MULTILINE)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_table_is_whole(document: Path) -> None:
    """A blank line in a table ends it: the rows below are then shown as text."""
    for table in tables(document.read_text()):
        assert len(table) > 2, table
        assert _UNDER_HEAD.fullmatch(table[1]), table[:2]


def test_no_page_has_a_server_reload_over_http() -> None:
    """Prometheus takes no such request here, and Alertmanager would read the secrets that it has anyway."""
    pages = [page for page in DOCUMENTS if page.parent.name != "decisions"]
    assert not [page.name for page in pages if "/-/reload" in page.read_text()]

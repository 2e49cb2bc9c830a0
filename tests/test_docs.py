"""What the documents point at is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support import parse_command

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
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


# What is there only when something was run.
MADE = {"benchmarks/results/", "web/dist"}
_PLACES = r"(?:src|tests|monitoring|docs|deploy|scripts|web|benchmarks)/"
_PATH = re.compile(rf"`((?:\./)?{_PLACES}[\w./*-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(document: Path) -> None:
    # What a recipe adds is in its blocks of code, and looked for by nobody.
    named = _PATH.findall(
        re.sub(r"^ *```.*?^ *```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    )
    paths = [path.removeprefix("./").rstrip("/") for path in named if path not in MADE]
    assert not [path for path in paths if not list(ROOT.glob(path))]


def test_every_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [page.name[:4] for page in decisions]
    assert len(set(numbers)) == len(numbers)
    titles = [page.read_text().partition("\n")[0] for page in decisions]
    assert all(title.startswith(f"# {number}: ") for title, number in zip(titles, numbers, strict=True))


def commands(text: str) -> list[str]:
    """Return the commands of ours in a page: a line of a block, or a span of code."""
    lines = re.findall(r"^ *(?:\$ )?(\./magacin [^\n]*)$", text, re.MULTILINE)
    return [re.sub(r"\s+(#|&&|>).*$", "", c) for c in lines + re.findall(r"`(\./magacin [^`]*)`", text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_one(document: Path) -> None:
    for line in commands(document.read_text()):
        # A usage line shows what may be there; `…` stands for what the page has said before.
        if not re.search(r"[\[…|]", line):
            parse_command(shlex.split(line)[1:])

"""The examples of docs/scanning.md are what codes mean."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from magacin.tasks.codes import Code, pieces, read_code

_PAGE = Path(__file__).parents[2] / "docs" / "scanning.md"
_CONTROLS = {"STX": "\x02", "ETX": "\x03", "EOT": "\x04", "LF": "\n", "CR": "\r", "GS": "\x1d", "RS": "\x1e"}
# What the articles have of which the page speaks, with the pieces of each.
_KNOWN = {
    "SC-PEN": 1,
    "SC-INK": 1,
    "05012345678900": 1,
    "00012345000065": 1,
    "09783161484100": 1,
    "15012345678907": 6,
    "95012345678903": 1,
    "BOX-12": 12,
}


def _rows() -> list[list[str]]:
    """Return the cells of each example, with those of its table's header."""
    found, header = [], ""
    for line in _PAGE.read_text("utf-8").splitlines():
        if line.startswith("| The scanner sends"):
            header = line
        elif not line.startswith("|"):
            header = ""
        elif header and not line.startswith("|---"):
            found.append([header, *re.split(r" ?\| ?", line.replace("`|`", "bar"))[1:-1]])
    return found


def _sent(cell: str) -> str:
    return re.sub("⟨(.+?)⟩", lambda match: _CONTROLS[match[1]], cell.strip("`"))


def _found(code: Code) -> tuple[str, int] | None:
    """Return by which reading an article is found, and what the scan then comes to."""
    if _has_known_rivals(code):
        return None
    readings = [reading for reading in chain([code.literal, code.gtin], code.others) if reading in _KNOWN]
    if not readings or readings[0] is None:
        return None
    return readings[0], pieces(code, _KNOWN[readings[0]], literally=readings[0] == code.literal)


def _has_known_rivals(code: Code) -> bool:
    return any(rival in _KNOWN for rival in code.rivals)


ROWS = _rows()


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_an_example(row: list[str]) -> None:
    header, sent, means, *told = row
    code = read_code(_sent(sent))
    if "Refused as" in header:
        assert _found(code) is None
        assert (code.is_several or _has_known_rivals(code)) is (told[0] == "`several_codes`")
    elif "Counts" in header:
        assert (int(told[0]), _found(code)) == (_KNOWN[means.strip("`")], (means.strip("`"), int(told[1])))
    else:
        assert _found(code) == (means.strip("`"), int(told[0]))
        kept = (code.label.told() if code.label else None) or {}
        assert ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in kept.items()) == told[1]


def test_there_are_examples_of_each_table() -> None:
    assert len({row[0] for row in ROWS}) == 3
    assert len(ROWS) > 25

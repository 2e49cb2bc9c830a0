"""`magacin import --dry-run`, where nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from magacin.cli.main import main
from tests.imports.support import csv_bytes, xlsx_bytes

GOOD = ("R1", "A1", "Lantern", 6, "123", "North")
BAD = ("R2", "A1", "", 0, "", "")
BESIDE_IT = ("R2", "A2", "", 1, "", "")


def dry_run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any, str]:
    with pytest.raises(SystemExit) as exit_:
        main(["import", "--dry-run", *map(str, arguments)])
    assert isinstance(exit_.value.code, int)
    said = capsys.readouterr()
    out = json.loads(said.out) if "--json" in arguments and said.out else said.out
    return exit_.value.code, out, said.err


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_bytes(csv_bytes([GOOD, BAD, BESIDE_IT]))
    return path


def test_all_rows_as_json(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = dry_run(capsys, "--json", orders)
    assert code == 3
    notes = found.pop("notes")
    assert notes[0] == "Read as UTF-8, separated by comma."
    row = {"row": 2, "requisition": "R1", "sku": "A1", "quantity": 6}
    rest = {"description": "Lantern", "barcode": "123", "destination": "North"}
    assert found == {
        "format": "csv",
        "encoding": "utf-8",
        "profile": None,
        "rows": [row | rest],
        "rejects": [
            {"row": 3, "column": "quantity", "reason": "not_positive", "requisition": "R2"},
            {"row": 4, "column": "requisition", "reason": "held_back", "requisition": "R2"},
        ],
        "held_back": ["R2"],
    }


def test_what_is_read_is_what_the_options_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "orders.txt"
    path.write_bytes("Stand: heute\nBelegnr*Teil*Menge*Name\nR1*A1*1.000*Łódź\nR2*A1*x*\n".encode("cp1250"))
    options = ["--encoding", "cp1250", "--delimiter", "*", "--decimal", ",", "--header-row", "2", "--partial"]
    mapping = ["--mapping", "requisition=Belegnr", "--mapping", "sku=Teil"]
    code, found, _ = dry_run(capsys, "--json", *options, *mapping, path)
    assert code == 3
    assert [(row["quantity"], row["description"]) for row in found["rows"]] == [(1000, "Łódź")]
    assert (found["encoding"], found["held_back"]) == ("cp1250", ["R2"])


def test_a_file_that_fails_is_a_document_too(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = tmp_path / "b.csv"
    failing.write_bytes(b"colour\nred\n")
    code, found, _ = dry_run(capsys, "--json", failing)
    assert code == 1
    assert "'colour'" in found["error"]
    assert (found["rows"], found["rejects"], found["held_back"]) == ([], [], [])
    code, both, _ = dry_run(capsys, "--json", failing, orders)
    assert code == 1
    assert [len(one["rows"]) for one in both] == [0, 1]


def test_people_are_told_the_same(orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = tmp_path / "orders.xlsx"
    book.write_bytes(xlsx_bytes([GOOD]))
    code, out, _ = dry_run(capsys, "--data-dir", tmp_path / "none", book, orders)
    assert code == 3
    assert "orders.xlsx: a dry run, nothing was imported" in out
    assert "row 3, requisition R2: quantity: The quantity is 0" in out
    assert "Held back: R2" in out
    assert "imported before is not known: there is no stack in" in out


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--encoding", "klingon"], "--encoding klingon: is no encoding"),
        (["--header-row", "0"], "--header-row 0: Input should be greater"),
        (["--mapping", "sku=\t"], "--mapping sku=\t is not understood"),
    ],
)
def test_an_option_that_makes_no_sense(
    orders: Path, option: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = dry_run(capsys, "--json", *option, orders)
    assert (code, out) == (1, "")
    assert says in err


def test_by_a_ready_made_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"Verkaufsbeleg;Material;Menge;VME\nR1;A1;1.000;ST\nR2;A1;1;KRT\n")
    code, found, _ = dry_run(capsys, "--json", "--profile", "SAP", "--unit", "pcs", path)
    assert (code, found["profile"], found["rows"][0]["quantity"]) == (3, "sap", 1000)
    assert [reject["reason"] for reject in found["rejects"]] == ["wrong_unit"]


def test_a_profile_that_only_a_stack_knows(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = dry_run(capsys, "--json", "--data-dir", tmp_path, "--profile", "shopfy", orders)
    assert (code, out) == (1, "")
    assert "Is shopify meant?" in err
    assert "known to the stack alone, and there is no stack in" in err


def test_articles_where_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "articles.csv"
    path.write_bytes(b"Teil,description,pieces\nA1,Lantern,\nA2,,none\n")
    options = ["--subject", "articles", "--mapping", "sku=Teil", "--data-dir", f"{tmp_path}/none", str(path)]
    code, found, _ = dry_run(capsys, "--json", *options)
    assert code == 3
    assert found["rows"] == [{"row": 2, "sku": "A1", "description": "Lantern", "pieces": ""}]
    rejects = [{"row": 3, "column": "pieces", "reason": "not_a_number", "requisition": "A2"}]
    assert (found["rejects"], found["held_back"]) == (rejects, [])
    code, out, _ = dry_run(capsys, *options)
    assert code == 3
    assert "row 2: sku A1, description Lantern" in out
    assert "row 3, article A2: pieces: none is not a whole number" in out
    assert "What there is of these articles, and which rows contradict it, is not known" in out

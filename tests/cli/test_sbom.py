"""The bill of materials, made as its command makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from magacin import __version__
from magacin.cli import _sbom
from magacin.ops.doctor.versions import pinned
from magacin.stack.paths import ROOT
from tests.schemas import mistake_in_bill


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Any:
    target = tmp_path_factory.mktemp("sbom") / _sbom.FILE
    _sbom.write(target)
    text = target.read_text("utf-8")
    assert mistake_in_bill(text) is None
    return json.loads(text)


def test_it_is_of_this_version(bill: Any) -> None:
    assert bill["metadata"]["component"]["version"] == __version__


def test_it_lists_what_is_pinned_and_no_tools(bill: Any) -> None:
    versions = {(one["name"].lower(), one["version"]) for one in bill["components"]}
    wanted = pinned((ROOT / "requirements.txt").read_text("utf-8"))
    assert ("fastapi", wanted["fastapi"]) in versions
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    preact = lock["packages"]["node_modules/preact"]["version"]
    assert ("preact", preact) in versions
    assert not {"pytest", "mypy", "ruff", "vite", "typescript"} & {name for name, _ in versions}


def test_the_product_needs_its_own_dependencies(bill: Any) -> None:
    needs = {one["ref"]: set(one["dependsOn"]) for one in bill["dependencies"]}
    own = needs[bill["metadata"]["component"]["bom-ref"]]
    names = {one["name"] for one in bill["components"] if one["bom-ref"] in own}
    assert {"fastapi", "supervisor", "preact"} <= names


def test_no_path_of_this_machine_is_in_it(bill: Any) -> None:
    assert str(ROOT) not in json.dumps(bill)
    assert str(Path.home()) not in json.dumps(bill)


@pytest.mark.parametrize(
    "licences",
    [
        [{"expression": "MIT OR GPL-3.0-only"}],
        [{"license": {"id": "AGPL-3.0-or-later"}}],
        [{"license": {"name": "ask the author"}}],
        [],
    ],
)
def test_a_licence_that_nobody_has_looked_at_is_told(licences: Any) -> None:
    mit = {"name": "fine", "licenses": [{"license": {"id": "MIT"}}]}
    assert _sbom.not_allowed([mit, {"name": "other", "licenses": licences}]) == {"other"}

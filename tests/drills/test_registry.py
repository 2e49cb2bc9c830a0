"""Every alert has a drill or a reason, and drills expect what people were promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from magacin.drills import faults
from magacin.drills.claims import Claim
from magacin.drills.drill import Drill, Proof
from magacin.drills.expected import TOLD
from magacin.drills.faults import WITHOUT, drills, drills_of
from magacin.stack.parts import PARTS
from magacin.stack.paths import ROOT
from tests.monitoring.rulefiles import load_all

DRILLS = drills()
FAULTS = Path(faults.__file__).parent
PROOFS = [(kind, proof) for kind in DRILLS.values() for proof in kind.proves]
ALERTS = {rule.name: rule for rule in load_all() if rule.is_alert}


def test_every_alert_has_a_drill_or_a_reason() -> None:
    proved = {proof.alert for _, proof in PROOFS}
    assert proved | set(WITHOUT) == set(ALERTS)
    assert not proved & set(WITHOUT)
    assert all(WITHOUT.values())


@pytest.mark.parametrize(("kind", "proof"), PROOFS, ids=lambda v: getattr(v, "alert", getattr(v, "name", "")))
def test_severity_and_service_are_those_of_the_rule(kind: type[Drill], proof: Proof) -> None:
    labels = ALERTS[proof.alert].labels
    assert proof.severity == labels["severity"]
    if "{{" in labels["service"]:
        assert proof.service in PARTS
    else:
        assert proof.service == labels["service"]


@pytest.mark.parametrize("severity", sorted(TOLD))
def test_who_is_told_is_what_the_docs_promise(severity: str) -> None:
    page = (ROOT / "docs" / "alert-routing.md").read_text()
    told = f"email to {TOLD[severity].recipient}, Slack {TOLD[severity].channel}"
    assert f"| {severity} | {severity} | {told} |" in page
    assert "| Watchdog | heartbeat | the heartbeat address |" in page


def test_one_drill_a_file_named_for_it() -> None:
    files = {file.stem for file in FAULTS.glob("[!_]*.py")}
    assert {file: len([*drills_of(file)]) for file in files} == dict.fromkeys(files, 1)
    assert {name.replace("-", "_") for name in DRILLS} == files
    assert all(kind.title() for kind in DRILLS.values())


def test_all_that_a_drill_may_say_is_explained() -> None:
    page = (ROOT / "docs" / "drills.md").read_text()
    settings = {*Drill.__annotations__, *Proof.__annotations__} - {"name", "alert", "severity", "service"}
    assert {setting for setting in settings if f"| `{setting}` |" not in page} == set()


def test_drills_of_warnings_do_not_run_beside_what_keeps_them_back() -> None:
    memory = Claim(DRILLS["memory-full"])
    assert memory.disturbs(Claim(DRILLS["disk-filled"]))
    assert not memory.disturbs(Claim(DRILLS["processors-busy"]))


def test_only_the_drills_about_them_hold_what_every_alert_goes_through() -> None:
    holders = {name for name, kind in DRILLS.items() if {"prometheus", "alertmanager"} & kind.holds}
    assert holders == {"prometheus-killed", "alertmanager-killed", "stack-disk-filled"}

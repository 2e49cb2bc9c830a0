"""Every alert has a drill or a reason, and drills expect what people were promised."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from magacin.drills.drill import Claim, Drill, Proof
from magacin.drills.expected import TOLD
from magacin.drills.faults import WITHOUT, drills
from magacin.stack.parts import PARTS
from magacin.stack.paths import ROOT
from tests.monitoring.rulefiles import load_all

DRILLS = drills()
PROOFS = [(kind, proof) for kind in DRILLS.values() for proof in kind.proves]
ALERTS = {rule.name: rule for rule in load_all() if rule.is_alert}
_ROW = re.compile(r"^\| \[?(\w+)\]?(?:\([^)]*\))? \| (\w+) \| ([^|]+) \| ([^|]+) \| ?([^|]*)\|", re.MULTILINE)


def rows(page: str) -> dict[str, tuple[str, ...]]:
    """Return the rows of the first table of a page of docs, by the alert."""
    text = (ROOT / "docs" / page).read_text()
    return {match[1]: match.groups()[1:] for match in _ROW.finditer(text) if match[1] in ALERTS}


def test_every_alert_has_a_drill_or_a_reason() -> None:
    proved = {proof.alert for _, proof in PROOFS}
    assert proved | set(WITHOUT) == set(ALERTS)
    assert not proved & set(WITHOUT)
    assert all(WITHOUT.values())


@pytest.mark.parametrize(("kind", "proof"), PROOFS, ids=lambda v: getattr(v, "alert", getattr(v, "name", "")))
def test_severity_and_service_are_those_of_the_docs(kind: type[Drill], proof: Proof) -> None:
    severity, service, *_ = rows("alerts.md")[proof.alert]
    assert proof.severity == severity
    if service == "its own":
        assert proof.service in PARTS
    else:
        assert proof.service == service


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_who_is_told_is_what_the_docs_promise(alert: str) -> None:
    severity, _, _, told = rows("alert-routing.md")[alert]
    if severity == "none":
        assert told.strip() == "the heartbeat address"
        return
    expected = TOLD[severity]
    assert told.strip() == f"email to {expected.recipient}, Slack {expected.channel}"


def test_one_drill_a_file_named_for_it() -> None:
    for name, kind in DRILLS.items():
        file = Path(inspect.getfile(kind))
        assert file.stem == name.replace("-", "_")
        assert kind.__doc__


def test_drills_of_warnings_do_not_run_beside_what_keeps_them_back() -> None:
    memory = Claim(DRILLS["memory-full"])
    assert memory.disturbs(Claim(DRILLS["disk-filled"]))
    assert not memory.disturbs(Claim(DRILLS["processors-busy"]))


def test_only_the_drills_about_them_hold_what_every_alert_goes_through() -> None:
    holders = {name for name, kind in DRILLS.items() if {"prometheus", "alertmanager"} & kind.holds}
    assert holders == {"prometheus-killed", "alertmanager-killed"}

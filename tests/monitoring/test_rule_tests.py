"""The rule tests stand on what there really is: a series that nothing records or exports proves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.labelsets import label_sets, never_matching
from tests.monitoring.rulefiles import (
    RULE_TESTS,
    Rule,
    load,
    load_all,
    load_yaml,
    matchers,
    metric,
    parse,
    selectors,
)
from tests.monitoring.rulelint import by_name

FILES = sorted(RULE_TESTS.glob("*.yml"))
RULES = load_all()
RECORDED = by_name(rule for rule in RULES if not rule.is_alert)
# An operator sets them to anything, and so may a test.
SETTINGS = {rule.name for rule in RULES if rule.file.name == "settings.yml"}
FROM_RECORDED = [
    rule
    for rule in RULES
    if rule.is_alert and {metric(s) for s in selectors(rule.ast)} & (set(RECORDED) - SETTINGS)
]


def all_in(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load_yaml(path.read_text(encoding="utf-8"))["tests"]
    return found


def fed(test: dict[str, Any]) -> list[str]:
    return [entry["series"] for entry in test.get("input_series") or []]


def impossible(series: Sequence[str]) -> Iterator[str]:
    """Yield the series that have the name of a recorded one, and labels that none of its rules gives it."""
    for text in series:
        [selector] = selectors(parse(text))
        if metric(selector) in RECORDED:
            possible = label_sets(selector, RECORDED)
            labels = frozenset(label for label, _, _ in matchers(selector))
            if possible is None or labels not in possible:
                yield f"{text}: recorded with {[sorted(known) for known in possible or ()]}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_recorded_series_are_fed_with_the_labels_that_they_have(path: Path) -> None:
    for test in all_in(path):
        assert not list(impossible(fed(test))), test.get("name")


def test_a_series_without_the_label_that_its_rule_gives_it_is_found() -> None:
    assert not list(impossible(['site:moment:seconds{moment="now"}', "site:utc:seconds", "up"]))
    assert len(list(impossible(["site:moment:seconds", 'site:utc:seconds{moment="now"}']))) == 2


@pytest.mark.parametrize("alert", FROM_RECORDED, ids=lambda rule: rule.name)
def test_an_alert_fires_from_what_is_exported_alone(alert: Rule) -> None:
    """Else it could ask for something that its rule test makes up, and no rule ever records."""
    for path in FILES:
        for test in all_in(path):
            cases = [c for c in test.get("alert_rule_test", []) if c["alertname"] == alert.name]
            made_up = {text.partition("{")[0] for text in fed(test)} & (set(RECORDED) - SETTINGS)
            if not made_up and any(case["exp_alerts"] for case in cases):
                return
    pytest.fail(f"{alert.name} fires only in rule tests that make up what rules would have recorded")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.file.stem}-{rule.line}")
def test_no_part_of_a_rule_is_empty_for_want_of_a_label(rule: Rule) -> None:
    assert not list(never_matching(rule, RECORDED)), rule.place


# expression, whether it can have a result; "a" is exported, the others are in calendar.yml
JOINS = {
    "site:moment:seconds - site:utc:seconds": False,
    "site:moment:seconds - ignoring (moment) site:utc:seconds": True,
    "site:moment:seconds - on () group_left () site:utc:seconds": True,
    "site:moment:seconds - scalar(site:utc:seconds)": True,
    "2 * site:moment:seconds and site:moment:days": True,
    "site:utc:seconds and site:moment:days": False,
    "site:utc:seconds or site:moment:days": True,
    "site:utc:seconds unless site:moment:days": True,
    "sum by (x) (a) > site:utc:seconds": False,
    "sum by (x) (a) > on () group_left () site:utc:seconds": True,
    "sum without (moment) (site:moment:seconds) - site:utc:seconds": True,
    'absent(a{moment="now"}) and site:moment:seconds': True,
    "a > site:utc:seconds": True,
}


@pytest.mark.parametrize("expression", JOINS)
def test_sides_that_never_match_are_found(expression: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    rules = [{"record": "site:tried:bool", "expr": expression}]
    file.write_text(yaml.safe_dump({"groups": [{"name": "tried", "rules": rules}]}), encoding="utf-8")
    [rule] = load(file)
    assert (not list(never_matching(rule, RECORDED))) is JOINS[expression]

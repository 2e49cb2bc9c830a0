"""No change of a rule goes unnoticed by the rule tests."""

from __future__ import annotations

import promql_parser as promql
import pytest

from tests.monitoring import mutations
from tests.monitoring.rulefiles import Rule

RULES = mutations.changeable()
# There is nothing in them to change; their names and labels are seen where they are used.
PLAIN = {"site:utc:seconds", "site:moment:seconds"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.file.stem}-{rule.line}-{rule.name}")
def test_every_change_of_a_rule_is_noticed(rule: Rule) -> None:
    count, survivors = mutations.survivors([rule])
    assert not survivors, "no rule test notices:\n" + "\n".join(map(str, survivors))
    # Nor is there in a rule that gives a series another name.
    assert count or rule.name in PLAIN or isinstance(rule.ast, promql.VectorSelector)


def test_every_justified_survivor_is_a_change_that_is_still_made() -> None:
    made = {(rule.name, mutant.what) for rule in RULES for mutant in mutations.mutants(rule)}
    listed = {(name, what) for name, changes in mutations.equivalents().items() for what in changes}
    assert listed <= made, f"out of date: {listed - made}"


def test_a_weak_rule_test_is_found_out(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule tests of an alert, every change of it survives."""
    monkeypatch.setattr(mutations, "RULE_TESTS", tmp_path)
    [rule] = [rule for rule in RULES if rule.name == "ScrapeSlow"]
    count, survivors = mutations.survivors([rule])
    assert len(survivors) == count > 5

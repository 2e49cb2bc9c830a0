"""No change of a rule goes unnoticed by the rule tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql
import pytest

from tests.monitoring import mutations
from tests.monitoring.mutations import Judge
from tests.monitoring.rulefiles import RULE_TESTS, Rule
from tests.monitoring.rulefiles import RULES as RULE_FILES

RULES = mutations.changeable()
# There is nothing in them to change; their names and labels are seen where they are used.
PLAIN = {"site:utc:seconds", "site:moment:seconds"}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with mutations.judge() as judge:
        yield judge


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.file.stem}-{rule.line}-{rule.name}")
def test_every_change_of_a_rule_is_noticed(rule: Rule, judge: Judge) -> None:
    count, survivors = mutations.survivors(rule, judge)
    assert not survivors, "no rule test notices:\n" + "\n".join(map(str, survivors))
    # Nor is there in a rule that gives a series another name.
    assert count or rule.name in PLAIN or isinstance(rule.ast, promql.VectorSelector)


def test_every_justified_survivor_is_a_change_that_is_still_made() -> None:
    made = {(rule.name, mutant.what) for rule in RULES for mutant in mutations.mutants(rule)}
    listed = {(name, what) for name, changes in mutations.equivalents().items() for what in changes}
    assert listed <= made, f"out of date: {listed - made}"


def test_a_weak_rule_test_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule tests of an alert, every change of it survives."""
    monkeypatch.setattr(mutations, "RULE_TESTS", tmp_path)
    [rule] = [rule for rule in RULES if rule.name == "ScrapeSlow"]
    with mutations.judge() as judge:
        count, survivors = mutations.survivors(rule, judge)
    assert len(survivors) == count > 5


def test_a_rule_test_that_fails_on_the_rules_as_they_are_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would notice every change, whatever it looks at."""
    shutil.copytree(RULE_FILES, tmp_path / "rules")
    wrong = tmp_path / "rule_tests" / "scrape_slow.yml"
    wrong.parent.mkdir()
    text = (RULE_TESTS / wrong.name).read_text(encoding="utf-8")
    wrong.write_text(text.replace("severity: warning", "severity: critical"), encoding="utf-8")
    monkeypatch.setattr(mutations, "RULE_TESTS", wrong.parent)
    [rule] = [rule for rule in RULES if rule.name == "ScrapeSlow"]
    with mutations.judge() as judge, pytest.raises(RuntimeError, match=r"as they are: .*scrape_slow\.yml"):
        mutations.survivors(rule, judge)

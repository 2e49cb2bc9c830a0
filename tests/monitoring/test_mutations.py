"""No change of a rule goes unnoticed by the rule tests."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import promql_parser as promql
import pytest

from tests.monitoring import mutations
from tests.monitoring.conftest import promtool_or_skip
from tests.monitoring.mutations import Mutant
from tests.monitoring.promtools import Promtool
from tests.monitoring.rulefiles import RULE_TESTS, Rule
from tests.monitoring.rulefiles import RULES as RULE_FILES

RULES = mutations.changeable()
# There is nothing in them to change; their names and labels are seen where they are used.
PLAIN = {"site:utc:seconds", "site:moment:seconds"}


# The first test of a file of rules tries what all tests of that file look at.
pytestmark = pytest.mark.timeout(1800)

Found = dict[str, tuple[int, list[Mutant]]]


# The newer one takes three times as long for the rules that look at days.
@pytest.fixture(scope="module", params=["installed", pytest.param("newer", marks=pytest.mark.long)])
def promtool(request: pytest.FixtureRequest) -> Promtool:
    """Of both generations where that is asked for, the installed one in every run."""
    return promtool_or_skip(request.param)


@pytest.fixture(scope="module")
def survivors(promtool: Promtool) -> Iterator[Callable[[Path], Found]]:
    """For a file of rules, by place: how many changes were tried, and those that nothing noticed."""
    with mutations.judge(promtool) as judge:

        @functools.cache
        def of(file: Path) -> Found:
            rules = [rule for rule in RULES if rule.file == file]
            return dict(zip([r.place for r in rules], mutations.survivors(rules, judge), strict=True))

        yield of


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.file.stem}-{rule.line}-{rule.name}")
def test_every_change_of_a_rule_is_noticed(rule: Rule, survivors: Callable[[Path], Found]) -> None:
    count, survived = survivors(rule.file)[rule.place]
    assert not survived, "no rule test notices:\n" + "\n".join(map(str, survived))
    # Nor is there in a rule that gives a series another name.
    assert count or rule.name in PLAIN or isinstance(rule.ast, promql.VectorSelector)


def test_every_justified_survivor_is_a_change_that_is_still_made() -> None:
    made = {(rule.name, mutant.what) for rule in RULES for mutant in mutations.mutants(rule)}
    listed = {(name, what) for name, changes in mutations.equivalents().items() for what in changes}
    assert listed <= made, f"out of date: {listed - made}"


def test_a_weak_rule_test_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promtool: Promtool
) -> None:
    """Without the rule tests of an alert, every change of it survives."""
    monkeypatch.setattr(mutations, "RULE_TESTS", tmp_path)
    [rule] = [rule for rule in RULES if rule.name == "ScrapeSlow"]
    with mutations.judge(promtool) as judge:
        [(count, survivors)] = mutations.survivors([rule], judge)
    assert len(survivors) == count > 5


def test_a_rule_test_that_fails_on_the_rules_as_they_are_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promtool: Promtool
) -> None:
    """It would notice every change, whatever it looks at."""
    shutil.copytree(RULE_FILES, tmp_path / "rules")
    wrong = tmp_path / "rule_tests" / "scrape_slow.yml"
    wrong.parent.mkdir()
    text = (RULE_TESTS / wrong.name).read_text(encoding="utf-8")
    wrong.write_text(text.replace("severity: warning", "severity: critical"), encoding="utf-8")
    monkeypatch.setattr(mutations, "RULE_TESTS", wrong.parent)
    [rule] = [rule for rule in RULES if rule.name == "ScrapeSlow"]
    with (
        mutations.judge(promtool) as judge,
        pytest.raises(RuntimeError, match=r"as they are: .*scrape_slow\.yml"),
    ):
        mutations.survivors([rule], judge)

"""The rules keep to the conventions, and the checks of that find what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.monitoring import rulelint
from tests.monitoring.rulefiles import RULES, load, load_all, parse, to_text

NOTES = {
    "summary": "It is bad.",
    "description": 'There are {{ printf "%.0f" $value }}.',
    "value": '{{ printf "%.0f" $value }} of them',
    "runbook_url": "{{ $externalURL }}/user/HighErrorRate.md",
    "dashboard_url": "http://localhost:3000/d/magacin-overview",
}
GOOD: dict[str, object] = {
    "alert": "HighErrorRate",
    "expr": "sum(increase(a_total[5m])) > 1",
    "for": "1m",
    "labels": {"severity": "critical", "service": "x"},
    "annotations": NOTES,
}
BAD = [
    ({"alert": "high_errors"}, "CamelCase"),
    ({"labels": {"severity": "page", "service": "x"}}, "severity is critical, warning or none"),
    ({"labels": {"severity": "none", "service": "x"}}, "belongs to Watchdog"),
    ({"labels": {"severity": "critical"}}, "the label service is missing"),
    ({"labels": {"severity": "critical", "service": ""}}, "the label service is missing"),
    ({"annotations": {"summary": "It is bad."}}, "the annotations are"),
    ({"annotations": NOTES | {"summary": "{{ $labels.job }} is bad."}}, "fixed sentence"),
    ({"annotations": NOTES | {"description": "Bad."}}, "does not name the value"),
    ({"annotations": {k: v for k, v in NOTES.items() if k != "value"}}, "summary, value"),
    ({"annotations": NOTES | {"value": "some"}}, "the annotation value does not have the value"),
    ({"annotations": NOTES | {"value": "There are {{ $value | humanize }}."}}, "no sentence"),
    ({"annotations": NOTES | {"value": "{{ $value }} of them"}}, "15 digits"),
    ({"annotations": NOTES | {"runbook_url": "x"}}, "the runbook_url is not"),
    ({"alert": "NoRunbook"}, "docs/runbooks/NoRunbook.md does not exist"),
    ({"for": None}, "without `for`"),
    ({"for": "15s"}, "shorter than two scrapes"),
    ({"expr": "sum(increase(a_total[5m]))"}, "no comparison"),
    ({"expr": "sum(x) > bool 1"}, "no comparison"),
    ({"expr": "sum(x) > 1 or sum(y)"}, "no comparison: sum(y)"),
    ({"expr": "sum(a_total) > 1"}, "a_total is a counter"),
    ({"expr": "sum(rate(x[5m])) > 1"}, "rate() is for counters"),
    ({"expr": "sum(rate(service:x:rate5m[5m])) > 1"}, "rate() is for counters"),
    ({"expr": "sum(delta(a_total[5m])) > 1"}, "starts again at zero"),
    ({"expr": "sum(max_over_time(a_total[5m])) > 1"}, "starts again at zero"),
    ({"expr": "sum(rate(a_total[30s])) > 1"}, "too few scrapes"),
    ({"expr": "sum(rate(a_total[30d])) > 1"}, "more than is kept"),
    ({"expr": "absent_over_time(x[24s])"}, "a window of 0:00:24 holds too few scrapes"),
    ({"expr": "max_over_time(sum(x)[5m:1m]) > 1"}, "subquery"),
    ({"expr": 'sum(x{a=~"b"}) > 1'}, "is no regular expression"),
    ({"expr": 'sum(x{a=~"^b.*"}) > 1'}, "anchored already"),
    ({"expr": 'sum(x{a=~"b.*$"}) > 1'}, "anchored already"),
    ({"expr": 'sum(x{a=~".+"}) > 1'}, "matches everything"),
    ({"expr": 'sum(x{a=""}) > 1'}, "not there"),
    ({"expr": "topk(3, x) > 1"}, "other series at each evaluation"),
    ({"expr": "sum by (job) (sum by (instance) (x)) > 1"}, "aggregated away"),
    ({"expr": "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m]))) > 1"}, "needs the label le"),
    ({"expr": "sum by (job) (x) / sum by (instance) (y) > 1"}, "never match"),
    ({"expr": "sum by (job) (x) > 1 and sum(y) > 1"}, "never match"),
    ({"annotations": NOTES | {"description": "There are {{ $value }}."}}, "humanize"),
    ({"labels": {"severity": "critical", "service": "{{ $labels.job }}"}}, "no label job"),
    ({"labels": {"severity": "critical", "service": "{{ $labels.x }}"}, "expr": "up == 0"}, "no label x"),
    ({"record": "errors", "expr": "sum(x)"}, "level:metric:operation"),
]


def test_no_rule_has_a_problem() -> None:
    found = rulelint.problems(load_all())
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message for _, message in BAD])
def test_a_problem_is_told_with_file_and_line(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    rule = {key: value for key, value in (GOOD | change).items() if value is not None}
    if "record" in rule:
        rule = {"record": rule["record"], "expr": rule["expr"]}
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))

    found = rulelint.problems(load(file))

    assert any(message in problem for problem in found), found
    assert all(problem.startswith(f"{file}:4: ") for problem in found), found


def test_a_rule_without_problems_has_none(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [GOOD]}]}))
    assert rulelint.problems(load(file)) == []


def test_the_same_rule_twice_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [GOOD, GOOD]}]}))
    [found] = rulelint.problems(load(file))
    assert "already" in found


@pytest.mark.parametrize("rule", load_all(), ids=lambda rule: f"{rule.file.stem}-{rule.line}")
def test_an_expression_survives_being_taken_apart_and_put_together(rule: object) -> None:
    """What the mutations change is what Prometheus reads."""
    expression = rule.expr  # type: ignore[attr-defined]  # pytest passes it on as an object

    def bare(text: str) -> str:
        return to_text(parse(text)).replace("(", "").replace(")", "").replace(" ", "")

    assert bare(to_text(parse(expression))) == bare(expression)


LIMITS = {
    "site:utc_offset_hours:setting": (-12, 14),
    "site:summer_time_observed:setting": (0, 1),
    "site:shifts_of_desk_hold:setting": (0, 1),
    "site:shift_start_hour:setting": (0, 24),
    "site:shift_length_hours:setting": (0.5, 24),
    "site:shift_first_weekday:setting": (0, 6),
    "site:shift_weekdays:setting": (1, 7),
    "site:import_max_hours:setting": (0.5, 1000),
    "site:drill_answer_days:setting": (0.05, 30),
    "site:backup_max_hours:setting": (0.5, 1000),
}


class TestSettings:
    """An operator edits settings.yml: whatever stands there has to make sense."""

    def test_each_is_there_and_within_its_limits(self) -> None:
        settings = {rule.name: rule for rule in load(RULES / "settings.yml")}
        assert set(settings) == set(LIMITS)
        for name, (least, most) in LIMITS.items():
            rule = settings[name]
            vector = rule.ast
            assert vector.func.name == "vector", f"{rule.place}: a setting is vector(NUMBER)"  # type: ignore[attr-defined]  # the parser's types know no functions here
            text = rule.expr.removeprefix("vector(").removesuffix(")")
            assert least <= float(text) <= most, f"{rule.place}: {text} is not from {least} to {most}"

    def test_rules_use_all_of_them(self) -> None:
        expressions = " ".join(rule.expr for rule in load_all())
        assert all(name in expressions for name in LIMITS)

"""Rendering at another speed changes durations and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from magacin.drills import faults, speed
from magacin.stack import install, render
from tests.monitoring.rulefiles import Rule, load_all

SPEED = 20
FILES = {
    str(path): (render.MONITORING / path).read_text() for path in render.monitoring_files(render.MONITORING)
}
CONSTANTS = {**speed.RECORDED, **faults.seconds()}
RENDERED = speed.monitoring(FILES, SPEED, CONSTANTS)
RULES = {(rule.name, rule.expr_line): rule for rule in load_all()}


def rendered_rules() -> list[tuple[Rule, dict[str, Any]]]:
    """Return each rule with what it was rendered to."""
    found = []
    for name, text in RENDERED.items():
        if not name.startswith("rules/"):
            continue
        after = [r for group in yaml.safe_load(text)["groups"] for r in group["rules"]]
        before = [rule for rule in RULES.values() if rule.file.name == Path(name).name]
        found += list(zip(sorted(before, key=lambda rule: rule.line), after, strict=True))
    return found


def shape(expression: str) -> str:
    """Return an expression as it is parsed, with every duration and every number replaced by a mark."""
    text = " ".join(promql.parse(expression).prettify().split())
    text = re.sub(r"\[[^\]]*\]", "[T]", text)
    text = re.sub(r"offset -?\w+", "offset T", text).replace("( ", "(").replace(" )", ")")
    return re.sub(r"(?<![\w:.\"])\d+(\.\d+)?(e-?\d+)?(?![\w:\"])", "N", text)


def numbers(expression: str) -> list[float]:
    """Return the numbers of an expression in order, without those in strings, names and durations."""
    bare = re.sub(r'"(?:\\.|[^"\\])*"|\[[^\]]*\]|offset \w+', " ", expression)
    return [float(n) for n in re.findall(r"(?<![\w:.])\d+(?:\.\d+)?(?![\w:])", bare)]


def durations(expression: str) -> list[float]:
    found = re.findall(r"\[([^\]]*)\]|offset (\w+)", expression)
    return [
        speed.seconds(part) for match in found for part in re.findall(r"[\dmshdwy]+", match[0] or match[1])
    ]


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "after"), rendered_rules(), ids=lambda value: getattr(value, "name", "")
    )
    def test_expression_is_the_same_but_for_its_durations(self, rule: Rule, after: dict[str, Any]) -> None:
        assert shape(after["expr"]) == shape(rule.expr)
        assert durations(after["expr"]) == pytest.approx([d / SPEED for d in durations(rule.expr)])

    @pytest.mark.parametrize(
        ("rule", "after"), rendered_rules(), ids=lambda value: getattr(value, "name", "")
    )
    def test_only_the_declared_numbers_change(self, rule: Rule, after: dict[str, Any]) -> None:
        constants = {float(n) for n in CONSTANTS.get(rule.name, ())}
        expected = [n / SPEED if n in constants else n for n in numbers(rule.expr)]
        assert numbers(after["expr"]) == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("rule", "after"), rendered_rules(), ids=lambda value: getattr(value, "name", "")
    )
    def test_everything_else_is_untouched(self, rule: Rule, after: dict[str, Any]) -> None:
        assert after.get("labels", {}) == rule.labels
        assert after.get("annotations", {}) == rule.annotations
        if rule.duration is not None:
            assert speed.seconds(after["for"]) == pytest.approx(speed.seconds(rule.duration) / SPEED)
        if rule.keeps is not None:
            assert speed.seconds(after["keep_firing_for"]) == pytest.approx(speed.seconds(rule.keeps) / SPEED)

    @pytest.mark.parametrize("name", CONSTANTS)
    def test_declared_numbers_are_there(self, name: str) -> None:
        texts = [rule.expr for rule in RULES.values() if rule.name == name]
        # Where the drill sets a limit of its own, the number is in its signal alone.
        texts += [p.signal for kind in faults.drills().values() for p in kind.proves if p.alert == name]
        found = {n for text in texts for n in numbers(text)}
        assert {float(n) for n in CONSTANTS[name]} <= found


def without_durations(node: Any, divided_by: float) -> Any:
    """Return a configuration with the seconds of its durations in their place."""
    if isinstance(node, dict):
        return {
            key: round(speed.seconds(value) / divided_by, 6)
            if key in speed.SETTINGS and isinstance(value, str)
            else without_durations(value, divided_by)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [without_durations(item, divided_by) for item in node]
    return node


class TestConfiguration:
    @pytest.mark.parametrize("name", ["prometheus.yml", "alertmanager.yml"])
    def test_is_the_same_but_for_its_durations(self, name: str) -> None:
        before, after = yaml.safe_load(FILES[name]), yaml.safe_load(RENDERED[name])
        assert without_durations(before, SPEED) == without_durations(after, 1)

    @pytest.mark.parametrize("name", FILES)
    def test_every_line_keeps_its_number_and_comment(self, name: str) -> None:
        before, after = FILES[name].splitlines(), RENDERED[name].splitlines()
        assert len(after) == len(before)
        for old, new in zip(before, after, strict=True):
            assert old == new or not old.lstrip().startswith("#")

    @pytest.mark.parametrize("name", FILES)
    def test_real_speed_changes_nothing(self, name: str) -> None:
        assert speed.monitoring(FILES, 1, CONSTANTS)[name] == FILES[name]

    @pytest.mark.parametrize("divisor", [2, 15, 20, 30])
    def test_prometheus_and_alertmanager_accept_it(self, tmp_path: Path, divisor: int) -> None:
        # promtool looks whether files of tokens are there.
        (tmp_path / "scrape_token").write_text("x")
        for name, text in speed.monitoring(FILES, divisor, CONSTANTS).items():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("/run/secrets", str(tmp_path)))
        for program, *arguments in (
            ("promtool", "check", "config", "prometheus.yml"),
            ("amtool", "check-config", "alertmanager.yml"),
        ):
            command = [str(install.locate(program)), *arguments]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr


class TestExpression:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("rate(x[5m])", "rate(x[15s])"),
            ("x offset 30m", "x offset 90s"),
            ("x offset -30m", "x offset -90s"),
            ("max_over_time(x[1h:5m])", "max_over_time(x[180s:15s])"),
            ('x{a="[5m]", b=~"1h|2d"} > 5', 'x{a="[5m]", b=~"1h|2d"} > 5'),
            ("slo:errors:rate5m / service:http:p95_5m", "slo:errors:rate5m / service:http:p95_5m"),
            ("x[1h30m]", "x[270s]"),
            ("x[1s]", "x[50ms]"),
            ("x > 60 # after 5m", "x > 60 # after 5m"),
            ("60 * x1h", "60 * x1h"),
        ],
    )
    def test_divides_durations_only(self, before: str, after: str) -> None:
        assert speed.expression(before, SPEED) == after

    def test_divides_a_number_that_is_said_to_be_a_duration(self) -> None:
        assert speed.expression("x * 300 > 2.5", SPEED, frozenset({"300"})) == "x * 15 > 2.5"

    def test_no_duration_becomes_nothing(self) -> None:
        assert speed.divided("1ms", 1000) == "1ms"
        assert speed.divided("0s", 1000) == "0s"

    def test_refuses_what_is_none(self) -> None:
        with pytest.raises(ValueError, match="not a duration"):
            speed.seconds("soon")

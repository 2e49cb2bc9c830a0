"""Changes each rule a little and demands that some rule test notices.

A rule test that passes whatever the rule says is worth nothing. Here every threshold, comparison, matcher,
aggregation, window, branch, duration and label is changed, one at a time, and the rule tests that concern the
rule are run on the changed file. A change that none of them notices is a survivor, and fails the run, unless
`equivalent_mutants.yml` says why it cannot be told from the original.

    python -m tests.monitoring.mutations [RULE …]     all rules, or some by name
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from magacin.stack import install
from tests.monitoring import rulefiles
from tests.monitoring.rulefiles import RULE_TESTS, Rule, duration_text, shape, to_text

EQUIVALENTS = Path(__file__).with_name("equivalent_mutants.yml")

COMPARISONS = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<"),
    "<=": ("<", ">"),
    "==": ("!=",),
    "!=": ("==",),
}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/"}
AGGREGATIONS = {"sum": ("max", "min"), "max": ("min", "sum"), "min": ("max", "sum"), "avg": ("max", "min")}
FUNCTIONS = {
    # Neither knows that a counter may start again.
    "increase": "delta",
    "rate": "deriv",
    "changes": "resets",
    "sum_over_time": "max_over_time",
    "clamp_max": "clamp_min",
    "absent": "present_over_time",
    "absent_over_time": "present_over_time",
}
NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
SET_OPERATORS = ("and", "or", "unless")
# Functions that have a result although their argument has none.
FROM_NOTHING = ("absent", "absent_over_time", "scalar", "vector")
# What a rule test looks at, and when.
CASES = ("alert_rule_test", "promql_expr_test")


@dataclass(frozen=True)
class Mutant:
    """A rule with one thing changed; `what` says which, in words that stay the same from run to run."""

    rule: Rule
    what: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.rule.place}: {self.what}"

    def apply(self, content: Any) -> Any:
        """Return the content of the rule's file with the change."""
        content = copy.deepcopy(content)
        raw = next(raw for group, raw in _raw_rules(content) if _is(self.rule, group, raw))
        if self.key.startswith("labels."):
            raw["labels"][self.key.removeprefix("labels.")] = self.value
        else:
            raw[self.key] = self.value
        return content


def _is(rule: Rule, group: str, raw: Mapping[str, Any]) -> bool:
    same_place = group == rule.group and _name(raw) == rule.name
    return same_place and raw["expr"] == rule.expr and raw.get("labels", {}) == rule.labels


def _raw_rules(content: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(group["name"], raw) for group in content["groups"] for raw in group["rules"]]


def _name(raw: Mapping[str, Any]) -> str:
    return str(raw.get("alert") or raw["record"])


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Yield every change of a rule."""
    for what, text in of_expression(rule.ast):
        yield Mutant(rule, what, "expr", text)
    for key, duration in (("for", rule.duration), ("keep_firing_for", rule.keeps)):
        if duration:
            yield from _of_duration(rule, key, duration)
    if rule.is_alert:
        for label in ("severity", "service"):
            yield Mutant(rule, f"label {label} → other", f"labels.{label}", "other")


def _of_duration(rule: Rule, key: str, text: str) -> Iterator[Mutant]:
    duration: timedelta = promql.parse_duration(text)
    # Tests of long durations step by a minute.
    step = timedelta(seconds=15 if duration < timedelta(minutes=15) else 60)
    for changed in (duration - step, duration + step):
        other = duration_text(changed)
        yield Mutant(rule, f"{key}: {text} → {other}", key, other)


def of_expression(node: promql.Expr) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, the whole expression) for each change of a node and of all below it."""
    yield from _of_node(node)
    children, build = shape(node)
    texts = [to_text(child) for child in children]
    for position, child in enumerate(children):
        for what, text in of_expression(child):
            yield what, build([*texts[:position], text, *texts[position + 1 :]])


def _of_node(node: promql.Expr) -> Iterator[tuple[str, str]]:
    match node:
        case promql.NumberLiteral():
            for value in _near(node.val):
                yield f"{node.val:g} → {value:g}", repr(value)
        case promql.VectorSelector():
            yield from _of_selector(node, "")
        case promql.MatrixSelector():
            yield from _of_window(node)
        case promql.AggregateExpr():
            yield from _of_aggregation(node)
        case promql.Call() if other := FUNCTIONS.get(node.func.name):
            yield from _of_call(node, other)
        case promql.BinaryExpr():
            yield from _of_binary(node)


def _near(number: float) -> tuple[float, float]:
    if number.is_integer() and abs(number) < 20:
        return number - 1, number + 1
    return round(number * 0.9, 9), round(number * 1.1, 9)


def _of_selector(node: promql.VectorSelector, window: str) -> Iterator[tuple[str, str]]:
    wanted = rulefiles.matchers(node)
    tail = window + rulefiles.offset_text(node)
    if node.offset:
        name = rulefiles.selector_text(node.name, wanted)
        yield f"{name}: offset dropped", name + window
    for position, (label, operator, value) in enumerate(wanted):
        others = [*wanted[:position], *wanted[position + 1 :]]
        shown = f"{node.name}{{{label}{operator}{value}}}"
        yield f"{shown}: dropped", rulefiles.selector_text(node.name, others) + tail
        negated = (label, NEGATED[operator], value)
        yield f"{shown}: negated", rulefiles.selector_text(node.name, [*others, negated]) + tail


def _of_window(node: promql.MatrixSelector) -> Iterator[tuple[str, str]]:
    inner = node.vector_selector
    name = rulefiles.selector_text(inner.name, rulefiles.matchers(inner))
    window = duration_text(node.range)
    for changed in (node.range / 2, node.range * 2):
        text = duration_text(changed)
        yield f"{name}[{window}] → [{text}]", f"{name}[{text}]{rulefiles.offset_text(inner)}"
    yield from _of_selector(inner, f"[{window}]")


def _of_aggregation(node: promql.AggregateExpr) -> Iterator[tuple[str, str]]:
    inside = to_text(node.expr)
    for other in AGGREGATIONS[str(node.op)]:
        yield f"{node.op}(…) → {other}(…)", f"{other} {node.modifier or ''} ({inside})"
    if node.modifier is None:
        yield f"{node.op}(…): removed", f"({inside})"
        return
    kind = str(node.modifier.type).rpartition(".")[2].lower()
    for label in node.modifier.labels:
        rest = ", ".join(other for other in node.modifier.labels if other != label)
        yield f"{kind} (… {label} …): label dropped", f"{node.op} {kind} ({rest}) ({inside})"


def _of_call(node: promql.Call, other: str) -> Iterator[tuple[str, str]]:
    arguments = [to_text(argument) for argument in node.args]
    if node.func.name == "absent":
        # Which of these is there, at one moment, has no function.
        yield "absent(…): turned round", f"0 * ({arguments[0]}) + 1"
    else:
        yield f"{node.func.name}(…) → {other}(…)", f"{other}({', '.join(arguments)})"


def _of_binary(node: promql.BinaryExpr) -> Iterator[tuple[str, str]]:
    left, right, operator = to_text(node.lhs), to_text(node.rhs), str(node.op)
    modifier = str(node.modifier or "")
    if operator in SET_OPERATORS:
        yield f"… {operator} …: right side removed", f"({left})"
        if operator == "or":
            yield "… or …: left side removed", f"({right})"
        else:
            other = "unless" if operator == "and" else "and"
            yield f"… {operator} … → {other}", f"({left}) {other} {modifier} ({right})"
        return
    for other in COMPARISONS.get(operator, ()) or [ARITHMETIC[operator]]:
        yield f"{_short(left)} {operator} {_short(right)}: {other}", f"({left}) {other} {modifier} ({right})"


def _short(text: str) -> str:
    """Return a text that fits into a line and still differs where the whole does, mostly."""
    text = text.replace(" ", "")
    return text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"


class RuleTest:
    """One test of a file of rule tests, and those of the rules that it can notice, and no others."""

    def __init__(self, file: Path, content: Mapping[str, Any], test: Mapping[str, Any]) -> None:
        self.file = file
        self._rules = _needed(test, {name: _load(file.parent / name) for name in content["rule_files"]})
        self._texts = {name: _for_promtool(rules) for name, rules in self._rules.items()}
        self._text = json.dumps({**content, "rule_files": list(self._rules), "tests": [test]})
        steps = max(map(_seconds, _times(test))) / _seconds(content["evaluation_interval"])
        # What promtool has to compute, at the least: for as many rules, as often.
        self.cost = (1 + steps) * sum(len(_raw_rules(rules)) for rules in self._rules.values())

    def concerns(self, rule: Rule) -> bool:
        """Tell whether what the test looks at depends on a rule."""
        rules = self._rules.get(rule.file.name)
        return rules is not None and any(_is(rule, group, raw) for group, raw in _raw_rules(rules))

    def write(self, folder: Path, mutant: Mutant | None) -> Path:
        """Write the test and its rules, on a changed rule if there is one; return the test's file."""
        folder.mkdir()
        texts = dict(self._texts)
        if mutant is not None:
            name = mutant.rule.file.name
            texts[name] = _for_promtool(mutant.apply(self._rules[name]))
        for name, text in texts.items():
            (folder / name).write_text(text)
        file = folder / "test.yml"
        file.write_text(self._text)
        return file


@functools.cache
def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _load_tests(path: Path) -> Any:
    """Return a file of tests with values as they are written: `0x10` is no number there but many zeros."""
    # It makes strings and nothing else.
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    for test in content["tests"]:
        for case in test.get("promql_expr_test", []):
            # The one thing that promtool wants to be a number.
            case["exp_samples"] = [{**s, "value": float(s["value"])} for s in case["exp_samples"]]
    return content


def _for_promtool(rules: Any) -> str:
    # JSON is YAML, and a hundred times faster to write.
    return rulefiles.for_promtool(json.dumps(rules))


def _seconds(duration: str) -> float:
    # The parser knows no zero, which is when a test may look first.
    if duration.strip("smhdw") == "0":
        return 0
    delta: timedelta = promql.parse_duration(duration)
    return delta.total_seconds()


def _times(test: Mapping[str, Any]) -> list[str]:
    return [case["eval_time"] for kind in CASES for case in test.get(kind, [])]


def _needed(test: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """Return the files' names and contents, with those rules only that a test can notice."""
    raws = [raw for content in files.values() for _, raw in _raw_rules(content)]
    asked = _reached(_asked_for(test), raws)
    filled = _filled({series["series"].partition("{")[0] for series in test.get("input_series", [])}, raws)

    def trimmed(group: Mapping[str, Any]) -> dict[str, Any]:
        return {**group, "rules": [r for r in group["rules"] if _name(r) in asked and _yields(r, filled)]}

    return {
        Path(name).name: {"groups": [trimmed(group) for group in content["groups"]]}
        for name, content in files.items()
    }


def _asked_for(test: Mapping[str, Any]) -> set[str]:
    """Return the names of the alerts and series that a test looks at."""
    names = {case["alertname"] for case in test.get("alert_rule_test", [])}
    return names.union(*(_selected(case["expr"]) for case in test.get("promql_expr_test", [])))


@functools.cache
def _selected(expression: str) -> frozenset[str]:
    return frozenset(rulefiles.metric(s) for s in rulefiles.selectors(rulefiles.parse(expression)))


def _reached(names: set[str], raws: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the names of rules that these are computed from, and the names themselves."""
    found = names.union(*(_selected(raw["expr"]) for raw in raws if _name(raw) in names))
    return found if found == names else _reached(found, raws)


def _filled(names: set[str], raws: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the names of series that there can be, if there are those given."""
    found = names | {_name(raw) for raw in raws if _yields(raw, names)}
    return found if found == names else _filled(found, raws)


def _yields(raw: Mapping[str, Any], filled: set[str]) -> bool:
    """Tell whether a rule, changed or not, can have a result where nothing but these series is filled."""
    return not filled.isdisjoint(_selected(raw["expr"])) or _makes_something_of_nothing(raw["expr"])


@functools.cache
def _makes_something_of_nothing(expression: str) -> bool:
    parts = list(rulefiles.walk(rulefiles.parse(expression)))
    calls = [part for part in parts if isinstance(part, promql.Call)]
    return not _selected(expression) or any(not c.args or c.func.name in FROM_NOTHING for c in calls)


class Judge:
    """Runs rule tests on changed rules, in a folder of its own. One is enough: it keeps what it has read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [(path, _load_tests(path)) for path in sorted(RULE_TESTS.glob("*.yml"))]
        tests = [RuleTest(path, content, test) for path, content in files for test in content["tests"]]
        self._tests = sorted(tests, key=lambda test: test.cost)
        self._sound: set[RuleTest] = set()

    def unnoticed(self, rule: Rule, tried: Sequence[Mutant]) -> list[Mutant]:
        """Return the changes of a rule that no rule test fails on. The cheap ones are asked first.

        Raises RuntimeError when a test fails on the rules as they are: it would notice every change.
        """
        concerned = [test for test in self._tests if test.concerns(rule)]
        self._demand_that_they_pass([test for test in concerned if test not in self._sound])
        left = list(tried)
        for test in concerned:
            passed = self._pass([(test, mutant) for mutant in left])
            left = [mutant for mutant, unnoticed in zip(left, passed, strict=True) if unnoticed]
        return left

    def _demand_that_they_pass(self, tests: Sequence[RuleTest]) -> None:
        for test, passed in zip(tests, self._pass([(test, None) for test in tests]), strict=True):
            if not passed:
                raise RuntimeError(f"fails on the rules as they are: promtool test rules {test.file}")
            self._sound.add(test)

    def _pass(self, pairs: Sequence[tuple[RuleTest, Mutant | None]]) -> list[bool]:
        """Tell of each test whether it passes on its changed rule, or on the rules as they are."""
        if not pairs:
            return []
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folder = Path(name)
            files = [test.write(folder / str(n), mutant) for n, (test, mutant) in enumerate(pairs)]
            done = subprocess.run(
                [install.locate("promtool"), "test", "rules", *files],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=False,
                env=rulefiles.quick(folder),
            )
        said = re.findall(r"^Unit Testing:  (.+)\n(  SUCCESS$)?", done.stdout, re.MULTILINE)
        if [file for file, _ in said] != list(map(str, files)):
            raise RuntimeError(f"promtool has not run all tests: {done.stdout}")
        return [bool(success) for _, success in said]


def changeable() -> list[Rule]:
    """Return the rules to be changed: all but the settings, which are the operator's to change."""
    return [rule for rule in rulefiles.load_all() if rule.file.name != "settings.yml"]


def equivalents() -> dict[str, dict[str, str]]:
    """Return rule → change → why no test can notice it."""
    return dict(yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8")) or {})


@contextlib.contextmanager
def judge() -> Iterator[Judge]:
    """Make a judge whose folder is in memory, where there is such a folder, and goes with it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Judge(Path(folder))


def survivors(rule: Rule, judge: Judge) -> tuple[int, list[Mutant]]:
    """Return how many changes were tried, and those that no test noticed. The justified ones are left out."""
    known = equivalents().get(rule.name, {})
    tried = [mutant for mutant in mutants(rule) if mutant.what not in known]
    return len(tried), judge.unnoticed(rule, tried)


def main(names: Sequence[str]) -> int:
    """Try all changes of some rules, or of all; print the survivors."""
    rules = [rule for rule in changeable() if not names or rule.name in names]
    count, found = 0, 0
    with judge() as shared:
        for rule in rules:
            tried, survived = survivors(rule, shared)
            count, found = count + tried, found + len(survived)
            for mutant in survived:
                print(f"survived: {mutant}")
    print(f"{count} changes of {len(rules)} rules, {found} survived")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Changes each rule a little and demands that some rule test notices.

A rule test that passes whatever the rule says is worth nothing. Here every threshold, comparison, matcher,
aggregation, window, branch, duration and label is changed, one at a time, and the rule tests that concern the
rule are run on the changed file. A change that none of them notices is a survivor, and fails the run, unless
`equivalent_mutants.yml` says why it cannot be told from the original.

    python -m tests.monitoring.mutations [RULE …]     all rules, or some by name
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
}
NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
SET_OPERATORS = ("and", "or", "unless")


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
        raw = next(raw for group, raw in _raw_rules(content) if group == self.rule.group and self._is(raw))
        if self.key.startswith("labels."):
            raw["labels"][self.key.removeprefix("labels.")] = self.value
        else:
            raw[self.key] = self.value
        return content

    def _is(self, raw: Mapping[str, Any]) -> bool:
        rule = self.rule
        same_labels = raw.get("labels", {}) == rule.labels
        return _name(raw) == rule.name and raw["expr"] == rule.expr and same_labels


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
    if other == "present_over_time":
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
    """A file of rule tests, in a folder with those of the rules that it can notice, and with no others."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path = path
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        sources = [path.parent / name for name in content["rule_files"]]
        files = {source.name: yaml.safe_load(source.read_text(encoding="utf-8")) for source in sources}
        self._names = _reached(_asked_for(content), [raw for c in files.values() for _, raw in _raw_rules(c)])
        self._trimmed = {name: self._trim(content) for name, content in files.items()}
        self._rules = folder / "rules"
        self._rules.mkdir(parents=True)
        self._copy = folder / "rule_tests" / path.name
        self._copy.parent.mkdir()
        shutil.copy(path, self._copy)
        for name in files:
            self._write(name, self._trimmed[name])

    def concerns(self, rule: Rule) -> bool:
        """Tell whether what the tests look at depends on a rule."""
        return rule.name in self._names and rule.file.name in self._trimmed

    def fails(self, mutant: Mutant | None = None) -> bool:
        """Run the tests, on a changed rule if there is one; tell whether one fails."""
        if mutant is None:
            return self._run()
        name = mutant.rule.file.name
        self._write(name, mutant.apply(self._trimmed[name]))
        try:
            return self._run()
        finally:
            self._write(name, self._trimmed[name])

    def _trim(self, content: Any) -> Any:
        for group in content["groups"]:
            group["rules"] = [raw for raw in group["rules"] if _name(raw) in self._names]
        return content

    def _write(self, name: str, content: Any) -> None:
        (self._rules / name).write_text(rulefiles.for_promtool(yaml.safe_dump(content)), encoding="utf-8")

    def _run(self) -> bool:
        done = subprocess.run(
            [install.locate("promtool"), "test", "rules", self._copy],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            # promtool makes a database for each test; in memory that is ten times faster.
            env={**os.environ, "TMPDIR": str(self._copy.parent), "GOGC": "400", "GOMAXPROCS": "1"},
        )
        return done.returncode != 0


def _asked_for(content: Any) -> set[str]:
    """Return the names of the alerts and series that the tests of a file look at."""
    names = set()
    for test in content["tests"]:
        names |= {case["alertname"] for case in test.get("alert_rule_test", [])}
        for case in test.get("promql_expr_test", []):
            names |= {rulefiles.metric(s) for s in rulefiles.selectors(rulefiles.parse(case["expr"]))}
    return names


def _reached(names: set[str], raws: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the names of rules that these are computed from, and the names themselves."""
    found = set(names)
    for raw in raws:
        if _name(raw) in names:
            found |= {rulefiles.metric(s) for s in rulefiles.selectors(rulefiles.parse(raw["expr"]))}
    return found if found == names else _reached(found, raws)


class Judge:
    """Runs rule tests on changed rules. One for each thread: it has a folder, and changes files in it."""

    def __init__(self, folder: Path) -> None:
        self._tests = [RuleTest(path, folder / path.stem) for path in sorted(RULE_TESTS.glob("*.yml"))]
        self._seconds: dict[RuleTest, float] = {}

    def notices(self, mutant: Mutant) -> bool:
        """Tell whether some rule test fails on the changed rule; the quick ones are asked first.

        Raises RuntimeError when a test fails on the rules as they are: it would notice every change.
        """
        concerned = [test for test in self._tests if test.concerns(mutant.rule)]
        for test in concerned:
            self._time(test)
        return any(test.fails(mutant) for test in sorted(concerned, key=self._seconds.__getitem__))

    def _time(self, test: RuleTest) -> None:
        if test not in self._seconds:
            started = time.perf_counter()
            if test.fails():
                raise RuntimeError(f"fails on the rules as they are: promtool test rules {test.path}")
            self._seconds[test] = time.perf_counter() - started


def changeable() -> list[Rule]:
    """Return the rules to be changed: all but the settings, which are the operator's to change."""
    return [rule for rule in rulefiles.load_all() if rule.file.name != "settings.yml"]


def equivalents() -> dict[str, dict[str, str]]:
    """Return rule → change → why no test can notice it."""
    return dict(yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8")) or {})


def survivors(rules: Sequence[Rule], workers: int = 1) -> tuple[int, list[Mutant]]:
    """Return how many changes were tried, and those that no test noticed. The justified ones are left out."""
    known = equivalents()
    tried = [m for rule in rules for m in mutants(rule) if m.what not in known.get(rule.name, {})]
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        judges = [Judge(Path(folder) / str(number)) for number in range(workers)]

        def run(number: int) -> list[Mutant]:
            return [m for m in tried[number::workers] if not judges[number].notices(m)]

        with ThreadPoolExecutor(workers) as pool:
            found = [mutant for part in pool.map(run, range(workers)) for mutant in part]
    return len(tried), sorted(found, key=str)


def main(names: Sequence[str]) -> int:
    """Try all changes of some rules, or of all; print the survivors."""
    rules = [rule for rule in changeable() if not names or rule.name in names]
    count, found = survivors(rules, workers=os.cpu_count() or 1)
    for mutant in found:
        print(f"survived: {mutant}")
    print(f"{count} changes of {len(rules)} rules, {len(found)} survived")
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

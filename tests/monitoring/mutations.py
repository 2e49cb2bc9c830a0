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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from tests.monitoring import promtools, rulefiles
from tests.monitoring.promtools import Promtool
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
# Where a rule or a part of a test names rules.
NAMING = ("alert", "record", "expr", "alertname", "series")
ALL_ALERTS = re.compile(r"\bALERTS\b(?!\{)")
# Between a rule's name and the number of its copy.
COPY = "__copy"
# What promtool says of a failure begins with one of these and names the copy; `rule`: it cannot be computed.
FAILED = re.compile(rf"^ +(?:alertname|expr|rule): .*?{COPY}(\d+)", re.MULTILINE)
ENDED = re.compile(r"^ +rule: ", re.MULTILINE)
PASSED = re.compile(r"^ +SUCCESS$", re.MULTILINE)
# With it begins what promtool says of a file.
OF_A_FILE = re.compile(r"^Unit Testing: .*$", re.MULTILINE)


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
        self._content = content
        self._rules = _needed(test, {name: _load(file.parent / name) for name in content["rule_files"]})
        self._head = {**content, "rule_files": list(self._rules)}
        self._test = test
        self.asks_for = _asked_for(test)
        steps = max(map(_seconds, _times(test))) / _seconds(content["evaluation_interval"])
        # What promtool has to compute, at the least: for as many rules, as often.
        self.cost = (1 + steps) * sum(len(_raw_rules(rules)) for rules in self._rules.values())

    def concerns(self, rule: Rule) -> bool:
        """Tell whether what the test looks at depends on a rule."""
        rules = self._rules.get(rule.file.name)
        return rules is not None and any(_is(rule, group, raw) for group, raw in _raw_rules(rules))

    def about(self, rule: Rule) -> RuleTest:
        """Return the test without the cases in which nothing depends on a rule that it concerns."""
        of_it = _computed_from(rule.name, self._raws) | {"ALERTS"}
        test = dict(self._test)
        for kind in CASES:
            test[kind] = [case for case in test.get(kind, []) if of_it & _asked_for({kind: [case]})]
        return RuleTest(self.file, self._content, test)

    @property
    def _raws(self) -> list[dict[str, Any]]:
        return [raw for rules in self._rules.values() for _, raw in _raw_rules(rules)]

    def write(
        self, folder: Path, rule: Rule, changed: Mapping[int, Mutant | None], promtool: Promtool
    ) -> Path:
        """Write the test so that it judges many changes of a rule at once; return its file.

        For each number there is a copy, under names of its own, of the rule with that change (as it is, for
        None), of the rules computed from it, and of what the test expects of them.
        """
        alternatives = "|".join(sorted(_computed_from(rule.name, self._raws)))
        names = re.compile(rf"(?<![\w:])(?:{alternatives})(?![\w:])")
        # Where a test looks at all alerts, each copy is to see its own.
        alerts = f'ALERTS{{alertname=~"{alternatives}"}}'
        for name, rules in self._rules.items():
            versions = {
                number: mutant.apply(rules) if mutant and name == rule.file.name else rules
                for number, mutant in changed.items()
            }
            # JSON is YAML, and a hundred times faster to write.
            content = json.dumps(_together(rules, versions, names))
            (folder / name).write_text(promtool.adapted(content))
        test = dict(self._test)
        for kind in CASES:
            cases = [
                {**case, "expr": ALL_ALERTS.sub(alerts, case["expr"])} if "expr" in case else case
                for case in test.get(kind, [])
            ]
            test[kind] = _of_each(cases, changed, names)
        # A test may fill the series itself that a rule would write.
        series = self._test.get("input_series", [])
        test["input_series"] = [*series, *_of_each(series, changed, names)]
        file = folder / "test.yml"
        file.write_text(json.dumps({**self._head, "tests": [test]}))
        return file


def _computed_from(name: str, raws: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the name of a rule, and those of all rules computed from it."""
    found, names = set[str](), {name}
    while found != names:
        found = names
        names = found | {_name(raw) for raw in raws if not found.isdisjoint(_selected(raw["expr"]))}
    return found


def _renamed(part: Mapping[str, Any], number: int, names: re.Pattern[str]) -> dict[str, Any]:
    """Return a rule, or a part of a test, with the names of a copy."""

    def renamed(text: str) -> str:
        return names.sub(rf"\g<0>{COPY}{number}", text)

    new = {**part, **{key: renamed(part[key]) for key in NAMING if key in part}}
    if "exp_samples" in part:
        new["exp_samples"] = [{**s, "labels": renamed(s["labels"])} for s in part["exp_samples"]]
    return new


def _of_each(parts: Sequence[Any], numbers: Iterable[int], names: re.Pattern[str]) -> list[Any]:
    """Return those parts of a test that use the names, once for each copy."""
    return [new for part in parts for n in numbers if (new := _renamed(part, n, names)) != part]


def _together(rules: Any, versions: Mapping[int, Any], names: re.Pattern[str]) -> Any:
    """Return a file's content with the rules of these names in each version, and all others once."""

    def of_group(position: int) -> Iterator[Any]:
        for place, raw in enumerate(rules["groups"][position]["rules"]):
            if not names.fullmatch(_name(raw)):
                yield raw
                continue
            for number, version in versions.items():
                yield _renamed(version["groups"][position]["rules"][place], number, names)

    return {"groups": [{**g, "rules": list(of_group(n))} for n, g in enumerate(rules["groups"])]}


@functools.cache
def _load(path: Path) -> Any:
    return rulefiles.load_yaml(path.read_text(encoding="utf-8"))


def _load_tests(path: Path) -> Any:
    """Return a file of tests with values as they are written: `0x10` is no number there but many zeros."""
    # It makes strings and nothing else.
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.CBaseLoader)
    for test in content["tests"]:
        for case in test.get("promql_expr_test", []):
            # The one thing that promtool wants to be a number.
            case["exp_samples"] = [{**s, "value": float(s["value"])} for s in case["exp_samples"]]
    return content


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


class Trial:
    """What is tried of a rule: the changes that nothing has noticed yet, and the tests still to be asked."""

    def __init__(self, rule: Rule, tried: Sequence[Mutant], tests: Iterable[RuleTest]) -> None:
        self._rule = rule
        self.left = dict(enumerate(tried, start=1))
        about = [test.about(rule) for test in tests if test.concerns(rule)]
        # Those that look at the rule itself are asked first, and of these the cheap ones.
        self._tests = sorted(about, key=lambda test: (rule.name not in test.asks_for, test.cost))

    @property
    def is_open(self) -> bool:
        """Tell whether there is something left to try, and a test to ask."""
        return bool(self.left and self._tests)

    def write(self, folder: Path, promtool: Promtool) -> Path:
        """Write the next test for all changes that are left, and for the rule as it is; return its file."""
        return self._tests[0].write(folder, self._rule, {0: None, **self.left}, promtool)

    def hear(self, said: str) -> None:
        """Take out what the test has noticed, by what promtool says of it.

        Raises RuntimeError when the test fails on the rule as it is: it would notice every change.
        """
        if PASSED.search(said):
            del self._tests[0]
            return
        failed = {int(number) for number in FAILED.findall(said)}
        if not failed:
            raise RuntimeError(f"promtool has not run the test: {said}")
        if 0 in failed:
            raise RuntimeError(f"fails on the rules as they are: promtool test rules {self._tests[0].file}")
        self.left = {number: mutant for number, mutant in self.left.items() if number not in failed}
        # It ends at the first rule that has no result, and has not looked at the others by then.
        if not ENDED.search(said):
            del self._tests[0]


class Judge:
    """Runs rule tests on changed rules, in a folder of its own. One is enough: it keeps what it has read."""

    def __init__(self, folder: Path, promtool: Promtool) -> None:
        self._folder = folder
        self._promtool = promtool
        files = [(path, _load_tests(path)) for path in sorted(RULE_TESTS.glob("*.yml"))]
        self._tests = [RuleTest(path, content, test) for path, content in files for test in content["tests"]]

    def unnoticed(self, tried: Sequence[tuple[Rule, Sequence[Mutant]]]) -> list[list[Mutant]]:
        """Return, for each of these rules, those of its changes that no rule test fails on.

        One run of promtool asks a test of every rule: to start it takes as long as a short test.
        """
        trials = [Trial(rule, mutants, self._tests) for rule, mutants in tried]
        while asked := [trial for trial in trials if trial.is_open]:
            for trial, said in zip(asked, self._run(asked), strict=True):
                trial.hear(said)
        return [list(trial.left.values()) for trial in trials]

    def _run(self, trials: Sequence[Trial]) -> list[str]:
        """Return what promtool says of the next test of each."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            folders = [Path(name, str(number)) for number in range(len(trials))]
            for folder in folders:
                folder.mkdir()
            files = [
                trial.write(folder, self._promtool) for trial, folder in zip(trials, folders, strict=True)
            ]
            done = subprocess.run(
                [self._promtool.program, "test", "rules", *files],
                stdout=subprocess.PIPE,
                # Of which file it speaks it says to the one, and what has failed to the other.
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                env=rulefiles.quick(Path(name)),
            )
        before, *said = OF_A_FILE.split(done.stdout)
        if len(said) != len(trials):
            raise RuntimeError(f"promtool has not run all tests: {before}{''.join(said)}")
        return said


def changeable() -> list[Rule]:
    """Return the rules to be changed: all but the settings, which are the operator's to change."""
    return [rule for rule in rulefiles.load_all() if rule.file.name != "settings.yml"]


def equivalents() -> dict[str, dict[str, str]]:
    """Return rule → change → why no test can notice it."""
    return dict(yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8")) or {})


@contextlib.contextmanager
def judge(promtool: Promtool) -> Iterator[Judge]:
    """Make a judge whose folder is in memory, where there is such a folder, and goes with it."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Judge(Path(folder), promtool)


def survivors(rules: Sequence[Rule], judge: Judge) -> list[tuple[int, list[Mutant]]]:
    """Return, for each rule, how many changes were tried, and those that no test noticed.

    The justified ones are left out.
    """
    known = equivalents()
    tried = [[m for m in mutants(rule) if m.what not in known.get(rule.name, {})] for rule in rules]
    unnoticed = judge.unnoticed([*zip(rules, tried, strict=True)])
    return [(len(changes), left) for changes, left in zip(tried, unnoticed, strict=True)]


def main(names: Sequence[str]) -> int:
    """Try all changes of some rules, or of all; print the survivors."""
    rules = [rule for rule in changeable() if not names or rule.name in names]
    with judge(promtools.of_generation("installed")) as shared:
        found = survivors(rules, shared)
    for mutant in (mutant for _, survived in found for mutant in survived):
        print(f"survived: {mutant}")
    count, survived = sum(tried for tried, _ in found), sum(len(left) for _, left in found)
    print(f"{count} changes of {len(rules)} rules, {survived} survived")
    return 1 if survived or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

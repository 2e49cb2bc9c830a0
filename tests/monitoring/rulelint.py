"""What a rule must not look like: the checks of pint that need no server, and our conventions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import promql_parser as promql

from tests.monitoring.rulefiles import RUNBOOKS, Rule, matchers, metric, result_labels, selectors, walk

Check = Callable[[Rule], Iterator[str]]

# It fires by design: always, at once, and whatever there is.
ALWAYS_FIRING = "Watchdog"
ANNOTATIONS = {"summary", "description", "value", "runbook_url", "dashboard_url"}
# The one goes to a heartbeat, to no person; there is nothing to be read in its 1.
WITHOUT_VALUE = {ALWAYS_FIRING}
SCRAPE_LABELS = {"job", "instance", "service"}
SCRAPE_INTERVAL = timedelta(seconds=15)
SCRAPE_TIMEOUT = timedelta(seconds=10)
ABSENCE = ("absent", "absent_over_time")
RETENTION = timedelta(hours=200)
COMPARISONS = {">", "<", ">=", "<=", "==", "!="}
FOR_COUNTERS = {"rate", "increase", "irate", "resets"}
FOR_GAUGES = {"delta", "idelta", "deriv", "predict_linear", "changes"}
COUNTER_NAME = re.compile(r"_(total|bucket|count|sum)$")
# Gauges that are called like counters.
NOT_COUNTERS = {"pg_stat_activity_count"}


def is_counter(name: str) -> bool:
    """Tell from a metric's name whether it only grows; recording rules are never counters."""
    return ":" not in name and bool(COUNTER_NAME.search(name)) and name not in NOT_COUNTERS


def problems(rules: Sequence[Rule]) -> list[str]:
    """Return what is wrong, as `file:line: rule: sentence`."""
    found = [f"{rule.place}: {message}" for rule in rules for check in CHECKS for message in check(rule)]
    return found + list(_duplicates(rules)) + list(_templates(rules))


def naming(rule: Rule) -> Iterator[str]:
    if rule.is_alert and not re.fullmatch(r"([A-Z][A-Za-z0-9]*)+", rule.name):
        yield "an alert's name is CamelCase"
    if not rule.is_alert and not re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", rule.name):
        yield "a recording rule's name is level:metric:operation"


def labelling(rule: Rule) -> Iterator[str]:
    if not rule.is_alert:
        return
    severity = rule.labels.get("severity")
    if severity not in {"critical", "warning", "none"}:
        yield f"severity is critical, warning or none, not {severity}"
    if (severity == "none") != (rule.name == ALWAYS_FIRING):
        yield f"the severity none belongs to {ALWAYS_FIRING}, and only to it"
    if not rule.labels.get("service"):
        yield "the label service is missing: without it a critical alert would suppress foreign warnings"


def annotating(rule: Rule) -> Iterator[str]:
    if not rule.is_alert:
        return
    notes = rule.annotations
    wanted = ANNOTATIONS - {"value"} if rule.name in WITHOUT_VALUE else ANNOTATIONS
    if set(notes) != wanted:
        yield f"the annotations are {', '.join(sorted(wanted))}; the links are written by ./magacin rules fmt"
        return
    if "{{" in notes["summary"] or not re.fullmatch(r"[A-Z].*\.", notes["summary"]):
        yield "the summary is a fixed sentence"
    if "$value" not in notes["description"]:
        yield "the description does not name the value"
    if "$value" not in notes.get("value", "$value"):
        yield "the annotation value does not have the value"
    if re.search(r"[.:]$|\$labels|\n", notes.get("value", "")):
        yield "the annotation value is a figure and what it counts, no sentence"
    if notes["runbook_url"] != "{{ $externalURL }}/user/" + f"{rule.name}.md":
        yield "the runbook_url is not that of this alert's runbook"
    if not (RUNBOOKS / f"{rule.name}.md").is_file():
        yield f"docs/runbooks/{rule.name}.md does not exist"


def waiting(rule: Rule) -> Iterator[str]:
    if not rule.is_alert or rule.name == ALWAYS_FIRING:
        return
    if not rule.duration:
        yield "without `for` a single evaluation fires"
    elif promql.parse_duration(rule.duration) < 2 * SCRAPE_INTERVAL:
        yield "`for` is shorter than two scrapes"


def comparing(rule: Rule) -> Iterator[str]:
    if rule.is_alert and rule.name != ALWAYS_FIRING:
        for branch in branches(rule.ast):
            if not _is_condition(branch):
                yield f"fires for any value, there is no comparison: {branch.prettify()}"


def branches(node: promql.Expr) -> Iterator[promql.Expr]:
    """Yield the parts whose values become the alert's: both sides of `or`, the left side of `and`."""
    if isinstance(node, promql.ParenExpr):
        yield from branches(node.expr)
    elif isinstance(node, promql.BinaryExpr) and str(node.op) == "or":
        yield from branches(node.lhs)
        yield from branches(node.rhs)
    elif isinstance(node, promql.BinaryExpr) and str(node.op) in ("and", "unless"):
        yield from branches(node.lhs)
    else:
        yield node


def _is_condition(node: promql.Expr) -> bool:
    if isinstance(node, promql.Call):
        return node.func.name in ABSENCE
    if not isinstance(node, promql.BinaryExpr):
        return False
    return str(node.op) in COMPARISONS and "bool" not in str(node.modifier or "")


def counting(rule: Rule) -> Iterator[str]:
    wrapped = set()
    for node in walk(rule.ast):
        if isinstance(node, promql.Call):
            for argument in node.args:
                if isinstance(argument, promql.MatrixSelector):
                    name = metric(argument.vector_selector)
                    wrapped.add(name)
                    yield from _wrong_function(node.func.name, name)
    for selector in selectors(rule.ast):
        name = metric(selector)
        if is_counter(name) and name not in wrapped:
            yield f"{name} is a counter: only its rate or increase says something"


def _wrong_function(function: str, metric: str) -> Iterator[str]:
    if function in FOR_COUNTERS and not is_counter(metric):
        yield f"{function}() is for counters, and {metric} is none"
    if is_counter(metric) and (function in FOR_GAUGES or function.endswith("_over_time")):
        yield f"{function}() does not know that the counter {metric} starts again at zero"


def windows(rule: Rule) -> Iterator[str]:
    for node in walk(rule.ast):
        if isinstance(node, promql.SubqueryExpr):
            yield "a subquery is computed anew at each evaluation: use a recording rule"
        if isinstance(node, promql.Call):
            # To be there at all takes one scrape, which is stored when it is over, under the time it began.
            absence = node.func.name in ABSENCE
            least = SCRAPE_INTERVAL + SCRAPE_TIMEOUT if absence else 4 * SCRAPE_INTERVAL
            for window in (a.range for a in node.args if isinstance(a, promql.MatrixSelector)):
                if not least <= window <= RETENTION:
                    yield f"a window of {window} holds too few scrapes, or more than is kept"


def matching(rule: Rule) -> Iterator[str]:
    for selector in selectors(rule.ast):
        for label, operator, value in matchers(selector):
            if operator in ("=~", "!~"):
                yield from _regular_expression(f"{label}{operator}{value!r}", value)
            elif value == "":
                yield f"{label}{operator}{value!r} asks for a label that is not there"


def _regular_expression(shown: str, value: str) -> Iterator[str]:
    if value in (".*", ".+"):
        yield f"{shown} matches everything"
    elif value.startswith("^") or value.endswith("$"):
        yield f"{shown}: regular expressions are anchored already"
    elif not re.search(r"[.|*+?()\[\]{}\\]", value):
        yield f"{shown} is no regular expression: use = or !="
    try:
        re.compile(value)
    except re.error as error:
        yield f"{shown} is no valid regular expression: {error}"


def sampling(rule: Rule) -> Iterator[str]:
    for node in walk(rule.ast):
        if isinstance(node, promql.AggregateExpr) and str(node.op) in ("topk", "bottomk"):
            yield f"{node.op} gives other series at each evaluation, and so other alerts"


def aggregating(rule: Rule) -> Iterator[str]:
    for node in walk(rule.ast):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            inner = result_labels(node.expr)
            lost = set(node.modifier.labels) - inner if inner is not None else set()
            if lost:
                yield f"{', '.join(sorted(lost))} was aggregated away before, inside {node.op}"
        if isinstance(node, promql.Call) and node.func.name == "histogram_quantile":
            labels = result_labels(node.args[1])
            if labels is not None and "le" not in labels:
                yield "histogram_quantile needs the label le"


def joining(rule: Rule) -> Iterator[str]:
    for node in walk(rule.ast):
        if isinstance(node, promql.BinaryExpr) and not re.search(r"on |ignoring ", str(node.modifier or "")):
            left, right = result_labels(node.lhs), result_labels(node.rhs)
            constant = any(isinstance(side, promql.NumberLiteral) for side in (node.lhs, node.rhs))
            if str(node.op) != "or" and None not in (left, right) and left != right and not constant:
                yield f"the sides of {node.op} have different labels and never match: {left} and {right}"


def rounding(rule: Rule) -> Iterator[str]:
    texts = [rule.annotations.get(name, "") for name in ("description", "value")]
    # Where there are conditions, the template tells the values of the branches apart.
    if not any("{{ $value }}" in text and "{{ if " not in text for text in texts):
        return
    for branch in branches(rule.ast):
        value = branch.lhs if isinstance(branch, promql.BinaryExpr) else branch
        for node in walk(value):
            divides = isinstance(node, promql.BinaryExpr) and str(node.op) == "/"
            estimates = isinstance(node, promql.Call) and node.func.name in ("rate", "increase")
            if divides or estimates:
                yield "{{ $value }} would show 15 digits: humanize it"
                return


CHECKS: tuple[Check, ...] = (
    naming,
    labelling,
    annotating,
    waiting,
    comparing,
    counting,
    windows,
    matching,
    sampling,
    aggregating,
    joining,
    rounding,
)


def _duplicates(rules: Sequence[Rule]) -> Iterator[str]:
    seen: dict[object, Rule] = {}
    for rule in rules:
        key = rule.name if rule.is_alert else (rule.name, *sorted(rule.labels.items()))
        if key in seen:
            yield f"{rule.place}: is at {seen[key].place} already"
        seen[key] = rule


def possible_labels(
    node: promql.Expr, recorded: Mapping[str, Sequence[Rule]], exported: Mapping[str, set[str]]
) -> set[str]:
    """Return all labels that a result may have, recording rules and exported metrics looked up."""
    known = result_labels(node)
    if known is not None:
        return known
    found: set[str] = set()
    for selector in selectors(node):
        if rules := recorded.get(metric(selector)):
            for rule in rules:
                found |= possible_labels(rule.ast, recorded, exported) | set(rule.labels)
        else:
            found |= SCRAPE_LABELS | exported.get(metric(selector), set())
    return found


def _templates(rules: Sequence[Rule]) -> Iterator[str]:
    recorded = by_name(rule for rule in rules if not rule.is_alert)
    for rule in (rule for rule in rules if rule.is_alert):
        texts = [*rule.labels.values(), *rule.annotations.values()]
        used = {name for text in texts for name in re.findall(r"\$labels\.(\w+)", text)}
        missing = used - possible_labels(rule.ast, recorded, {})
        if missing:
            yield f"{rule.place}: the result has no label {', '.join(sorted(missing))}"


def by_name(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules of each name."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.name, []).append(rule)
    return found

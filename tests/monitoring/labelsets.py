"""Which labels the result of an expression has, exactly: by them two series match, or never do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import promql_parser as promql

from tests.monitoring.rulefiles import Rule, matchers, metric, selectors, walk

Recorded = Mapping[str, Sequence[Rule]]
LabelSet = frozenset[str]

_NONE: LabelSet = frozenset()


def label_sets(node: promql.Expr, recorded: Recorded) -> set[LabelSet] | None:
    """Return the sets of labels that a result can have, or None where exporters decide it."""
    match node:
        case promql.VectorSelector():
            return _of_recorded(metric(node), recorded)
        case promql.MatrixSelector():
            return label_sets(node.vector_selector, recorded)
        case promql.AggregateExpr():
            return _of_aggregation(node, recorded)
        case promql.Call():
            return _of_call(node, recorded)
        case promql.BinaryExpr():
            return _of_binary(node, recorded)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return label_sets(node.expr, recorded)
    return {_NONE}


def never_matching(rule: Rule, recorded: Recorded) -> Iterator[str]:
    """Yield the parts of a rule that have no result, because the labels of both sides never match."""
    for node in walk(rule.ast):
        if isinstance(node, promql.BinaryExpr) and label_sets(node, recorded) == set():
            yield node.prettify()


def _of_recorded(name: str, recorded: Recorded) -> set[LabelSet] | None:
    found: set[LabelSet] = set()
    for rule in recorded.get(name, ()):
        sets = label_sets(rule.ast, recorded)
        if sets is None:
            return None
        found |= {labels | set(rule.labels) for labels in sets}
    return found or None


def _of_aggregation(node: promql.AggregateExpr, recorded: Recorded) -> set[LabelSet] | None:
    if node.modifier is None:
        return {_NONE}
    named = frozenset(node.modifier.labels)
    inner = label_sets(node.expr, recorded)
    if str(node.modifier.type).rpartition(".")[2] == "By":
        return {named} if inner is None else {labels & named for labels in inner}
    return None if inner is None else {labels - named for labels in inner}


def _of_call(node: promql.Call, recorded: Recorded) -> set[LabelSet] | None:
    name = node.func.name
    if name in ("absent", "absent_over_time"):
        [selector] = selectors(node)
        return {frozenset(label for label, operator, _ in matchers(selector) if operator == "=")}
    vectors = [argument for argument in node.args if not _is_scalar(argument)]
    if name in ("vector", "scalar", "time") or not vectors:
        return {_NONE}
    sets = label_sets(vectors[0], recorded)
    return {labels - {"le"} for labels in sets} if sets and name == "histogram_quantile" else sets


def _of_binary(node: promql.BinaryExpr, recorded: Recorded) -> set[LabelSet] | None:
    left, right = label_sets(node.lhs, recorded), label_sets(node.rhs, recorded)
    if _is_scalar(node.lhs) or _is_scalar(node.rhs):
        return right if _is_scalar(node.lhs) else left
    if left is None or right is None:
        return None
    operator, modifier = str(node.op), str(node.modifier or "")
    if operator == "or":
        return left | right
    matching = re.search(r"(on|ignoring) \(([^)]*)\)", modifier)
    keys = {_key(labels, matching) for labels in right}
    kept = {labels for labels in left if _key(labels, matching) in keys}
    if operator == "unless":
        return left
    if operator == "and" or "group_" in modifier:
        return kept
    return {_key(labels, matching) for labels in kept}


def _key(labels: LabelSet, matching: re.Match[str] | None) -> LabelSet:
    """Return those of the labels that are compared with the other side's."""
    if matching is None:
        return labels
    named = {label for label in re.split(r",\s*", matching[2]) if label}
    return labels & named if matching[1] == "on" else labels - named


def _is_scalar(node: promql.Expr) -> bool:
    match node:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return _is_scalar(node.expr)
        case promql.Call():
            return node.func.name in ("scalar", "time", "pi")
        case promql.BinaryExpr():
            return _is_scalar(node.lhs) and _is_scalar(node.rhs)
    return False

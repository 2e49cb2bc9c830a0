"""PromQL as dashboards have it: with Grafana's variables in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import promql_parser as promql

# As long as no window that a person writes, so that it is known again in the tree.
RATE_INTERVAL = promql.parse_duration("7919s")
_GLOBAL = {
    "__rate_interval": "7919s",
    "__interval": "7907s",
    "__range": "7901s",
    "__interval_ms": "7907000",
    "__range_s": "7901",
    "__range_ms": "7901000",
}
# $name, ${name}, ${name:format} and [[name]]; $1 is label_replace's.
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)(?::[^}]*)?\}|\[\[([A-Za-z_]\w*)\]\]")
_LABEL_FUNCTION = re.compile(r"(label_names|label_values|metrics|query_result)\((.*)\)", re.DOTALL)


def variables(text: str) -> set[str]:
    """Return the names of the variables in a text."""
    return {next(filter(None, found)) for found in _VARIABLE.findall(text)}


def replaced(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the variables that have a value in their place."""

    def value(match: re.Match[str]) -> str:
        return values.get(next(filter(None, match.groups())), match[0])

    return _VARIABLE.sub(value, text)


def parse(expression: str) -> promql.Expr:
    """Return the tree of an expression; raise ValueError with what is wrong.

    Variables within strings stay, and are how a matcher is recognised.
    """
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', expression)
    pieces[::2] = [replaced(piece, _GLOBAL) for piece in pieces[::2]]
    tree: promql.Expr = promql.parse("".join(pieces))
    return tree


def children(node: promql.Expr) -> list[promql.Expr]:
    """Return the expressions that a node is made of."""
    match node:
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.SubqueryExpr() | promql.ParenExpr() | promql.UnaryExpr():
            return [node.expr]
        case promql.Call():
            return list(node.args)
        case promql.AggregateExpr():
            return [*([node.param] if isinstance(node.param, promql.Expr) else []), node.expr]
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
    return []


def walk(
    node: promql.Expr, parents: tuple[promql.Expr, ...] = ()
) -> Iterator[tuple[promql.Expr, tuple[promql.Expr, ...]]]:
    """Yield each node of a tree with those above it, the nearest last."""
    yield node, parents
    for child in children(node):
        yield from walk(child, (*parents, node))


def selectors(node: promql.Expr) -> list[promql.VectorSelector]:
    """Return all selectors of an expression."""
    return [found for found, _ in walk(node) if isinstance(found, promql.VectorSelector)]


def matchers(selector: promql.VectorSelector) -> list[tuple[str, str, str]]:
    """Return (label, operator, value) of each matcher."""
    operators = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return [(m.name, operators[str(m.op).rpartition(".")[2]], m.value) for m in selector.matchers.matchers]


def label_query(text: str) -> tuple[str, str | None] | None:
    """Return (function, selector) of a query variable, None where it is no such function.

    The selector is None where the function asks for none, as `label_values(job)` does.
    """
    found = _LABEL_FUNCTION.fullmatch(text.strip())
    if found is None:
        return None
    function, inside = found[1], found[2].strip()
    if function == "label_values":
        selector, comma, label = inside.rpartition(",")
        return (function, selector.strip()) if comma and re.fullmatch(r"\s*\w+", label) else (function, None)
    return function, inside if function == "query_result" else None

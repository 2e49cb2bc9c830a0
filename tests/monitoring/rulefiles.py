"""The rules and their expressions, as the tests of the rules see them."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from magacin.stack.paths import ROOT

RULES = ROOT / "monitoring" / "rules"
RULE_TESTS = ROOT / "monitoring" / "rule_tests"
RUNBOOKS = ROOT / "docs" / "runbooks"

Build = Callable[[list[str]], str]


def quick(folder: Path | None = None) -> dict[str, str]:
    """Return an environment in which promtool tests rules fast: it makes a database for each test.

    In memory that is ten times faster. What it leaves behind when it is killed lies in `folder`.
    """
    memory = folder or Path("/dev/shm")
    place = {"TMPDIR": str(memory)} if memory.is_dir() else {}
    return {**os.environ, **place, "GOGC": "400", "GOMAXPROCS": "1"}


@dataclass(frozen=True)
class Rule:
    """One rule; `line` is where it starts in `file`."""

    file: Path
    line: int
    group: str
    kind: str
    name: str
    expr: str
    expr_line: int
    duration: str | None
    keeps: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_alert(self) -> bool:
        return self.kind == "alert"

    @property
    def ast(self) -> promql.Expr:
        return parse(self.expr)

    @property
    def place(self) -> str:
        """Return `file:line: name`, as a person wants it in a message."""
        shown = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{shown}:{self.line}: {self.name}"


class _Lines(yaml.CSafeLoader):
    """Notes the line of each mapping, and of each of its values."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        mapping["__line__"] = node.start_mark.line + 1
        for key, value in node.value:
            if key.value == "expr":
                # The text of a block starts on the line after its `|`.
                mapping["__expr_line__"] = value.start_mark.line + (2 if value.style in ("|", ">") else 1)
        return mapping


def load_yaml(text: str) -> Any:
    """Do what `yaml.safe_load` does, ten times as fast: rules and their tests are read again and again."""
    # The class is a SafeLoader.
    return yaml.load(text, yaml.CSafeLoader)


def load(path: Path) -> list[Rule]:
    """Return the rules of a file, in order."""
    # The class is a SafeLoader.
    content = yaml.load(path.read_text(encoding="utf-8"), _Lines)
    return [_rule(path, group["name"], raw) for group in content["groups"] for raw in group["rules"]]


def _rule(path: Path, group: str, raw: Mapping[str, Any]) -> Rule:
    kind = "alert" if "alert" in raw else "record"
    plain = {
        key: {name: value for name, value in raw.get(key, {}).items() if name[:2] != "__"}
        for key in ("labels", "annotations")
    }
    return Rule(
        file=path,
        line=raw["__line__"],
        group=group,
        kind=kind,
        name=raw[kind],
        expr=raw["expr"],
        expr_line=raw["__expr_line__"],
        duration=raw.get("for"),
        keeps=raw.get("keep_firing_for"),
        **plain,
    )


@functools.cache
def load_all() -> tuple[Rule, ...]:
    """Return the rules of all files."""
    return tuple(rule for path in sorted(RULES.glob("*.yml")) for rule in load(path))


def parse(expression: str) -> promql.Expr:
    """Return the tree of an expression; raise ValueError with what is wrong."""
    tree: promql.Expr = promql.parse(expression)
    return tree


def walk(node: promql.Expr) -> Iterator[promql.Expr]:
    """Yield a node and all below it."""
    yield node
    for child in shape(node)[0]:
        yield from walk(child)


def selectors(node: promql.Expr) -> Iterator[promql.VectorSelector]:
    """Yield all selectors, also those with a range."""
    for part in walk(node):
        if isinstance(part, promql.MatrixSelector):
            yield part.vector_selector
        elif isinstance(part, promql.VectorSelector):
            yield part


def metric(selector: promql.VectorSelector) -> str:
    """Return the metric's name, empty where a selector has none."""
    return selector.name or ""


def matchers(selector: promql.VectorSelector) -> list[tuple[str, str, str]]:
    """Return (label, operator, value) of each matcher, the metric's name not among them."""
    operators = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return [
        (m.name, operators[str(m.op).rpartition(".")[2]], m.value)
        for m in selector.matchers.matchers
        if m.name != "__name__"
    ]


def to_text(node: promql.Expr) -> str:
    """Return an expression that parses to this tree."""
    children, build = shape(node)
    return build([to_text(child) for child in children])


def selector_text(name: str | None, wanted: list[tuple[str, str, str]]) -> str:
    """Return a selector without range and offset."""
    inside = ",".join(f"{label}{operator}{_quoted(value)}" for label, operator, value in wanted)
    return (name or "") + (f"{{{inside}}}" if inside else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def duration_text(delta: timedelta | None) -> str:
    """Return a duration as Prometheus writes it, nothing for none; a negative one keeps its sign."""
    if delta is None:
        return ""
    sign = "-" if delta < timedelta() else ""
    return sign + str(promql.display_duration(abs(delta)))


def offset_text(selector: promql.VectorSelector | promql.SubqueryExpr) -> str:
    """Return ` offset …`, or nothing."""
    return f" offset {duration_text(selector.offset)}" if selector.offset else ""


def shape(node: promql.Expr) -> tuple[list[promql.Expr], Build]:
    """Return the children of a node, and what makes its text from theirs."""
    match node:
        case promql.NumberLiteral():
            return [], lambda _: repr(node.val).replace("inf", "Inf")
        case promql.StringLiteral():
            return [], lambda _: _quoted(node.val)
        case promql.VectorSelector():
            return [], lambda _: selector_text(node.name, matchers(node)) + offset_text(node)
        case promql.MatrixSelector():
            inner = node.vector_selector
            return (
                [],
                lambda _: (
                    f"{selector_text(inner.name, matchers(inner))}[{duration_text(node.range)}]"
                    + offset_text(inner)
                ),
            )
        case promql.SubqueryExpr():
            step = duration_text(node.step)
            return [node.expr], lambda t: f"({t[0]})[{duration_text(node.range)}:{step}]" + offset_text(node)
        case promql.ParenExpr():
            return [node.expr], lambda t: f"({t[0]})"
        case promql.UnaryExpr():
            return [node.expr], lambda t: f"-({t[0]})"
        case promql.Call():
            return list(node.args), lambda t: f"{node.func.name}({', '.join(t)})"
        case promql.AggregateExpr():
            parameter = [node.param] if isinstance(node.param, promql.Expr) else []
            return [*parameter, node.expr], lambda t: f"{node.op} {node.modifier or ''} ({', '.join(t)})"
        case promql.BinaryExpr():
            return [node.lhs, node.rhs], lambda t: f"({t[0]}) {node.op} {node.modifier or ''} ({t[1]})"
    raise TypeError(f"not known here: {type(node).__name__}")


def result_labels(node: promql.Expr) -> set[str] | None:
    """Return the labels that a result can have, or None where it keeps those of the metric."""
    match node:
        case promql.AggregateExpr():
            modifier = node.modifier
            if modifier is None:
                return set()
            if str(modifier.type).rpartition(".")[2] == "By":
                return set(modifier.labels)
            inner = result_labels(node.expr)
            return None if inner is None else inner - set(modifier.labels)
        case promql.Call():
            return _labels_of_call(node)
        case promql.BinaryExpr():
            return _labels_of_binary(node)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return result_labels(node.expr)
        case promql.NumberLiteral():
            return set()
    return None


def _labels_of_call(node: promql.Call) -> set[str] | None:
    name = node.func.name
    if name in ("absent", "absent_over_time"):
        [selector] = selectors(node)
        return {label for label, operator, _ in matchers(selector) if operator == "="}
    if name in ("vector", "time", "scalar") or not node.args:
        return set()
    vectors = [argument for argument in node.args if next(selectors(argument), None)]
    labels = result_labels((vectors or list(node.args))[0])
    return labels - {"le"} if labels is not None and name == "histogram_quantile" else labels


def _labels_of_binary(node: promql.BinaryExpr) -> set[str] | None:
    left, right = result_labels(node.lhs), result_labels(node.rhs)
    if str(node.op) == "or":
        return None if left is None or right is None else left | right
    if isinstance(node.lhs, promql.NumberLiteral):
        return right
    on = re.match(r"(?:bool )?on \(([^)]*)\)", str(node.modifier or ""))
    if on and str(node.op) not in ("and", "unless") and "group_" not in str(node.modifier):
        return {label for label in re.split(r",\s*", on[1]) if label}
    return left

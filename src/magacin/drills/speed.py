"""The same rules, routes and intervals with every duration divided by a number. It touches nothing else.

It works on the text, line by line the same: what Prometheus or promtool says about a rendered file fits the
file that people edit. What counts as a duration is decided in docs/decisions/0080.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction

import yaml

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
_ONE = r"\d+(?:ms|[smhdwy])"
_DURATION = re.compile(rf"(?:{_ONE})+")
# What an expression is made of, as far as durations are concerned: a duration stands in brackets or alone,
# never in a string, in a comment or in a name such as `slo:errors:rate5m`.
_TOKEN = re.compile(
    rf"""
    (?P<skip> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*` | \#[^\n]* | [a-zA-Z_:][a-zA-Z0-9_:]* )
    | (?P<range> \[[^\]]*\] )
    | (?P<duration> (?:{_ONE})+ )
    | (?P<number> \d+(?:\.\d+)?(?:[eE][+-]?\d+)? )
    """,
    re.VERBOSE,
)
# Settings of Prometheus and Alertmanager whose values are durations.
SETTINGS = frozenset(
    {
        "scrape_interval",
        "scrape_timeout",
        "evaluation_interval",
        "interval",
        "for",
        "keep_firing_for",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "resolve_timeout",
        "refresh_interval",
    }
)
# Numbers in expressions that are durations all the same, by the rule that has them: those of alerts are said
# by the drill that proves the alert (`Proof.seconds`). The thresholds of latencies are none: what takes a
# scan 0.3 s takes it 0.3 s at any speed of the monitoring.
Constants = Mapping[str, frozenset[str]]
RECORDED: Constants = {"site:import_max_hours:setting": frozenset({"18"})}  # hours, in working time


def seconds(text: str) -> float:
    """Return a duration as Prometheus writes it, `1h30m`, in seconds."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is not a duration such as 30s or 1h30m")
    return float(sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdwy])", text)))


def divided(text: str, speed: float) -> str:
    """Return a duration divided by `speed`, to the millisecond."""
    milliseconds = max(1, round(seconds(text) * 1000 / speed)) if seconds(text) else 0
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}s" if not rest else f"{milliseconds}ms"


def expression(text: str, speed: float, constants: frozenset[str] = frozenset()) -> str:
    """Return a PromQL expression with its ranges, offsets and these constants divided by `speed`."""

    def replaced(match: re.Match[str]) -> str:
        if match["range"]:
            return _DURATION.sub(lambda inner: divided(inner[0], speed), match["range"])
        if match["duration"]:
            return divided(match["duration"], speed)
        if match["number"] in constants:
            return number(match["number"], speed)
        return match[0]

    return _TOKEN.sub(replaced, text)


def number(text: str, speed: float) -> str:
    """Return a number divided by `speed`, as short as it can be written."""
    return format(float(Fraction(text) / Fraction(speed)), ".12g")


def configuration(text: str, speed: float, known: Constants) -> str:
    """Return prometheus.yml, alertmanager.yml or a file of rules with its durations divided by `speed`."""
    edits = []
    for node, constants in _timed(yaml.compose(text, Loader=yaml.SafeLoader), {**RECORDED, **known}):
        start, end = node.start_mark.index, node.end_mark.index
        was = text[start:end]
        if constants is None:
            edits.append((start, end, was.replace(node.value, divided(node.value, speed))))
        elif node.style in ("'", '"'):
            # The quotes are YAML's: to PromQL all of it would be one string.
            edits.append((start, end, was[0] + expression(was[1:-1], speed, constants) + was[-1]))
        else:
            edits.append((start, end, expression(was, speed, constants)))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _timed(
    node: yaml.Node | None, known: Constants
) -> Iterator[tuple[yaml.ScalarNode, frozenset[str] | None]]:
    """Yield each value that has a duration in it: a setting with None, an expression with its constants."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _timed(item, known)
    if not isinstance(node, yaml.MappingNode):
        return
    values = {key.value: value for key, value in node.value}
    rule = values.get("alert") or values.get("record")
    for key, value in values.items():
        if key in SETTINGS and isinstance(value, yaml.ScalarNode):
            yield value, None
        elif key == "expr" and rule is not None:
            yield value, known.get(rule.value, frozenset())
        else:
            yield from _timed(value, known)


def monitoring(files: Mapping[str, str], speed: float, known: Constants) -> dict[str, str]:
    """Return the files of monitoring/, by name, at `speed`. Templates and targets have no durations."""
    return {
        name: configuration(text, speed, known) if speed != 1 and _has_durations(name) else text
        for name, text in files.items()
    }


def _has_durations(name: str) -> bool:
    return name in ("prometheus.yml", "alertmanager.yml") or name.startswith("rules/")

"""All rules on a dashboard."""

from __future__ import annotations

from typing import NamedTuple

from magacin.ops.dashboards import grafana_rules, own_rules
from magacin.ops.dashboards.document import Document

RULES = grafana_rules.RULES | own_rules.RULES


class Problem(NamedTuple):
    """What is wrong, where, by which rule, and what to do."""

    rule: str
    place: str
    message: str


def problems(document: Document) -> list[Problem]:
    """Return what is wrong with a dashboard, each thing once."""
    found = [
        Problem(name, place, message) for name, rule in RULES.items() for place, message in rule(document)
    ]
    return list(dict.fromkeys(found))


def lines(document: Document) -> list[str]:
    """Return the same as `file: where: rule: what to do`."""
    return [
        ": ".join(filter(None, (str(document.path), place, rule, message)))
        for rule, place, message in problems(document)
    ]

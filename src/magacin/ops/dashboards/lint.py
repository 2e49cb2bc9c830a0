"""All rules on a dashboard."""

from __future__ import annotations

from magacin.ops.dashboards import conventions, linter
from magacin.ops.dashboards.document import Document
from magacin.ops.dashboards.linter import Problem

RULES = linter.RULES | conventions.RULES


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

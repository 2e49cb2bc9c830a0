"""What the doctor says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from magacin.ops.doctor.patient import Patient


class Level(StrEnum):
    """How bad it is."""

    BROKEN = "broken"  # something does not work, or anybody can come in
    WARNING = "warning"  # it works, and will not for long or not when it matters
    NOTE = "note"  # to be known; changes no exit status


@dataclass(frozen=True)
class Finding:
    """One trouble. `check` names its kind and never changes; `subject` is what it is about.

    No field ever has a secret in it.
    """

    level: Level
    check: str
    subject: str
    what: str
    why: str
    mend: str


Check = Callable[[Patient], Iterator[Finding]]


@dataclass(frozen=True)
class Group:
    """Checks that belong together, and what there must be for them to look at anything."""

    name: str
    title: str
    checks: tuple[Check, ...]
    needs: Literal["nothing", "stack", "running"] = "running"


@dataclass
class Result:
    """What came of a group."""

    group: Group
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The worst of it: `broken`, `warning`, `note`, `ok`, or `skipped` where nothing could be asked."""
        levels = {finding.level for finding in self.findings}
        worst = next((level.value for level in Level if level in levels), None)
        if worst is not None:
            return worst
        return "skipped" if self.skipped and len(self.skipped) >= len(self.group.checks) else "ok"


def broken(check: str, subject: str, what: str, why: str, mend: str) -> Finding:
    """Return a finding that is worth an exit status of 1."""
    return Finding(Level.BROKEN, check, subject, what, why, mend)


def warning(check: str, subject: str, what: str, why: str, mend: str) -> Finding:
    """Return a finding that is worth an exit status of 2."""
    return Finding(Level.WARNING, check, subject, what, why, mend)


def note(check: str, subject: str, what: str, why: str, mend: str) -> Finding:
    """Return something to be known."""
    return Finding(Level.NOTE, check, subject, what, why, mend)

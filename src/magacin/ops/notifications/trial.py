"""What came of trying something, step by step, for a person to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Step(NamedTuple):
    """What was done, and what the other side said to it."""

    what: str
    answer: str


@dataclass
class Trial:
    """One receiver, tried. `target` never has a secret in it."""

    receiver: str
    kind: str
    target: str
    steps: list[Step] = field(default_factory=list)
    error: str | None = None
    advice: str = ""

    @property
    def name(self) -> str:
        """What to call it: `critical email`."""
        return f"{self.receiver} {self.kind}"

    def step(self, what: str, answer: str) -> None:
        """Note a step."""
        self.steps.append(Step(what, answer))

    def fail(self, error: str, advice: str = "") -> None:
        """Note that it ended badly, and what to do about it."""
        self.error, self.advice = error, advice

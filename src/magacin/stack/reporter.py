"""Where progress is shown, as the stack sees it: the command line has the one that people see."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Where progress is shown."""

    def doing(self, text: str) -> None:
        """Say what is being done or waited for now."""

    def percent(self, percent: int, text: str) -> None:
        """Say how far something long is."""

    def done(self, text: str) -> None:
        """Say what has been achieved."""

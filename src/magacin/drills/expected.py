"""Who has to be told, and by which way. This is what people were promised, whatever the configuration says.

It is written down a second time on purpose: read from the configuration, a wrong route would be expected
as well. docs/alert-routing.md has the same, and a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning", "none"]


@dataclass(frozen=True)
class Told:
    """Where the messages of a severity go."""

    recipient: str
    channel: str


TOLD = {
    "critical": Told("on-call@magacin.invalid", "#alerts-critical"),
    "warning": Told("team@magacin.invalid", "#alerts-warning"),
}

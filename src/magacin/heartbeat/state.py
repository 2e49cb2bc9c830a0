"""What the receiver knows, and the file that it survives a restart in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import structlog
from pydantic import BaseModel, Field, ValidationError

from magacin.core.files import write_private

log = structlog.get_logger(__name__)

# A mail server that is away for long gets the latest of what it missed.
MOST_WAITING = 20


class Condition(StrEnum):
    """How the watched monitoring is, as far as its beats tell."""

    WAITING = "waiting"  # for the first beat of all
    BEATING = "beating"
    SILENT = "silent"


class Kind(StrEnum):
    """What a notice says."""

    STOPPED = "stopped"
    STILL = "still"
    RETURNED = "returned"


class Notice(BaseModel):
    """Something that people are to be told; `since` is when the silence began."""

    kind: Kind
    at: datetime
    since: datetime
    last_beat: datetime | None


class State(BaseModel):
    """The whole memory. `waiting` has, for each channel, what it could not deliver yet."""

    version: int = 1
    condition: Condition = Condition.WAITING
    since: datetime = Field(default_factory=lambda: datetime.now(UTC))
    last_beat: datetime | None = None
    told_at: datetime | None = None
    waiting: dict[str, list[Notice]] = Field(default_factory=dict)

    def tell(self, notice: Notice, channels: Iterable[str]) -> None:
        """Have a notice sent by every channel."""
        self.told_at = notice.at
        for channel in channels:
            queue = self.waiting.setdefault(channel, [])
            queue.append(notice)
            del queue[:-MOST_WAITING]


def read(path: Path) -> State:
    """Return what was remembered. A file that is damaged counts as none: watching matters more."""
    try:
        return State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return State()
    except ValidationError:
        log.warning("heartbeat_state_damaged", file=str(path))
        return State()


def write(path: Path, state: State) -> None:
    """Write it whole or not at all, for this user's eyes only."""
    write_private(path, state.model_dump_json(indent=2) + "\n")

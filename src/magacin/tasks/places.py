"""Where a page of a list ends that has the newest first: a moment, and the key of its last row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Place(NamedTuple):
    """Where a page of a list ends."""

    at: datetime
    key: str

    @classmethod
    def read(cls, written: str | None) -> Place | None:
        """Return the place that was written as `before`, None where none was."""
        if written is None:
            return None
        microseconds, _, key = written.partition(".")
        return cls(_EPOCH + int(microseconds) * _MICROSECOND, key)

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.key}"

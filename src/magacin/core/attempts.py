"""Counting attempts within one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

_MOST_KEYS = 10_000


@dataclass
class AttemptCounts:
    """Counts attempts by key. A count starts with its first attempt and is forgotten `window` seconds later.

    Bounded: who makes up keys without end pushes out the oldest.
    """

    window: float
    counts: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)

    def wait(self, key: str, limit: int) -> float:
        """Return the seconds until another attempt is allowed, 0 when it is now."""
        count, ends = self.counts.get(key, (0, 0.0))
        left = ends - time.monotonic()
        return left if count >= limit and left > 0 else 0.0

    def add(self, key: str) -> None:
        """Count an attempt."""
        count, ends = self.counts.get(key, (0, 0.0))
        now = time.monotonic()
        self.counts[key] = (count + 1, ends) if ends > now else (1, now + self.window)
        if len(self.counts) > _MOST_KEYS:
            self.counts.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Uncount one attempt; the others of that time stay."""
        count, ends = self.counts.get(key, (0, 0.0))
        if count > 1:
            self.counts[key] = (count - 1, ends)
        else:
            self.forget(key)

    def forget(self, key: str) -> None:
        """Uncount all attempts of a key."""
        self.counts.pop(key, None)

"""Waiting for what nobody tells of: asked again and again, for so long and no longer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from magacin.stack.reporter import Reporter

T = TypeVar("T")
# How many want each processor where everything takes a multiple of its time.
_BUSY = 3
# So often something is looked at while it may show nothing new.
_LOOKS = 4


def until(check: Callable[[], T], *, seconds: float, every: float) -> T:
    """Return what `check` returns as soon as that is true; after `seconds` what it returned last."""
    deadline = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() <= deadline:
        time.sleep(every)
    return found


class Patience:
    """How long something is waited for: longer while it shows that it lives, and never without end.

    `seconds` is how long it may show nothing new, `longest` how long it may take in all.
    """

    def __init__(self, seconds: float, longest: float) -> None:
        self._seconds = seconds
        self._longest = longest
        self._began = self._renewed = time.monotonic()
        self._next_look = self._began
        self._sign: Hashable = None

    def look(self, sign: Callable[[], Hashable]) -> None:
        """Note what it shows: where that is new, it lives.

        It is asked for a few times in `seconds` only, however often this is called: what a part shows takes
        a look at all processes.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._seconds / _LOOKS
        if (seen := sign()) != self._sign:
            self._sign, self._renewed = seen, now

    def why_over(self) -> str | None:
        """Return why waiting on makes no sense, or None while it does."""
        now = time.monotonic()
        if now - self._renewed > self._seconds:
            return f"for {self._seconds:g} s it did nothing that is seen"
        return f"not within {self._longest:g} s" if now - self._began > self._longest else None


def machine_is_busy() -> str:
    """Return a sentence on a load that makes everything late, or nothing where there is none."""
    load, processors = os.getloadavg()[0], os.cpu_count() or 1
    if load <= _BUSY * processors:
        return ""
    several = "one processor" if processors == 1 else f"{processors} processors"
    return f"The machine is busy: a load of {load:.0f} on {several}. That alone may be why."


def for_all(
    items: Iterable[T],
    still: Callable[[list[T], bool], list[T]],
    report: Reporter,
    *,
    named: Callable[[T], str],
    seconds: float,
    every: float,
) -> None:
    """Return when `still` has none left to wait for, and show meanwhile which there are.

    `still` gets those that were left, and whether `seconds` have passed. It returns those that are left now,
    or raises what says that waiting makes no sense.
    """
    deadline = time.monotonic() + seconds
    left = list(items)
    while left := still(left, time.monotonic() > deadline):
        report.doing(f"Waiting for {', '.join(named(item) for item in left)}")
        time.sleep(every)

"""Waiting for what nobody tells of: asked again and again, for so long and no longer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from magacin.stack.reporter import Reporter

T = TypeVar("T")


def until(check: Callable[[], T], *, seconds: float, every: float) -> T:
    """Return what `check` returns as soon as that is true; after `seconds` what it returned last."""
    deadline = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() <= deadline:
        time.sleep(every)
    return found


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

"""What a busy machine does to tests, at random and far more often: `./magacin test --busy tests/tasks -n 2`.

The event loop stands still for up to a second between any two steps, and so do PostgreSQL and Redis. A test
that fails only then takes for granted that something is done within a time.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from asyncio.base_events import BaseEventLoop

import psutil

_SHORTEST, _LONGEST = 0.2, 1.2
# How long a test stands still at most: a whole folder is to be done in minutes.
_SECONDS_A_TEST = 2.0
# Of all steps of an event loop, those after which it stands still.
_SHARE = 0.02
_STORES = frozenset({"postgres", "redis-server"})


class Busy:
    """A plugin that makes this process slow, and the stores that it has started."""

    def __init__(self) -> None:
        self._left = 0.0
        self._chance = random.Random()
        step = BaseEventLoop._run_once  # type: ignore[attr-defined]  # only its private parts know each step

        def slow_step(loop: BaseEventLoop) -> None:
            step(loop)
            if self._left > 0 and self._chance.random() < _SHARE:
                seconds = self._seconds()
                self._left -= seconds
                time.sleep(seconds)

        BaseEventLoop._run_once = slow_step  # type: ignore[attr-defined]  # see above
        threading.Thread(target=self._freeze_stores, daemon=True).start()

    def pytest_runtest_setup(self) -> None:
        """Have each test stand still as much as it may."""
        self._left = _SECONDS_A_TEST

    def _seconds(self) -> float:
        return self._chance.uniform(_SHORTEST, _LONGEST)

    def _freeze_stores(self) -> None:
        while True:
            time.sleep(2 * self._seconds())
            with contextlib.suppress(psutil.Error):  # a test may have killed it
                self._freeze_one()

    def _freeze_one(self) -> None:
        stores = [child for child in psutil.Process().children() if child.name() in _STORES]
        if not stores:
            return
        store = self._chance.choice(stores)
        processes = [store, *store.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        time.sleep(self._seconds())
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.resume()

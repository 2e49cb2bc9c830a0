"""How long callbacks keep an event loop from everything else, by the processor time of its thread."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch


@dataclass
class Longest:
    """The callback that took longest."""

    seconds: float = 0.0
    what: str = ""


@contextmanager
def longest_callback() -> Iterator[Longest]:
    """Watch the callbacks of this thread's loop. What waits or is preempted takes no processor time."""
    longest, thread, run = Longest(), threading.get_ident(), asyncio.Handle._run
    is_watching = True

    def timed(handle: asyncio.Handle) -> None:
        if threading.get_ident() != thread:
            run(handle)
            return
        started = time.thread_time()
        run(handle)
        seconds = time.thread_time() - started
        # The callback in which the watch ends goes on with what comes after it.
        if is_watching and seconds > longest.seconds:
            longest.seconds, longest.what = seconds, repr(handle)[:500]

    with patch.object(asyncio.Handle, "_run", timed):
        gc.collect()
        gc.disable()  # a collection is of what all callbacks left behind
        try:
            yield longest
        finally:
            is_watching = False
            gc.enable()

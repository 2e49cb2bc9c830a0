"""The promtools that rules are tried with: the one that is installed, and one of the next generation.

Debian 12 and 13 have 2.x, the containers have 3.x. The newer one comes from the package of Debian's next
release, which is unpacked and not installed, and is kept for the next run.
"""

from __future__ import annotations

import fcntl
import functools
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from magacin.stack import alerting, install
from tests.debian import NotToBeHad, unpack

SUITE = "testing"
GENERATIONS = ("installed", "newer")
_WINDOW = re.compile(r"\[((?:\d+[smhdw])+)\]")


@dataclass(frozen=True)
class Promtool:
    """A promtool, and how rules are written for it."""

    program: Path

    @functools.cached_property
    def windows_are_open(self) -> bool:
        """Whether a window leaves out the sample exactly at its far end, as from 3.0 on."""
        return alerting.major_minor(self.program) >= (3, 0)

    def adapted(self, rules: str) -> str:
        """Return rules whose windows hold the same samples with this promtool as with 2.x.

        The tests of the rules are exact to a sample, so where windows are open each is a millisecond longer.
        """
        return _WINDOW.sub(r"[\g<1>1ms]", rules) if self.windows_are_open else rules


def of_generation(name: str) -> Promtool:
    """Return one of GENERATIONS; raise NotToBeHad where that is the newer one, and there is none."""
    installed = Promtool(install.locate("promtool"))
    if name == "installed":
        return installed
    if installed.windows_are_open:
        raise NotToBeHad("the installed promtool is of that generation already")
    return _newer()


@functools.cache
def _newer() -> Promtool:
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "magacin-track" / "promtool"
    kept.parent.mkdir(parents=True, exist_ok=True)
    # The workers of pytest share it, and come here at the same time.
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.access(kept, os.X_OK):
            _fetch(kept)
    return Promtool(kept)


def _fetch(kept: Path) -> None:
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        # From 3.x on it is a package of its own.
        unpacked = unpack(SUITE, ["promtool"], Path(folder)) / "usr" / "bin" / "promtool"
        if alerting.major_minor(unpacked) < (3, 0):
            raise NotToBeHad(f"the promtool of Debian {SUITE} does not run here")
        unpacked.rename(kept)

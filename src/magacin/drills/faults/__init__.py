"""All drills, one a file. What is in this folder is found; files that begin with `_` help others."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from magacin.drills.drill import Drill

# Alerts without a drill, each with the reason. A test compares both with the rules.
WITHOUT: dict[str, str] = {}


def drills() -> dict[str, type[Drill]]:
    """Return all drills, by name."""
    return {kind.name: kind for file in pkgutil.iter_modules(__path__) for kind in drills_of(file.name)}


def seconds() -> dict[str, frozenset[str]]:
    """Return the numbers in rules that are durations, by alert."""
    found: dict[str, frozenset[str]] = {}
    for proof in (proof for kind in drills().values() for proof in kind.proves):
        found[proof.alert] = found.get(proof.alert, frozenset()) | proof.seconds
    return found


def drills_of(file: str) -> Iterator[type[Drill]]:
    """Yield what drills a file of this folder has, given without its `.py`."""
    module = importlib.import_module(f"{__name__}.{file}")
    for kind in vars(module).values():
        own = isinstance(kind, type) and issubclass(kind, Drill) and kind.__module__ == module.__name__
        if own and not inspect.isabstract(kind):
            yield kind

"""All drills, one a file. What is in this folder is registered."""

from __future__ import annotations

import importlib
import pkgutil

from magacin.drills.drill import REGISTRY, Drill

# Alerts without a drill, each with the reason. A test compares both with the rules.
WITHOUT: dict[str, str] = {}


def drills() -> dict[str, type[Drill]]:
    """Return all drills, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return REGISTRY.drills

"""The profiles that are part of the program: a file of `shipped/` each, under its name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from magacin.contracts.import_profiles import Profile


@cache
def ready_made() -> dict[str, Profile]:
    """Return all of them by name."""
    files = sorted(Path(__file__).with_name("shipped").glob("*.toml"))
    return {
        file.stem: Profile(name=file.stem, ready_made=True, **tomllib.loads(file.read_text(encoding="utf-8")))
        for file in files
    }


def not_found(name: str, known: Iterable[str]) -> str:
    """Say that there is no such profile, which ones there are, and which was perhaps meant."""
    known = sorted(known)
    close = get_close_matches(name.lower(), known, n=1)
    meant = f" Is {close[0]} meant?" if close else ""
    return f"There is no profile {name[:64]!r}.{meant} There are: {', '.join(known[:30])}."

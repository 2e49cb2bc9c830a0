"""The dashboards' files: those that come along, and the operator's own."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from magacin.console.errors import BrokenDashboard, UnknownDashboard
from magacin.console.settings import MIB
from magacin.core import grafana_model

_LARGEST = 5 * MIB
# What holds the panels: of today's files, and of very old ones.
_MARKS = frozenset({"panels", "rows"})


class Listed(BaseModel):
    """A dashboard as the list of them has it."""

    uid: str
    title: str
    description: str = ""
    tags: list[str] = []
    file: str = Field(description="The file's name.")
    error: str | None = Field(default=None, description="Why it cannot be shown, for a person.")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was read of a file, and by which signs one sees that it is another by now."""

    signs: tuple[int, int, int]
    listed: Listed


class DashboardFiles:
    """The dashboards of some folders. A file is read when it is new or has changed, and when it is opened."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._entries: dict[Path, _Entry] = {}
        self._lock = threading.Lock()

    def listing(self) -> list[Listed]:
        """Return all of them, sorted by title. Of two with one uid the first counts."""
        found = [listed for _, listed in self._found()]
        return sorted(found, key=lambda one: (one.title.casefold(), one.uid))

    def open(self, uid: str) -> dict[str, Any]:
        """Return a dashboard's content; raise UnknownDashboard, or BrokenDashboard with the reason."""
        path, listed = next((pair for pair in self._found() if pair[1].uid == uid), (None, None))
        if path is None or listed is None:
            raise UnknownDashboard("There is no dashboard of that uid.")
        content, error = (None, listed.error) if listed.error else _content(path)
        if content is None:
            raise BrokenDashboard(error or "", details={"file": listed.file})
        return content

    def _found(self) -> list[tuple[Path, Listed]]:
        """Return files and what is in them, each under a uid of its own."""
        found: dict[str, tuple[Path, Listed]] = {}
        for path, one in self._read():
            listed = one.model_copy()
            if listed.error is None and listed.uid in found:
                first = found[listed.uid][1].file
                error = f"{path}: its uid {listed.uid!r} is that of {first}. Give it one of its own."
                listed = _broken(path, error)
            while listed.uid in found:
                # Its file's name is taken as well, and still it is listed: nothing vanishes without a word.
                listed.uid += "~"
            found[listed.uid] = (path, listed)
        return list(found.values())

    def _read(self) -> list[tuple[Path, Listed]]:
        # Requests come in threads; two that read the same files at once would do it twice.
        with self._lock:
            known, self._entries = self._entries, {}
            for path, signs in _files(self._folders):
                entry = known.get(path)
                if entry is None or entry.signs != signs:
                    entry = _Entry(signs, _listed_in(path))
                self._entries[path] = entry
            return [(path, entry.listed) for path, entry in self._entries.items()]


def _files(folders: Sequence[Path]) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    """Yield the files with what changes when one of them is written anew."""
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            try:
                status = path.stat()
            except OSError:
                continue  # a link to nowhere, or gone in between
            if stat.S_ISREG(status.st_mode):
                yield path, (status.st_mtime_ns, status.st_size, status.st_ino)


def _listed_in(path: Path) -> Listed:
    content, error = _content(path)
    return _broken(path, error) if content is None else _listed(path, content)


def _content(path: Path) -> tuple[dict[str, Any] | None, str]:
    """Return the dashboard in a file, or None and why there is none, for a person."""
    try:
        if path.stat().st_size > _LARGEST:
            return None, f"{path.name} has more than {_LARGEST // MIB} MB."
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        return None, f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}."
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return None, f"{path.name} cannot be read ({type(error).__name__})."
    if isinstance(content, dict):
        content = grafana_model.unwrapped(content)
    # Whether its panels can be drawn is for who draws them; other JSON that lies about is not for them.
    if not isinstance(content, dict) or not _MARKS & content.keys():
        return None, f"{path.name} is not a dashboard: it has no panels."
    return content, ""


def _listed(path: Path, content: dict[str, Any]) -> Listed:
    def text(key: str) -> str:
        value = content.get(key)
        return value if isinstance(value, str) else ""

    tags = content.get("tags")
    return Listed(
        uid=text("uid") or path.stem,
        title=text("title") or path.stem,
        description=text("description"),
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        file=path.name,
    )


def _broken(path: Path, error: str) -> Listed:
    return Listed(uid=path.stem, title=path.stem, file=path.name, error=error)

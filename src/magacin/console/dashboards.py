"""The dashboards' files: those that come along, and the operator's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from magacin.console.errors import BrokenDashboard, UnknownDashboard
from magacin.console.settings import MIB, ConsoleSettings
from magacin.console.state import Console

router = APIRouter(tags=["dashboards"])

_LARGEST = 5 * MIB
# What holds the panels: of today's files, of very old ones, of Grafana's next format.
_MARKS = frozenset({"panels", "rows", "spec"})


class Listed(BaseModel):
    """A dashboard as the list of them has it."""

    uid: str
    title: str
    description: str = ""
    tags: list[str] = []
    file: str = Field(description="The file's name.")
    error: str | None = Field(default=None, description="Why it cannot be shown, for a person.")


@dataclass(frozen=True, slots=True)
class Found:
    """A file, and the dashboard in it if there is one."""

    listed: Listed
    content: dict[str, Any] | None


def read_all(folders: Sequence[Path]) -> list[Found]:
    """Return the dashboards of all folders, sorted by title. Of two with one uid the first counts."""
    found: dict[str, Found] = {}
    for path in _files(folders):
        one = _read(path)
        if one.content is not None and one.listed.uid in found:
            first = found[one.listed.uid].listed.file
            error = f"{path}: its uid {one.listed.uid!r} is that of {first}. Give it one of its own."
            one = _broken(path, error)
        while one.listed.uid in found:
            # Its file's name is taken as well, and still it is listed: nothing vanishes without a word.
            one.listed.uid += "~"
        found[one.listed.uid] = one
    return sorted(found.values(), key=lambda one: (one.listed.title.casefold(), one.listed.uid))


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.glob("*.json") if path.is_file())


def _read(path: Path) -> Found:
    try:
        if path.stat().st_size > _LARGEST:
            return _broken(path, f"{path.name} has more than {_LARGEST // MIB} MB.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        return _broken(path, f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}.")
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return _broken(path, f"{path.name} cannot be read ({type(error).__name__}).")
    if isinstance(content, dict) and isinstance(content.get("dashboard"), dict):
        content = content["dashboard"]  # as Grafana's API hands it out
    # Whether its panels can be drawn is for who draws them; other JSON that lies about is not for them.
    if not isinstance(content, dict) or not _MARKS & content.keys():
        return _broken(path, f"{path.name} is not a dashboard: it has no panels.")
    return Found(_listed(path, content), content)


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


def _broken(path: Path, error: str) -> Found:
    return Found(Listed(uid=path.stem, title=path.stem, file=path.name, error=error), None)


def _all(settings: ConsoleSettings) -> list[Found]:
    return read_all((settings.dashboards_dir, settings.data_dir / "dashboards"))


@router.get("/api/dashboards", summary="All dashboards")
def listing(console: Console) -> list[Listed]:
    """Return what dashboards there are, those that cannot be shown with the reason."""
    return [found.listed for found in _all(console.settings)]


@router.get("/api/dashboards/{uid}", summary="One dashboard, as its file has it")
def dashboard(console: Console, uid: str) -> dict[str, Any]:
    """Return a dashboard's JSON."""
    found = next((one for one in _all(console.settings) if one.listed.uid == uid), None)
    if found is None:
        raise UnknownDashboard("There is no dashboard of that uid.")
    if found.content is None:
        raise BrokenDashboard(found.listed.error or "", details={"file": found.listed.file})
    return found.content

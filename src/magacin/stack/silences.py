"""Alertmanager's silences, as its API has them: taking note of them, and making them anew elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from magacin.core.files import write_private
from magacin.stack import clients
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site

Silence = Mapping[str, Any]

_FIELDS = ("matchers", "startsAt", "endsAt", "createdBy", "comment")
_PATH = "/api/v2/silences"


def read(site: Site) -> list[Silence]:
    """Return the silences that are in force or will be. Raises StackError when Alertmanager does not say."""
    answer = _ask(site)
    return [
        {field: silence[field] for field in _FIELDS}
        for silence in json.loads(answer)
        if silence["status"]["state"] != "expired"
    ]


def put_back(site: Site, silences: Sequence[Silence]) -> int:
    """Make those silences that have not ended and are not there; return how many.

    They get new ids: Alertmanager gives them itself. Raises StackError when it does not take one.
    """
    known = {_key(silence) for silence in read(site)}
    now = datetime.now(UTC)
    missing = [s for s in silences if datetime.fromisoformat(s["endsAt"]) > now and _key(s) not in known]
    for silence in missing:
        _ask(site, json.dumps(silence).encode())
    return len(missing)


def keep(data: DataDir, silences: Sequence[Silence]) -> None:
    """Have silences made when Alertmanager is started next."""
    write_private(_kept(data), json.dumps(silences, indent=2) + "\n")


def put_back_kept(site: Site, report: Reporter) -> None:
    """Make those that were kept for Alertmanager, which has just been started."""
    file = _kept(site.data)
    if not file.exists():
        return
    try:
        made = put_back(site, json.loads(file.read_text(encoding="utf-8")))
    except (StackError, ValueError) as error:
        # No reason to keep a warehouse from its work.
        report.done(f"Silences of a backup could not be made ({error}); they wait in {file}")
        return
    file.unlink()
    report.done(f"Silences of a backup that are in force again: {made}")


def _kept(data: DataDir) -> Path:
    return data.path / "silences-to-make.json"


def _key(silence: Silence) -> str:
    matchers = sorted(json.dumps(matcher, sort_keys=True) for matcher in silence["matchers"])
    return json.dumps([matchers, silence["endsAt"], silence["createdBy"], silence["comment"]])


def _ask(site: Site, body: bytes | None = None) -> bytes:
    try:
        headers = {"Content-Type": "application/json"}
        answer = clients.ask(site, "alertmanager", _PATH, body, headers=headers)
    except (OSError, HTTPException) as error:
        raise StackError(f"Alertmanager does not answer ({error}).") from error
    if answer.status != 200:
        raise StackError(f"Alertmanager says {answer.status} about silences: {answer.text.strip()[:200]}")
    return answer.content

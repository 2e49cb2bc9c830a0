"""The sessions that were logged out, and the file in which that survives a restart of the console."""

from __future__ import annotations

import json
import time
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from magacin.core.files import write_private

log = structlog.get_logger(__name__)

FILE_NAME = "console-logouts.json"
_ENDED = TypeAdapter(dict[str, int])


class Logouts:
    """Ids of sessions, each until its cookie would have run out by itself.

    It begins with those of the process before, from `file`; one that is damaged counts as none.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ended: dict[str, int] = {}
        try:
            self._ended = _ENDED.validate_json(file.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, ValidationError) as error:
            log.warning("logouts_unreadable", file=str(file), reason=type(error).__name__)

    def add(self, session_id: str, until: int) -> None:
        """Remember a logout, and forget those that no longer matter."""
        now = int(time.time())
        self._ended = {key: end for key, end in self._ended.items() if end > now}
        self._ended[session_id] = until
        try:
            # Who could change it could bring a session back.
            write_private(self._file, json.dumps(self._ended))
        except OSError as error:
            # No folder, or one that is read-only: it holds for as long as this process does.
            log.warning("logout_not_kept", file=str(self._file), reason=error.strerror)

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._ended

"""The list of parts that a stack writes for its services: what runs where, beside the application."""

from __future__ import annotations

from pathlib import Path

import structlog
from pydantic import BaseModel, TypeAdapter

log = structlog.get_logger(__name__)


class ListedPart(BaseModel):
    """A part, and how to reach it. `health` is a path; `open` says whether people open it."""

    title: str
    url: str
    health: str
    open: bool


_LISTED = TypeAdapter(list[ListedPart])


def listed_parts(file: Path | None) -> list[ListedPart]:
    """Return the parts that a file lists now; nothing while it cannot be read."""
    if file is None:
        return []
    try:
        return _LISTED.validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("parts_file_unreadable", file=str(file), reason=type(error).__name__)
        return []

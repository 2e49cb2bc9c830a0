"""What the gateway has the Task Service do about a person."""

from __future__ import annotations

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.erasures import Renamed, RenamingIn

RENAME_IN_TASKS = Endpoint(
    "POST",
    "/internal/rename-person",
    "Replace a person's name by a pseudonym, a portion at a time",
    role=None,
    body=RenamingIn,
    answer=Renamed,
    errors=(409,),
)

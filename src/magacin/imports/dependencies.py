"""What endpoints of the Import Service are handed: the person who asks, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from magacin.contracts.identity import Identity
from magacin.core.background import BackgroundLoop
from magacin.core.requests import DatabaseState
from magacin.core.service import provided
from magacin.imports.held.service import Releaser
from magacin.imports.preview import Previewer
from magacin.imports.spool import Spool


@dataclass(frozen=True, kw_only=True)
class ImportState(DatabaseState):
    """What the Import Service opened when it started. `work` is woken for a file that has come."""

    spool: Spool
    max_bytes: int
    previewer: Previewer
    work: BackgroundLoop
    releaser: Releaser


async def _identity(request: Request) -> Identity:
    return Identity.of(request.headers)


CurrentIdentity = Annotated[Identity, Depends(_identity)]
State = Annotated[ImportState, provided(ImportState)]

"""Recording what is malformed, before it is refused: nothing of it gets as far as the ledger."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from magacin.contracts.identity import Identity
from magacin.contracts.tasks.operations import UNDO
from magacin.contracts.tasks.refusals import OperationKind
from magacin.contracts.tasks.scans import SCAN
from magacin.contracts.tasks.shortages import REPORT_SHORTAGE
from magacin.core.aside import AsideRoute
from magacin.core.db import Database
from magacin.core.error_answers import validation_code
from magacin.core.service import state_of
from magacin.tasks.dependencies import TaskState
from magacin.tasks.refusals.refused import Refused, malformed
from magacin.tasks.refusals.repository import RefusalRepository

# Of a batch, each operation says itself what it is.
_KINDS = {
    SCAN.path: OperationKind.SCAN,
    UNDO.path: OperationKind.UNDO,
    REPORT_SHORTAGE.path: OperationKind.SHORTAGE,
}


class ScannerRoute(AsideRoute):
    """A route of what scanners send: what is malformed is recorded, and refused then."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request, as FastAPI has it made."""
        handle = super().get_route_handler()

        async def recording(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                if request.method != "GET":
                    await record_malformed(request, self.path, error)
                raise

        return recording


async def record_malformed(request: Request, path: str, error: RequestValidationError) -> None:
    """Record what is malformed of the body of a request. `path` is that of its endpoint."""
    body = error.body
    if isinstance(body, dict) and (task_id := str(request.path_params.get("task_id", ""))).isdecimal():
        body = body | {"task_id": int(task_id)}
    worker = Identity.of(request.headers).username
    await record_malformed_body(state_of(request.scope, TaskState).database, worker, path, error, body)


async def record_malformed_body(
    database: Database, worker: str, path: str, error: RequestValidationError, body: Any
) -> None:
    """Record what is malformed of a body that a worker sent to the endpoint of `path`."""
    reason, kind = validation_code(error), _KINDS.get(path)
    await record_refused(database, malformed(body, error.errors(), worker=worker, reason=reason, kind=kind))


async def record_refused(database: Database, refused: Sequence[Refused]) -> None:
    """Record what was refused outside of a batch of the ledger."""
    async with database.begin() as connection:
        await RefusalRepository(connection).add(refused)

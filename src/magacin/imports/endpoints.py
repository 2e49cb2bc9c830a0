"""HTTP: hand a file in, see what becomes of it, get back what was refused."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from magacin.contracts.imports import ImportJob, Reject
from magacin.contracts.tasks import Page
from magacin.core.db import Database
from magacin.core.requests import After, Id, Limit, Transaction
from magacin.imports import service
from magacin.imports.dependencies import CurrentIdentity, State
from magacin.imports.jobs import NewJob
from magacin.imports.parsers.registry import titles
from magacin.imports.rejects import rejects_as_csv
from magacin.imports.upload import Received, Upload

log = structlog.get_logger(__name__)

router = APIRouter(tags=["imports"])

# The body is read as it arrives, by us, so that FastAPI has to be told what is in it.
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": f"{titles()}."},
                        "partial": {
                            "type": "boolean",
                            "default": False,
                            "description": "Import the good rows of a requisition of which another is bad.",
                        },
                        "release": {
                            "type": "boolean",
                            "default": False,
                            "description": "Make a pick task of each requisition at once.",
                        },
                        "mapping": {
                            "type": "string",
                            "description": "JSON: which column has which meaning, for names that are not "
                            'recognised, such as {"requisition": "Belegnr", "sku": "Teil"}.',
                        },
                    },
                }
            }
        },
    }
}


@router.post("/api/imports", status_code=202, openapi_extra=_FORM)
async def create_import(request: Request, state: State, identity: CurrentIdentity) -> ImportJob:
    """Take a file. It is on the disk and will be imported when the answer leaves, whatever happens then."""
    async with Upload(state.spool, state.max_bytes) as upload:
        received = await upload.receive(request)
    job = await _insert(state.database, received, identity.username)
    state.work.wake()
    log.info("import_queued", job_id=job.job_id, source=job.source)
    return job


@router.get("/api/imports")
async def list_imports(connection: Transaction, after: After = 0, limit: Limit = 50) -> Page[ImportJob]:
    """Return imports, the newest first."""
    return await service.page(connection, after, limit)


@router.get("/api/imports/{job_id}")
async def get_import(connection: Transaction, job_id: Id) -> ImportJob:
    """Return one import and how far it is."""
    return await service.get(connection, job_id)


@router.get("/api/imports/{job_id}/rejects")
async def list_rejects(
    connection: Transaction, job_id: Id, after: After = 0, limit: Limit = 100
) -> Page[Reject]:
    """Return the rows that were refused, in the file's order; there once all of it has been read."""
    return await service.reject_page(connection, job_id, after, limit)


@router.get("/api/imports/{job_id}/rejects.csv", response_class=StreamingResponse)
async def download_rejects(state: State, job_id: Id) -> StreamingResponse:
    """Return the same as a file, to be mended in a spreadsheet."""
    async with state.database.begin() as connection:
        await service.get(connection, job_id)
    return StreamingResponse(
        rejects_as_csv(state.database, job_id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-{job_id}-rejects.csv"'},
    )


async def _insert(database: Database, received: Received, username: str) -> ImportJob:
    """Make a job of a file in the spool, committed on return.

    Should the commit fail, it is not known whether it did: the file stays, and is swept up later if not.
    """
    new = NewJob(
        spool_name=received.spool_name,
        filename=received.filename,
        format=received.format,
        source=received.options.source,
        submitted_by=username,
        partial=received.options.partial,
        release=received.options.release,
        mapping=received.options.mapping,
    )
    async with database.begin() as connection:
        job_id = await service.create(connection, new)
        if job_id is None:
            raise RuntimeError(f"the place {received.spool_name} in the spool was given out twice")
        return await service.get(connection, job_id)

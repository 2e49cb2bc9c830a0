"""HTTP: hand a file in, see what becomes of it, get back what was refused."""

from __future__ import annotations

import asyncio
from typing import Annotated

import structlog
from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from magacin.contracts.identity import Identity
from magacin.contracts.imports import (
    CREATE_ARTICLES_IMPORT,
    CREATE_IMPORT,
    CREATE_LOCATIONS_IMPORT,
    DOWNLOAD_REJECTS,
    GET_IMPORT,
    LIST_IMPORTS,
    LIST_REJECTS,
    ImportJob,
    ImportMode,
    ImportQuery,
    Preview,
    ReadingOptions,
    Reject,
)
from magacin.contracts.order_files import Subject
from magacin.contracts.payloads import Page, Paging
from magacin.core.db import Database
from magacin.core.endpoint import Id
from magacin.core.requests import Transaction
from magacin.core.router import Json, Router
from magacin.imports import service
from magacin.imports.dependencies import CurrentIdentity, ImportState, State
from magacin.imports.errors import ProfileNotFound, UnknownProfile
from magacin.imports.jobs import NewJob
from magacin.imports.profiles import service as profiles
from magacin.imports.rejects import rejects_as_csv
from magacin.imports.upload import Options, Received, Upload

log = structlog.get_logger(__name__)

router = Router()


@router.handles(CREATE_IMPORT)
async def create_import(
    request: Request, state: State, identity: CurrentIdentity, wanted: Annotated[ImportMode, Query()]
) -> ImportJob | Json[Preview]:
    """Take a file. It is on the disk and will be imported when the answer leaves, whatever happens then.

    For a preview it is read, and nothing of it is kept.
    """
    return await _take(request, state, identity, wanted, Subject.ORDERS)


@router.handles(CREATE_ARTICLES_IMPORT)
async def create_articles_import(
    request: Request, state: State, identity: CurrentIdentity, wanted: Annotated[ImportMode, Query()]
) -> ImportJob | Json[Preview]:
    """Take a file of articles, as one of orders is taken. Its good rows count, each by itself."""
    return await _take(request, state, identity, wanted, Subject.ARTICLES)


@router.handles(CREATE_LOCATIONS_IMPORT)
async def create_locations_import(
    request: Request, state: State, identity: CurrentIdentity, wanted: Annotated[ImportMode, Query()]
) -> ImportJob | Json[Preview]:
    """Take a file of locations, as one of orders is taken. Its good rows count, each by itself."""
    return await _take(request, state, identity, wanted, Subject.LOCATIONS)


async def _take(
    request: Request, state: ImportState, identity: Identity, wanted: ImportMode, subject: Subject
) -> ImportJob | Json[Preview]:
    async with Upload(state.spool, state.max_bytes) as upload:
        received = await upload.receive(request, subject)
        reading = await _reading(state.database, received.options)
        if wanted.preview:
            path = await asyncio.to_thread(state.spool.path, received.spool_name)
            return Json(await state.previewer.preview(path, received, reading))
        # Whether a commit that fails was one is not known: the file stays, and is swept up later if not.
        upload.keep()
    job = await _insert(state.database, received, reading, identity)
    state.work.wake()
    log.info("import_queued", job_id=job.job_id, source=job.source)
    return job


@router.handles(LIST_IMPORTS)
async def list_imports(connection: Transaction, wanted: Annotated[ImportQuery, Query()]) -> Page[ImportJob]:
    """Return imports, the newest first."""
    return await service.page(connection, wanted.after, wanted.limit)


@router.handles(GET_IMPORT)
async def get_import(connection: Transaction, job_id: Id) -> ImportJob:
    """Return one import and how far it is."""
    return await service.get(connection, job_id)


@router.handles(LIST_REJECTS)
async def list_rejects(
    connection: Transaction, job_id: Id, wanted: Annotated[Paging, Query()]
) -> Page[Reject]:
    """Return the rows that were refused, in the file's order; there once all of it has been read."""
    return await service.reject_page(connection, job_id, wanted.after, wanted.limit)


@router.handles(DOWNLOAD_REJECTS)
async def download_rejects(state: State, job_id: Id) -> StreamingResponse:
    """Return the same as a file, to be mended in a spreadsheet."""
    async with state.database.begin() as connection:
        await service.get(connection, job_id)
    return StreamingResponse(
        rejects_as_csv(state.database, job_id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="import-{job_id}-rejects.csv"'},
    )


async def _reading(database: Database, options: Options) -> ReadingOptions:
    """Return how a file is to be read: what is said of it goes before what its profile says."""
    if options.profile is None:
        return options.reading
    async with database.begin() as connection:
        try:
            profile = await profiles.get(connection, options.profile)
        except ProfileNotFound as error:
            raise UnknownProfile(error.message) from error
    if misfit := profile.misfit(options.subject):
        raise UnknownProfile(misfit)
    return profile.overridden(options.reading)


async def _insert(
    database: Database, received: Received, reading: ReadingOptions, identity: Identity
) -> ImportJob:
    """Make a job of a file in the spool, committed on return."""
    new = NewJob(
        spool_name=received.spool_name,
        filename=received.filename,
        format=received.format,
        source=received.options.source,
        submitted_by=identity.username,
        partial=received.options.partial,
        release=received.options.release,
        replace=received.options.replace,
        reading=reading,
        profile=received.options.profile,
    )
    async with database.begin() as connection:
        job_id = await service.create(connection, new, identity)
        if job_id is None:
            raise RuntimeError(f"the place {received.spool_name} in the spool was given out twice")
        return await service.get(connection, job_id)

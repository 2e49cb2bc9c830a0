"""The watched folder: files that are put there become jobs, and end beside what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from magacin.contracts.import_profiles import Profile
from magacin.contracts.imports import RECOGNISED, ImportJob, JobStatus
from magacin.core import audit
from magacin.core.db import Database
from magacin.imports import service
from magacin.imports.jobs import NewJob
from magacin.imports.parsers.registry import TEXT, format_of
from magacin.imports.profiles import service as profiles
from magacin.imports.profiles.ready_made import not_found
from magacin.imports.rejects import rejects_as_csv
from magacin.imports.repository import JobRepository
from magacin.imports.settings import ImportSettings
from magacin.imports.spool import (
    DIFFERS,
    ERROR,
    FOLDER,
    REJECTS,
    FileBeside,
    Spool,
    Unclaimable,
    Waiting,
    display_name,
    profile_of,
)

log = structlog.get_logger(__name__)

SOURCE = "folder"
_SWEEP_SECONDS = 600.0


class FolderWatcher:
    """Looks into the watched folder. `step` is for a `BackgroundLoop`."""

    def __init__(
        self, database: Database, spool: Spool, settings: ImportSettings, arrived: Callable[[], None]
    ) -> None:
        self._database = database
        self._spool = spool
        self._settings = settings
        self._arrived = arrived
        self._unchanged: dict[Waiting, float] = {}
        self._looked_at = time.monotonic()
        self._refused: dict[Waiting, str] = {}
        self._unknown: dict[str, str] = {}
        self._swept_at: float | None = None

    async def step(self) -> bool:
        """Take in the files that are complete."""
        if self._swept_at is None or time.monotonic() - self._swept_at > _SWEEP_SECONDS:
            await self._sweep()
            self._swept_at = time.monotonic()
        waiting = await asyncio.to_thread(self._spool.waiting)
        self._refused = {file: self._refused[file] for file in waiting if file in self._refused}
        complete = self._complete(waiting)
        named = await self._profiles({file.folder for file in waiting if file.folder})
        for file in complete:
            if not file.folder or file.folder in named:
                await self._take(file, named.get(file.folder))
        return False

    async def check(self) -> None:
        """Raise while there are files that cannot be taken in: a probe for `Health`."""
        problems = [f"files wait in incoming/{folder}/: {reason}" for folder, reason in self._unknown.items()]
        if self._refused:
            reasons = "; ".join(sorted(set(self._refused.values())))
            problems.append(
                f"files in incoming/ that cannot be moved from there: {len(self._refused)} ({reasons})"
            )
        if problems:
            raise RuntimeError("; ".join(problems))

    async def _profiles(self, folders: set[str]) -> dict[str, Profile]:
        """Return the profiles that folders are named for; note those that are named for none, once."""
        if not folders:
            self._unknown = {}
            return {}
        async with self._database.begin() as connection:
            known = await profiles.by_name(connection)
        unknown = {
            display_name(folder): not_found(folder, known)
            for folder in folders
            if folder.lower() not in known
        }
        for folder in unknown.keys() - self._unknown.keys():
            log.warning("import_folder_unknown", folder=folder, reason=unknown[folder])
        self._unknown = unknown
        return {folder: known[folder.lower()] for folder in folders if folder.lower() in known}

    async def _take(self, file: Waiting, profile: Profile | None) -> None:
        try:
            name = await asyncio.to_thread(self._spool.claim, file, profile.name if profile else None)
        except Unclaimable as error:
            # It is tried again at every look, and told of once; those behind it have their turn.
            if self._refused.get(file) != str(error):
                log.warning("import_file_unclaimable", file=display_name(file.name), reason=str(error))
            self._refused[file] = str(error)
            return
        self._refused.pop(file, None)
        if name is None:
            return
        try:
            await self._insert(name, file.name, profile)
        except BaseException:
            self._swept_at = None  # it lies in the spool without a job, as after a crash: look there again
            raise

    def _complete(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Return the files that have been seen as they are, size and time included, for long enough.

        Two looks count for the pause between them, however long ago the first one was: where this process
        stood still, so may whoever writes.
        """
        now = time.monotonic()
        passed = min(now - self._looked_at, self._settings.import_folder_seconds)
        self._looked_at = now
        before = self._unchanged
        self._unchanged = {file: before[file] + passed if file in before else 0.0 for file in waiting}
        enough = self._settings.import_settle_seconds
        return [file for file, seconds in self._unchanged.items() if seconds >= enough]

    async def _insert(self, name: str, filename: str, profile: Profile | None) -> None:
        settings = self._settings
        new = NewJob(
            spool_name=name,
            filename=display_name(filename),
            # What can be none becomes a failed job, so that somebody sees it.
            format=(format_of(filename) or TEXT).name,
            source=SOURCE,
            submitted_by=settings.import_folder_user,
            partial=settings.import_folder_partial,
            release=settings.import_folder_release,
            replace=settings.import_folder_replace,
            reading=profile.reading if profile else RECOGNISED,
            profile=profile.name if profile else None,
        )
        async with self._database.begin() as connection:
            job_id = await service.create(connection, new, audit.SYSTEM)
        if job_id is not None:
            log.info("import_queued", job_id=job_id, source=SOURCE)
            self._arrived()

    async def _sweep(self) -> None:
        """Mend what a crash left behind: a claimed file without a job becomes one; half an upload goes."""
        places = await asyncio.to_thread(self._spool.places)
        async with self._database.begin() as connection:
            known = await JobRepository(connection).known_spool_names(places)
        for name in places:
            if name not in known:
                await self._mend(name)

    async def _mend(self, name: str) -> None:
        try:
            path = await asyncio.to_thread(self._spool.path, name)
        except FileNotFoundError:
            path = None
        if path is not None and name.startswith(FOLDER):
            await self._claimed_before(name, path.name)
        elif await asyncio.to_thread(self._spool.is_abandoned, name):
            log.info("spool_swept", place=name)
            await asyncio.to_thread(self._spool.remove, name)

    async def _claimed_before(self, name: str, filename: str) -> None:
        profile, wanted = None, profile_of(name)
        if wanted is not None:
            async with self._database.begin() as connection:
                known = await profiles.by_name(connection)
            profile = known.get(wanted)
            if profile is None:
                # Somebody has removed it meanwhile. Once it is saved again the next sweep finds it.
                log.warning("import_profile_gone", place=name, reason=not_found(wanted, known))
                return
        await self._insert(name, filename, profile)


class Archivist:
    """Clears the spool after finished jobs. `step` is for a `BackgroundLoop`."""

    def __init__(self, database: Database, spool: Spool) -> None:
        self._database = database
        self._spool = spool

    async def step(self) -> bool:
        """Put one finished file where it belongs; return whether there was one."""
        async with self._database.begin() as connection:
            found = await service.next_with_file(connection)
            if found is None:
                return False
            name, job = found
            if name.startswith(FOLDER):
                await self._archive(name, job)
            else:
                await asyncio.to_thread(self._spool.remove, name)
            await JobRepository(connection).forget_file(job.job_id)
        return True

    async def _archive(self, name: str, job: ImportJob) -> None:
        succeeded = job.status is JobStatus.SUCCEEDED
        path = await asyncio.to_thread(self._spool.archive, name, job.job_id, succeeded=succeeded)
        if job.error:
            await asyncio.to_thread(_write_beside, path, ERROR, [job.error])
        if job.counts.requisitions_differing:
            await asyncio.to_thread(_write_beside, path, DIFFERS, job.notes)
        if job.counts.rows_rejected or job.counts.rows_held_back:
            file = await asyncio.to_thread(FileBeside, path, REJECTS)
            async for text in rejects_as_csv(self._database, job.job_id):
                await asyncio.to_thread(file.write, text)
            await asyncio.to_thread(file.keep)


def _write_beside(path: Path, suffix: str, lines: Sequence[str]) -> None:
    file = FileBeside(path, suffix)
    file.write("".join(f"{line}\n" for line in lines))
    file.keep()

"""`magacin import --dry-run`: what importing files would come to.

People are told by the stack, which knows what was imported before. Where there is none, and for programs, the
files are read here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from magacin.cli._gateway import Gateway, NobodyAnswers, Where, upload_of
from magacin.cli._import_report import exit_status, print_preview, printable_name
from magacin.contracts.import_profiles import Profile
from magacin.contracts.imports import CREATE_IMPORT_OF, Preview, ReadingOptions
from magacin.contracts.order_files import Subject
from magacin.imports.dry_run import DryRun, dry_run
from magacin.imports.profiles.ready_made import not_found, ready_made
from magacin.stack.errors import StackError


@dataclass(frozen=True)
class Trial:
    """Files of which nothing is imported, and how they are to be read; `form` says it as an upload does."""

    files: Sequence[Path]
    reading: ReadingOptions
    profile: str | None
    form: dict[str, str]
    partial: bool
    where: Where

    def as_json(self) -> int:
        """Print all rows; return the exit status that the import would have."""
        from pydantic_core import to_json

        runs = self._runs()
        documents = [run.as_json() for run in runs]
        typer.echo(to_json(documents[0] if len(documents) == 1 else documents, indent=2))
        return exit_status([(run.error, run.content.counts) for run in runs])

    def for_people(self) -> int:
        """Print the first rows; return the exit status that the import would have."""
        try:
            previews = asyncio.run(self._asked())
        except NobodyAnswers as error:
            if self.where.url is not None:
                raise
            remark = f"{self._unknown} is not known: {error.what}"
            runs = zip(self._runs(), self.files, strict=True)
            previews = [run.as_preview(printable_name(file.name), remark) for run, file in runs]
        for file, preview in zip(self.files, previews, strict=True):
            print_preview(printable_name(file.name), preview, self.reading.subject)
        return exit_status([(preview.error, preview.counts) for preview in previews])

    @property
    def _unknown(self) -> str:
        if self.reading.subject is Subject.ORDERS:
            return "Which of these requisitions were imported before"
        return f"What there is of these {self.reading.subject.value}, and which rows contradict it,"

    async def _asked(self) -> list[Preview]:
        async with self.where.gateway() as gateway:
            return [await self._preview(gateway, file) for file in self.files]

    async def _preview(self, gateway: Gateway, file: Path) -> Preview:
        path = f"{CREATE_IMPORT_OF[self.reading.subject].path}?preview=true"
        try:
            answer = await gateway.call("POST", path, lambda: upload_of(file, self.form))
        except NobodyAnswers:
            raise
        except StackError as error:
            raise StackError(f"{file}: {error.what}", *error.details) from error
        return Preview.model_validate(answer)

    def _runs(self) -> list[DryRun]:
        profile = find_profile(self.profile, self.where) if self.profile is not None else None
        if profile and (misfit := profile.misfit(self.reading.subject)):
            raise StackError(misfit)
        options = profile.overridden(self.reading) if profile else self.reading
        name = profile.name if profile else None
        return [
            dry_run(file, printable_name(file.name), options, partial=self.partial, profile=name)
            for file in self.files
        ]


def find_profile(name: str, where: Where) -> Profile:
    """Return a profile: a ready-made one, or one that the stack has; raise `StackError` if there is none."""
    known = ready_made()
    key = name.strip().lower()
    if found := known.get(key):
        return found
    try:
        answers = asyncio.run(saved_profiles(where))
    except NobodyAnswers as error:
        raise StackError(
            f"{not_found(name, known)} Those that were saved are known to the stack alone, and {error.what}",
            *error.details,
        ) from error
    everything = {profile.name: profile for profile in answers}
    if key not in everything:
        raise StackError(not_found(name, everything))
    return everything[key]


async def saved_profiles(where: Where) -> list[Profile]:
    """Return all profiles that a stack knows; raise `NobodyAnswers` without one."""
    async with where.gateway() as gateway:
        return [Profile.model_validate(one) for one in await gateway.call("GET", "/api/import-profiles")]

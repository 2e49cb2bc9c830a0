"""`magacin import`: hand order files to a running stack, and watch what becomes of them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from magacin.cli._common import DataDirOption, data_dir
from magacin.cli._dry_run import try_out
from magacin.cli._import_report import FAILED, SHOWN_REJECTS, WITH_REJECTS, print_job, printable_name
from magacin.contracts.imports import Column, ReadingOptions
from magacin.imports.parsers.registry import titles
from magacin.imports.profiles.ready_made import not_found, ready_made
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    import aiohttp
    from rich.progress import Progress, TaskID

    from magacin.contracts.import_profiles import Profile
    from magacin.contracts.imports import ImportJob, Reject

app = typer.Typer()

ADMIN = "admin"
_POLL_SECONDS = 0.3
# A gateway or service that restarts is waited for: the import itself goes on without us.
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Account:
    """Where to import, and as whom. The password is read from its file when it is needed."""

    url: str
    user: str
    password_file: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    job: ImportJob
    rejects: list[Reject]


@app.command("import")
def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help=f"Files of orders: {titles()}.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows of a requisition that has a bad one.")
    ] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Make a pick task of each requisition at once.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Give requisitions that were imported before this content, where nobody has picked of them.",
        ),
    ] = False,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--mapping",
            metavar="MEANING=COLUMN",
            help="Which column means what, such as requisition=Belegnr; may be given several times. "
            f"Meanings: {', '.join(Column)}.",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Its encoding, such as cp1250.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="SIGN", help="What separates the columns of a text.")
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option("--decimal", metavar=",|.", help="What stands before decimals: is 1.000 a thousand?"),
    ] = None,
    header_row: Annotated[
        int | None, typer.Option("--header-row", metavar="N", help="The row that names the columns, from 1.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", metavar="NAME", help="Their unit of measure: lines in another are refused."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", metavar="NAME", help="How files of one sender are read, such as shopify or sap."
        ),
    ] = None,
    data_dir_option: DataDirOption = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Address of the gateway, instead of that of the stack."),
    ] = None,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Who imports.")] = ADMIN,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", metavar="FILE", help="File with the user's password.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be imported, and import nothing; needs no stack."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the import jobs as JSON; with --dry-run all rows.")
    ] = False,
) -> None:
    """Import orders from files. Exit 0: all imported; 1: a file failed; 3: imported, but for some rows."""
    reading = _reading(
        mapping=_mapping(mapping or []),
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        header_row=header_row,
        sheet=sheet,
        unit=unit,
    )
    if dry_run:
        _require_readable(files)
        raise typer.Exit(try_out(files, reading, _profile(profile), partial=partial, as_json=as_json))
    account = _account(data_dir_option, url, user, password_file)
    _require_readable(files)
    choices = {"partial": partial, "release": release, "replace": replace}
    form = {name: str(chosen).lower() for name, chosen in choices.items()} | {"source": "cli"}
    if profile is not None:
        form["profile"] = profile
    outcomes = asyncio.run(_import_all(account, files, form | _as_form(reading)))
    if as_json:
        print(json.dumps([outcome.job.model_dump(mode="json") for outcome in outcomes], indent=2))
    else:
        for outcome in outcomes:
            print_job(outcome.job, outcome.rejects, account.url)
    raise typer.Exit(exit_code([outcome.job for outcome in outcomes]))


def exit_code(jobs: Sequence[ImportJob]) -> int:
    """Return 1 when a file failed, 3 when something of one was not imported, else 0.

    What was imported before is imported; a duplicate that differs is not.
    """
    if any(job.error is not None for job in jobs):
        return FAILED
    left_out = ("rows_rejected", "rows_held_back", "requisitions_differing")
    return WITH_REJECTS if any(getattr(job.counts, name) for job in jobs for name in left_out) else 0


def _account(option: Path | None, url: str | None, user: str, password_file: Path | None) -> Account:
    from magacin.stack.parts import address

    data = data_dir(option)
    if password_file is None:
        if user != ADMIN or url is not None:
            raise StackError(
                f"the password of {user} is not known here.", "Give the file it is in: --password-file FILE"
            )
        password_file = data.secrets / "admin-password"
    if url is None:
        known = data.identity()
        if known is None:
            raise StackError(
                f"there is no stack in {data.path}.", "Start one: ./magacin up. Or name it: --data-dir DIR"
            )
        url = f"http://{address('api-gateway', known.port_offset)}"
    return Account(url.rstrip("/"), user, password_file)


def _mapping(options: Sequence[str]) -> dict[str, str]:
    found = {}
    for option in options:
        meaning, _, name = option.partition("=")
        if meaning.strip().lower() not in set(Column) or not name.strip():
            raise StackError(
                f"--mapping {option} is not understood.",
                f"Write MEANING=COLUMN; meanings are {', '.join(column.value for column in Column)}.",
            )
        found[meaning.strip().lower()] = name.strip()
    return found


def _reading(**values: Any) -> ReadingOptions:
    from pydantic import ValidationError

    from magacin.core.validation import explained

    try:
        return ReadingOptions.model_validate(
            {name: value for name, value in values.items() if value is not None}
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        option = f"--{problem['loc'][0]}".replace("_", "-")
        raise StackError(f"{option} {values[str(problem['loc'][0])]}: {explained(problem)}.") from error


def _profile(name: str | None) -> Profile | None:
    if name is None:
        return None
    known = ready_made()
    found = known.get(name.strip().lower())
    if found is None:
        raise StackError(
            not_found(name, known),
            "Those that are ready-made are known here. One that was saved is known to its stack alone.",
        )
    return found


def _as_form(reading: ReadingOptions) -> dict[str, str]:
    """Return options as the fields of an upload."""
    fields = reading.model_dump(mode="json", exclude_none=True)
    return {
        name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in fields.items()
    }


def _require_readable(files: Sequence[Path]) -> None:
    for file in files:
        try:
            with file.open("rb"):
                pass
        except OSError as error:
            raise StackError(f"cannot read {file} ({error.strerror}). Nothing was imported.") from error


class Gateway:
    """The API as one user. Logs in when it has to, also when the token has run out on the way."""

    def __init__(self, session: aiohttp.ClientSession, account: Account) -> None:
        self._session = session
        self._account = account
        self._token: str | None = None

    async def call(self, method: str, path: str, body: Callable[[], Any] | None = None) -> Any:
        """Return the answer; raise `StackError` for an error."""
        for attempt in (1, 2):
            if self._token is None:
                await self._login()
            status, answer = await self._send(method, path, body() if body else None)
            if status == 401 and attempt == 1:
                self._token = None
                continue
            break
        if status >= 400:
            raise _refusal(status, answer)
        return answer

    async def _login(self) -> None:
        try:
            password = self._account.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StackError(
                f"cannot read the password file {self._account.password_file} ({error.strerror}).",
                "Is the stack started (./magacin up)? Else give one: --password-file FILE",
            ) from error
        login = {"username": self._account.user, "password": password}
        status, answer = await self._send("POST", "/api/auth/login", login)
        if status != 200:
            raise _refusal(status, answer)
        self._token = answer["access_token"]

    async def _send(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        import aiohttp

        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        content = {"json": body} if isinstance(body, dict) else {"data": body}
        try:
            async with self._session.request(
                method, self._account.url + path, headers=headers, **content
            ) as response:
                is_json = response.content_type == "application/json"
                return response.status, await response.json() if is_json else await response.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise StackError(
                f"the gateway at {self._account.url} does not answer ({type(error).__name__}).",
                "See how the stack is: ./magacin status",
            ) from error


def _refusal(status: int, answer: Any) -> StackError:
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    return StackError(error.get("message") or f"the gateway answered with status {status}.")


async def _import_all(account: Account, files: Sequence[Path], form: dict[str, str]) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from magacin.stack import clients

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    # A large file takes its time on the way; how long the service may be silent is another matter.
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        async with clients.http_session(total=None, read=60) as session:
            gateway = Gateway(session, account)
            return [await _import_one(gateway, file, form, progress) for file in files]


async def _import_one(gateway: Gateway, file: Path, form: dict[str, str], progress: Progress) -> Outcome:
    from magacin.contracts.imports import ImportJob, Reject

    bar = progress.add_task(f"{file.name}: sending", total=None)
    try:
        answer = await gateway.call("POST", "/api/imports", lambda: _body(file, form))
    except StackError as error:
        raise StackError(f"{file}: {error.what}", *error.details) from error
    job = await _watch(gateway, ImportJob.model_validate(answer), progress, bar)
    rejects = await gateway.call("GET", f"/api/imports/{job.job_id}/rejects?limit={SHOWN_REJECTS}")
    return Outcome(job, [Reject.model_validate(item) for item in rejects["items"]])


def _body(file: Path, form: dict[str, str]) -> aiohttp.FormData:
    import aiohttp

    # As browsers do it: quoted, each space and each letter beyond ASCII would arrive as %20 and the like.
    data = aiohttp.FormData(form, quote_fields=False)
    # Opened by number: aiohttp would try to send the name of an open file as it is.
    content = os.fdopen(os.open(file, os.O_RDONLY), "rb")
    data.add_field("file", content, filename=printable_name(file.name))
    return data


async def _watch(gateway: Gateway, job: ImportJob, progress: Progress, bar: TaskID) -> ImportJob:
    from magacin.contracts.imports import ImportJob

    loop = asyncio.get_running_loop()
    answered_at = loop.time()
    while not job.status.finished:
        _show(job, progress, bar)
        await asyncio.sleep(_POLL_SECONDS)
        try:
            job = ImportJob.model_validate(await gateway.call("GET", f"/api/imports/{job.job_id}"))
            answered_at = loop.time()
        except StackError as error:
            if loop.time() - answered_at > _PATIENCE_SECONDS:
                raise StackError(
                    f"import {job.job_id} was accepted, and cannot be watched any more: {error.what}",
                    "It goes on by itself as soon as the services run.",
                ) from error
    _show(job, progress, bar)
    return job


def _show(job: ImportJob, progress: Progress, bar: TaskID) -> None:
    counts = job.counts
    if counts.requisitions_total:
        done = counts.requisitions_created + counts.requisitions_replaced + counts.requisitions_duplicate
        text = f"waiting for {job.waiting_for}" if job.waiting_for else "requisitions"
        progress.update(
            bar, description=f"{job.filename}: {text}", total=counts.requisitions_total, completed=done
        )
    else:
        progress.update(bar, description=f"{job.filename}: reading", completed=counts.rows_read)

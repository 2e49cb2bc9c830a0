"""`magacin profiles`: how the files of each sender are read, under a name."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from typing import Annotated, Any

import typer

from magacin.cli._common import DataDirOption
from magacin.cli._dry_run import find_profile, saved_profiles
from magacin.cli._gateway import ADMIN, NobodyAnswers, PasswordFileOption, UrlOption, UserOption, Where
from magacin.cli._reading_options import (
    DecimalOption,
    DelimiterOption,
    EncodingOption,
    HeaderRowOption,
    MappingOption,
    SheetOption,
    SubjectOption,
    UnitOption,
    reading_of,
)
from magacin.contracts.import_profiles import Profile
from magacin.contracts.order_files import Subject
from magacin.imports.profiles.ready_made import ready_made

app = typer.Typer(no_args_is_help=True, help="Manage profiles: how the files of each sender are read.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    user: UserOption = ADMIN,
    password_file: PasswordFileOption = None,
    as_json: AsJson = False,
) -> None:
    """Show all profiles; without a stack those that are ready-made."""
    try:
        profiles = asyncio.run(saved_profiles(Where(data_dir, url, user, password_file)))
    except NobodyAnswers as error:
        if url is not None:
            raise
        print(f"Those that were saved are not shown: {error.what}", file=sys.stderr)
        profiles = [*ready_made().values()]
    if as_json:
        print(json.dumps([profile.model_dump(mode="json") for profile in profiles], indent=2))
        return
    width = max(len(profile.name) for profile in profiles)
    for profile in profiles:
        kind = "ready-made" if profile.ready_made else "saved"
        print(f"{profile.name:<{width}}  {kind:<10}  {profile.description}".rstrip())


@app.command()
def show(
    name: Name,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    user: UserOption = ADMIN,
    password_file: PasswordFileOption = None,
    as_json: AsJson = False,
) -> None:
    """Show how a profile has files read. A ready-made one needs no stack."""
    profile = find_profile(name, Where(data_dir, url, user, password_file))
    if as_json:
        print(json.dumps(profile.model_dump(mode="json"), indent=2))
        return
    print(f"{profile.name}: {profile.description or 'no description'}")
    for option, value in _options(profile):
        print(f"  --{option} {shlex.quote(str(value))}")


@app.command()
def save(
    name: Name,
    subject: SubjectOption = Subject.ORDERS,
    mapping: MappingOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    decimal: DecimalOption = None,
    header_row: HeaderRowOption = None,
    sheet: SheetOption = None,
    unit: UnitOption = None,
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="Whose files they are.")
    ] = "",
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    user: UserOption = ADMIN,
    password_file: PasswordFileOption = None,
) -> None:
    """Save a profile, in place of one of that name. What is not said is recognised in each file."""
    reading = reading_of(
        mapping,
        subject,
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        header_row=header_row,
        sheet=sheet,
        unit=unit,
    )
    body = {**reading.model_dump(mode="json", exclude_none=True), "description": description}
    saved = Profile.model_validate(_call(Where(data_dir, url, user, password_file), "PUT", name, body))
    print(
        f"Saved the profile {saved.name}. Files are read by it with --profile {saved.name}, or when they are"
    )
    print(f"put into the folder {saved.name} below the watched one.")


@app.command()
def remove(
    name: Name,
    data_dir: DataDirOption = None,
    url: UrlOption = None,
    user: UserOption = ADMIN,
    password_file: PasswordFileOption = None,
) -> None:
    """Remove a profile. Files that came before are read by it all the same."""
    _call(Where(data_dir, url, user, password_file), "DELETE", name)
    print(f"Removed the profile {name}.")


def _options(profile: Profile) -> list[tuple[str, object]]:
    names = [
        ("mapping", f"{column}={name}")
        for column, names in sorted(profile.mapping.items())
        for name in ([names] if isinstance(names, str) else names)
    ]
    others = profile.reading.model_dump(exclude={"mapping", "subject"}, exclude_none=True)
    about = [("subject", profile.subject.value)] if profile.subject is not Subject.ORDERS else []
    return [*about, *names, *((option.replace("_", "-"), value) for option, value in others.items())]


def _call(where: Where, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
    from urllib.parse import quote

    async def call() -> Any:
        async with where.gateway() as gateway:
            path = f"/api/import-profiles/{quote(name, safe='')}"
            return await gateway.call(method, path, (lambda: body) if body is not None else None)

    return asyncio.run(call())

"""`magacin user`: manage the people who may log in, also when nobody can log in yet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import SecretStr, TypeAdapter, ValidationError

from magacin.cli._common import DataDirOption, database_url
from magacin.contracts.auth import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    User,
    UserChange,
)
from magacin.contracts.devices import Pin
from magacin.contracts.erasures import Erasure, ErasureIn
from magacin.contracts.identity import PEOPLE, Identity, Role
from magacin.contracts.payloads import Username
from magacin.core.db import Database
from magacin.core.errors import AppError
from magacin.core.files import write_private
from magacin.core.validation import explained
from magacin.gateway.people.badges import Badges
from magacin.gateway.people.erasing import Erasures
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.pins import replace_pin
from magacin.gateway.people.users import UserExists, Users, require_active
from magacin.stack.errors import StackError

T = TypeVar("T")

# Whoever sits at the machine, in the audit log: no person can have such a name.
_BY = Identity("magacin user", Role.ADMIN)

app = typer.Typer(no_args_is_help=True, help="Manage the people who may log in.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Holds the password; made with a generated one, for this user's eyes only, if there is none.",
    ),
]
Show = Annotated[
    bool, typer.Option("--show", help="Print a generated password although the output is no terminal.")
]


@app.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option("--role", metavar="ROLE", help=f"What the user may do: {', '.join(PEOPLE)}.")
    ],
    password_file: PasswordFile = None,
    show: Show = False,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="Change nothing, and succeed, if the user exists.")
    ] = False,
    data: DataDirOption = None,
) -> None:
    """Create a user. Without a file the password is generated and printed once."""
    _check_name(name)
    if role not in PEOPLE:
        raise StackError(f"nobody is a {role}.", f"A user has one of these roles: {', '.join(PEOPLE)}")
    if if_missing and _run(data, lambda users: users.find(name)) is not None:
        print(f"There is a user {name} already.")
        return
    try:
        with _password(password_file, show) as (password, generated):
            _run(data, lambda users: users.add(_BY, name, role, password))
    except UserExists:
        if not if_missing:
            raise StackError(
                f"there is a user {name} already.",
                f"Give them a new password: magacin user passwd {name}",
            ) from None
        print(f"There is a user {name} already.")
        return
    print(f"Created the user {name} with the role {role}.")
    _tell(password, generated, password_file)


@app.command("list")
def list_(data: DataDirOption = None) -> None:
    """Show all users."""
    users = _run(data, lambda directory: directory.all())
    width = max((len(user.username) for user in users), default=4)
    for user in users:
        print(f"{user.username:<{width}}  {user.role:<10}  {'active' if user.active else 'disabled'}")
    if not users:
        print("There are no users. Make one: magacin user add NAME --role admin")


@app.command()
def passwd(
    name: Name, password_file: PasswordFile = None, show: Show = False, data: DataDirOption = None
) -> None:
    """Give a user a new password. All their logins end."""
    with _password(password_file, show) as (password, generated):
        _change(data, name, UserChange(password=password))
    print(f"{name} has a new password.")
    _tell(password, generated, password_file)


@app.command()
def disable(name: Name, data: DataDirOption = None) -> None:
    """Keep a user from logging in, and end their logins. What they did stays theirs."""
    _change(data, name, UserChange(active=False))
    print(f"{name} cannot log in any more. Undo: magacin user enable {name}")


@app.command()
def enable(name: Name, data: DataDirOption = None) -> None:
    """Let a disabled user log in again."""
    _change(data, name, UserChange(active=True))
    print(f"{name} can log in again.")


@app.command()
def erase(
    name: Name,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="NAME", help="The name once more; asked for without.")
    ] = None,
    data: DataDirOption = None,
) -> None:
    """Erase who was disabled: what they did stays, under a pseudonym. It cannot be taken back."""
    typed = confirm or typer.prompt(f"Type {name} once more to erase them for good")
    _check_name(typed)

    async def begin(database: Database, passwords: Passwords) -> Erasure:
        erasures = Erasures(database, Users(database, passwords))
        return await erasures.begin(_BY, name, ErasureIn(username=typed))

    erasure = _open(data, begin)
    print(f"{name} is erased, and was {erasure.pseudonym} in what is kept.")
    print("The gateway replaces the name there while it runs, within the hour.")


@app.command()
def pin(
    name: Name,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the PIN instead.")] = False,
    data: DataDirOption = None,
) -> None:
    """Ask for a user's new PIN, with which they log in on enrolled devices. What was locked works again."""
    chosen = None if remove else _ask_pin()

    async def replace(database: Database, passwords: Passwords) -> None:
        users = Users(database, passwords)
        hashed = None if chosen is None else await passwords.hash(chosen)
        async with users.changing(name) as (connection, row):
            if hashed is not None:
                require_active(row)
            await replace_pin(users, connection, _BY, row, hashed)

    _open(data, replace)
    print(f"{name} has {'no PIN any more' if remove else 'a new PIN'}. Logins by the one before have ended.")


@app.command()
def badge(
    name: Name,
    end: Annotated[bool, typer.Option("--end", help="End the badge, and make none.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the code although the output is no terminal.")
    ] = False,
    data: DataDirOption = None,
) -> None:
    """Make a badge for a user, in the place of the one before. Its code is shown once."""
    if not (end or show or sys.stdout.isatty()):
        raise StackError(
            "the code of a badge would go into a file or a pipe, and whoever reads it can log in by it.",
            "Ask for that with --show.",
        )

    async def replace(database: Database, passwords: Passwords) -> str | None:
        badges = Badges(database, Users(database, passwords))
        if end:
            await badges.end(_BY, name)
            return None
        return (await badges.make(_BY, name))[0].code

    code = _open(data, replace)
    if code is None:
        print(f"The badge of {name} has ended, and the logins by it.")
    else:
        print(f"The code for the badge of {name}, which is shown only now: {code}")


def _ask_pin() -> SecretStr:
    typed = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    try:
        return TypeAdapter(Pin).validate_python(typed)
    except ValidationError as error:
        said = explained(error.errors()[0])
        raise StackError("that is no PIN to take.", f"It was refused: {said}.") from None


def _change(data: Path | None, name: str, change: UserChange) -> User:
    return _run(data, lambda users: users.change(_BY, name, change))[0]


def _run(data: Path | None, work: Callable[[Users], Awaitable[T]]) -> T:
    return _open(data, lambda database, passwords: work(Users(database, passwords)))


def _open(data: Path | None, work: Callable[[Database, Passwords], Awaitable[T]]) -> T:
    url = database_url(data, os.environ)

    async def run() -> T:
        database, passwords = Database(url, application="magacin-user", pool_size=1), Passwords()
        try:
            return await work(database, passwords)
        finally:
            passwords.close()
            await database.close()

    try:
        return asyncio.run(run())
    except UserExists:
        raise
    except AppError as error:
        raise StackError(error.message) from error


def _check_name(name: str) -> None:
    try:
        TypeAdapter(Username).validate_python(name)
    except ValidationError:
        raise StackError(
            f"{name!r} cannot be a user's name.",
            "Use up to 32 lower-case letters, digits, dots, dashes and underscores; a letter or digit first.",
        ) from None


@contextlib.contextmanager
def _password(file: Path | None, show: bool) -> Iterator[tuple[SecretStr, bool]]:
    """Give the password, and whether it was made here; it is then in `file`, if the body succeeds."""
    if file is not None and file.exists():
        yield _read_password(file), False
        return
    generated = secrets.token_urlsafe(15)
    if file is None:
        if not (show or sys.stdout.isatty()):
            raise StackError(
                "a generated password would go into a file or a pipe.",
                "Name a file for it with --password-file FILE, or ask for it with --show.",
            )
        yield SecretStr(generated), True
        return
    # Before the user is made: one whose password could not be written down would be locked out.
    _write_password(file, generated)
    try:
        yield SecretStr(generated), True
    except Exception:
        file.unlink()  # nobody has that password
        raise


def _write_password(file: Path, password: str) -> None:
    try:
        write_private(file, password + "\n")
    except OSError as error:
        raise StackError(f"cannot write the password to {file} ({error.strerror}).") from error


def _read_password(file: Path) -> SecretStr:
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StackError(f"cannot read the password from {file} ({error}).") from error
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise StackError(
            f"the password in {file} has {len(password)} characters.",
            f"It needs {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH}.",
        )
    return SecretStr(password)


def _tell(password: SecretStr, generated: bool, file: Path | None) -> None:
    if generated and file is not None:
        print(f"The password is in {file}.")
    elif generated:
        print(f"The password, which is shown only now: {password.get_secret_value()}")

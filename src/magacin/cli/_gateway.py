"""The API as a command uses it: who asks, where, and what is said when nobody answers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from magacin.cli._common import data_dir
from magacin.cli._import_report import printable_name
from magacin.stack.errors import StackError

if TYPE_CHECKING:
    import aiohttp

ADMIN = "admin"

UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Address of the gateway, instead of that of the stack."),
]
UserOption = Annotated[str, typer.Option("--user", metavar="NAME", help="Whose account is used.")]
PasswordFileOption = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="File with the user's password.")
]


class NobodyAnswers(StackError):
    """There is no stack, or its gateway is not reached."""


@dataclass(frozen=True)
class Account:
    """Where to ask, and as whom. The password is read from its file when it is needed."""

    url: str
    user: str
    password_file: Path


@dataclass(frozen=True)
class Where:
    """What a command's options say of whose stack is asked, and as whom."""

    data_dir: Path | None
    url: str | None
    user: str
    password_file: Path | None

    @asynccontextmanager
    async def gateway(self) -> AsyncIterator[Gateway]:
        """Open the API; raise `StackError` where the options do not say which, or there is no stack."""
        from magacin.stack import clients

        account = account_of(self)
        # A large file takes its time on the way; how long the service may be silent is another matter.
        async with clients.http_session(total=None, read=60) as session:
            yield Gateway(session, account)


def account_of(where: Where) -> Account:
    """Return the account that options name; raise `StackError` where they do not, or there is no stack."""
    from magacin.stack.parts import address

    data = data_dir(where.data_dir)
    url, password_file = where.url, where.password_file
    if password_file is None:
        if where.user != ADMIN or url is not None:
            raise StackError(
                f"the password of {where.user} is not known here.",
                "Give the file it is in: --password-file FILE",
            )
        password_file = data.secrets / "admin-password"
    if url is None:
        known = data.identity()
        if known is None:
            raise NobodyAnswers(
                f"there is no stack in {data.path}.",
                "Name it: --data-dir DIR. Or start one: ./magacin up",
                "For one in Docker or elsewhere, say where it is: --url http://localhost:8000",
            )
        url = f"http://{address('api-gateway', known.port_offset)}"
    return Account(url.rstrip("/"), where.user, password_file)


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
            raise NobodyAnswers(
                f"the gateway at {self._account.url} does not answer ({type(error).__name__}).",
                "See how the stack is: ./magacin status",
            ) from error


def _refusal(status: int, answer: Any) -> StackError:
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    return StackError(error.get("message") or f"the gateway answered with status {status}.")


def upload_of(file: Path, form: dict[str, str]) -> aiohttp.FormData:
    """Return a form with a file in it, to be sent once."""
    import aiohttp

    # As browsers do it: quoted, each space and each letter beyond ASCII would arrive as %20 and the like.
    data = aiohttp.FormData(form, quote_fields=False)
    # Opened by number: aiohttp would try to send the name of an open file as it is.
    content = os.fdopen(os.open(file, os.O_RDONLY), "rb")
    data.add_field("file", content, filename=printable_name(file.name))
    return data

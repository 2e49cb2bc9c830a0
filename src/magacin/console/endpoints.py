"""Logging in, and the inbox of development."""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, TypeAdapter
from starlette.responses import HTMLResponse, JSONResponse, Response

from magacin import __version__
from magacin.console.errors import NoInbox, WrongPassword
from magacin.console.metrics import LOGINS, LoginOutcome
from magacin.console.sessions import Session
from magacin.console.settings import ConsoleSettings
from magacin.console.state import Console, ConsoleState
from magacin.console.upstream import Upstream
from magacin.contracts.inbox import MAIL_POLICY, MessageDetail
from magacin.core.errors import NotFound, TooManyRequests
from magacin.core.parts import listed_parts

log = structlog.get_logger(__name__)
router = APIRouter(tags=["console"])

LOGIN_WINDOW_SECONDS = 60
_DETAIL = TypeAdapter(MessageDetail)


class Features(BaseModel):
    """What this installation has."""

    inbox: bool


class State(BaseModel):
    """Whether somebody is logged in, and what the pages need to know besides."""

    authenticated: bool
    csrf_token: str | None
    features: Features
    version: str


class Login(BaseModel):
    """A login."""

    password: str = Field(max_length=1000)


@router.get("/api/session", summary="Is somebody logged in?")
async def state(request: Request, console: Console) -> State:
    """Return the state of the session."""
    return _state(console, request.state.session)


@router.post("/api/session", summary="Log in")
async def login(request: Request, console: Console, given: Login) -> Response:
    """Begin a session."""
    settings, attempts = console.settings, console.attempts
    address = request.client.host if request.client else ""
    if wait := attempts.wait(address, settings.console_login_failures):
        LOGINS.labels(LoginOutcome.RATE_LIMITED).inc()
        raise TooManyLogins(math.ceil(wait))
    if not _is_same(given.password, settings.operator_password.get_secret_value()):
        attempts.add(address)
        LOGINS.labels(LoginOutcome.WRONG_PASSWORD).inc()
        log.warning("login_refused", address=address)
        raise WrongPassword("That is not the operator's password.")
    attempts.forget(address)
    LOGINS.labels(LoginOutcome.SUCCESS).inc()
    session = console.sessions.begin()
    log.info("login", address=address)
    body = _state(console, session).model_dump()
    return JSONResponse(body, headers={"Set-Cookie": console.sessions.cookie(session)})


@router.delete("/api/session", summary="Log out", status_code=204)
async def logout(request: Request, console: Console) -> Response:
    """End the session, for whoever else may have its cookie too."""
    console.sessions.end(request.state.session)
    return Response(status_code=204, headers={"Set-Cookie": console.sessions.cookie(None)})


class TooManyLogins(TooManyRequests):
    """Too many passwords were tried from one address."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many failed logins. Try again in {seconds} seconds.", retry_after=seconds)


def _is_same(given: str, password: str) -> bool:
    # Of equal length, whatever was given: the comparison tells nothing by the time it takes.
    return hmac.compare_digest(
        hashlib.sha256(given.strip().encode(errors="replace")).digest(),
        hashlib.sha256(password.encode()).digest(),
    )


def _state(console: ConsoleState, session: Session | None) -> State:
    return State(
        authenticated=session is not None,
        csrf_token=console.sessions.csrf_token(session) if session else None,
        features=Features(inbox=_inbox_url(console.settings) is not None),
        version=__version__,
    )


def _inbox_url(settings: ConsoleSettings) -> str | None:
    return next((part.url for part in listed_parts(settings.parts_file) if part.title == "Inbox"), None)


def _inbox(console: ConsoleState) -> tuple[Upstream, str]:
    url = _inbox_url(console.settings)
    if url is None:
        raise NoInbox("This installation has no inbox; its messages go to real people.")
    return console.inbox, url.rstrip("/")


@router.get("/api/inbox/messages", summary="Messages of the inbox")
async def messages(request: Request, console: Console) -> Response:
    """Return messages, as the inbox does."""
    upstream, url = _inbox(console)
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "wait"]
    answer = await upstream.ask("GET", f"{url}/api/messages", query=query)
    return Response(answer.body, answer.status, media_type="application/json")


@router.get("/api/inbox/messages/{message_id}/html", summary="The HTML of a mail, for a frame")
async def mail(console: Console, message_id: Annotated[int, Path(ge=0)]) -> HTMLResponse:
    """Return a mail as its reader's program would show it, in a sandbox.

    A frame with `srcdoc` instead would get the page's policy, which allows no styles of its own.
    """
    upstream, url = _inbox(console)
    answer = await upstream.ask("GET", f"{url}/api/messages/{message_id}")
    if answer.status != 200:
        raise NotFound("There is no such message; perhaps it had to make room for newer ones.")
    html = _DETAIL.validate_json(answer.body).html
    # Its links open beside the console and not inside of it.
    return HTMLResponse(f'<base target="_blank">{html}', headers={"Content-Security-Policy": MAIL_POLICY})

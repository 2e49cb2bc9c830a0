"""HTTP: logging in and out, PINs and badges, and admins who manage the people who may."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from magacin.contracts.auth import (
    CHANGE_USER,
    CREATE_USER,
    END_LOGIN,
    END_LOGINS,
    LIST_LOGINS,
    LIST_USERS,
    LOGIN,
    LOGOUT,
    REFRESH,
    WHO_AM_I,
    LoginIn,
    OpenLogin,
    RefreshIn,
    Tokens,
    User,
    UserChange,
    UserIn,
)
from magacin.contracts.devices import (
    END_BADGE,
    LIST_WORKERS,
    LOGIN_BY_BADGE,
    LOGIN_BY_PIN,
    MAKE_BADGE,
    PRINT_BADGES,
    REMOVE_PIN,
    SET_PIN,
    Badge,
    BadgeLoginIn,
    BadgePrintIn,
    PinIn,
    PinLoginIn,
    Worker,
)
from magacin.contracts.erasures import ERASE_USER, LIST_ERASURES, Erasure, ErasureIn
from magacin.core.exports import as_pdf
from magacin.gateway.client_address import client_address
from magacin.gateway.people.dependencies import CurrentUser, Router, Unproved
from magacin.gateway.state import State

router = Router()


@router.handles(LOGIN)
async def login(credentials: LoginIn, request: Request, state: State) -> Tokens:
    """Return an access token, and a refresh token to get the next one with."""
    return await state.sessions.login(credentials, _address(request, state))


@router.handles(LOGIN_BY_PIN)
async def login_by_pin(credentials: PinLoginIn, request: Request, state: State) -> Tokens:
    """Return tokens that last a shift. After five wrong PINs in a row it is `pin_locked` on this device."""
    return await state.sessions.login_by_pin(credentials, _address(request, state))


@router.handles(LOGIN_BY_BADGE)
async def login_by_badge(credentials: BadgeLoginIn, request: Request, state: State) -> Tokens:
    """Return tokens that last a shift. `code` is what the scanner sent, in capitals or not."""
    return await state.sessions.login_by_badge(credentials, _address(request, state))


@router.handles(REFRESH)
async def refresh(body: RefreshIn, by: Unproved, state: State) -> Tokens:
    """Each refresh token works once, and again for a short grace. Later it ends the login it belongs to."""
    return await state.sessions.refresh(body.refresh_token, by)


@router.handles(LOGOUT)
async def logout(body: RefreshIn, by: Unproved, state: State) -> None:
    """The refresh token and its successors stop working; the access token runs out by itself."""
    await state.sessions.logout(body.refresh_token, by)


@router.handles(WHO_AM_I)
async def me(identity: CurrentUser) -> User:
    """Return the person an access token belongs to."""
    return User(username=identity.username, role=identity.role, active=True)


@router.handles(LIST_USERS)
async def list_users(state: State) -> list[User]:
    """Return all users by name, the inactive ones included."""
    return await state.users.all()


@router.handles(CREATE_USER)
async def create_user(user: UserIn, by: CurrentUser, state: State) -> User:
    """Create a user. Nobody gets the name of another one before that one was erased, to the end."""
    return await state.users.add(by, user.username, user.role, user.password)


@router.handles(CHANGE_USER)
async def change_user(username: str, change: UserChange, by: CurrentUser, state: State) -> User:
    """Change what is given. The user's access tokens end; after a deactivation or a new password, all do."""
    user, generation = await state.users.change(by, username, change)
    state.tokens.generations.learn({username: generation})
    return user


@router.handles(ERASE_USER)
async def erase_user(username: str, wanted: ErasureIn, by: CurrentUser, state: State) -> Erasure:
    """Who it was cannot be found out any more, nor brought back. The rest is done within the hour.

    Only who was deactivated, and whose scans no device still holds; nobody themself. Asked for again while it
    goes on, it is answered the same; once it is done, there is nobody of that name.
    """
    erasure = await state.erasures.begin(by, username, wanted)
    state.tokens.generations.is_nobody(username)
    return erasure


@router.handles(LIST_ERASURES)
async def list_erasures(state: State) -> list[Erasure]:
    """Return who was erased, the last one first. Their names are nobody's to read."""
    return await state.erasures.all()


@router.handles(LIST_LOGINS)
async def list_logins(username: str, state: State) -> list[OpenLogin]:
    """Return the logins of somebody that go on, those first that last longest."""
    return await state.logins.of(username)


@router.handles(END_LOGINS)
async def end_logins(username: str, by: CurrentUser, state: State) -> None:
    """Whoever it is has to log in anew, everywhere. Password, PIN and badge stay good."""
    state.tokens.generations.learn({username: await state.logins.end_all(by, username)})


@router.handles(END_LOGIN)
async def end_login(username: str, login_id: UUID, by: CurrentUser, state: State) -> None:
    """Whoever it is has to log in anew there. Password, PIN and badge stay good."""
    state.tokens.generations.learn({username: await state.logins.end(by, username, login_id)})


@router.handles(LIST_WORKERS)
async def list_workers(state: State) -> list[Worker]:
    """Return everybody who is active, by name. PINs and badges themselves are nobody's to read."""
    return await state.users.active()


@router.handles(SET_PIN)
async def set_pin(username: str, body: PinIn, identity: CurrentUser, request: Request, state: State) -> None:
    """Supervisors set workers' PINs, admins anybody's; one's own needs the password or the present PIN.

    What was locked works again, and logins by the PIN before end.
    """
    generation = await state.pins.set(identity, username, body, _address(request, state))
    state.tokens.generations.learn({username: generation})


@router.handles(REMOVE_PIN)
async def remove_pin(username: str, identity: CurrentUser, state: State) -> None:
    """Logins by it end. Removing a PIN that is not there is no error."""
    state.tokens.generations.learn({username: await state.pins.remove(identity, username)})


@router.handles(MAKE_BADGE)
async def make_badge(username: str, identity: CurrentUser, state: State) -> Badge:
    """Supervisors make workers' badges, admins anybody's. The badge before ends, and the logins by it."""
    badge, generation = await state.badges.make(identity, username)
    state.tokens.generations.learn({username: generation})
    return badge


@router.handles(PRINT_BADGES)
async def print_badges(wanted: BadgePrintIn, identity: CurrentUser, state: State) -> Response:
    """As to make a badge, for several people at once: all get one, or nobody and an error.

    The file is the only place where the codes are; who loses it prints again.
    """
    drawn, generations = await state.badges.print_new(identity, wanted)
    state.tokens.generations.learn(generations)
    return as_pdf(drawn, "badges.pdf")


@router.handles(END_BADGE)
async def end_badge(username: str, identity: CurrentUser, state: State) -> None:
    """Logins by it end. Ending a badge that is not there is no error."""
    state.tokens.generations.learn({username: await state.badges.end(identity, username)})


def _address(request: Request, state: State) -> str:
    return client_address(request, state.settings.trusted_proxies)

"""HTTP: logging in and out, and admins who manage the people who may."""

from __future__ import annotations

from fastapi import Request

from magacin.contracts.auth import (
    CHANGE_USER,
    CREATE_USER,
    LIST_USERS,
    LOGIN,
    LOGOUT,
    REFRESH,
    WHO_AM_I,
    LoginIn,
    RefreshIn,
    Tokens,
    User,
    UserChange,
    UserIn,
)
from magacin.gateway.client_address import client_address
from magacin.gateway.people.dependencies import CurrentUser, Router
from magacin.gateway.state import State

router = Router()


@router.handles(LOGIN)
async def login(credentials: LoginIn, request: Request, state: State) -> Tokens:
    """Return an access token, and a refresh token to get the next one with."""
    address = client_address(request, state.settings.trusted_proxies)
    return await state.sessions.login(credentials, address)


@router.handles(REFRESH)
async def refresh(body: RefreshIn, state: State) -> Tokens:
    """Each refresh token works once, and again for a short grace. Later it ends the login it belongs to."""
    return await state.sessions.refresh(body.refresh_token)


@router.handles(LOGOUT)
async def logout(body: RefreshIn, state: State) -> None:
    """The refresh token and its successors stop working; the access token runs out by itself."""
    await state.sessions.logout(body.refresh_token)


@router.handles(WHO_AM_I)
async def me(identity: CurrentUser) -> User:
    """Return the person an access token belongs to."""
    return User(username=identity.username, role=identity.role, active=True)


@router.handles(LIST_USERS)
async def list_users(state: State) -> list[User]:
    """Return all users by name, the inactive ones included."""
    return await state.users.all()


@router.handles(CREATE_USER)
async def create_user(user: UserIn, state: State) -> User:
    """Create a user. Names are never given to somebody else later: users are deactivated, not deleted."""
    return await state.users.add(user.username, user.role, user.password)


@router.handles(CHANGE_USER)
async def change_user(username: str, change: UserChange, state: State) -> User:
    """Change what is given. The user's access tokens end; after a deactivation or a new password, all do."""
    user, generation = await state.users.change(username, change)
    state.tokens.generations.learn({username: generation})
    return user

"""Endpoints: logging in and out."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from magacin.contracts.auth import LoginIn, RefreshIn, Tokens, User
from magacin.gateway.client_address import client_address
from magacin.gateway.openapi import errors
from magacin.gateway.people.dependencies import CurrentUser, SessionsOf, bearer

router = APIRouter(tags=["auth"])


@router.post(
    "/api/auth/login", summary="Log in with name and password", responses=errors(400, 401, 403, 422, 429, 503)
)
async def login(credentials: LoginIn, request: Request, sessions: SessionsOf) -> Tokens:
    """Return an access token, and a refresh token to get the next one with."""
    trusted = request.app.state.settings.trusted_proxies
    return await sessions.login(credentials, client_address(request, trusted))


@router.post(
    "/api/auth/refresh",
    summary="Exchange a refresh token for new tokens",
    responses=errors(400, 401, 422, 503),
)
async def refresh(body: RefreshIn, sessions: SessionsOf) -> Tokens:
    """Each refresh token works once. One that comes again ends the login it belongs to."""
    return await sessions.refresh(body.refresh_token)


@router.post("/api/auth/logout", summary="End a login", status_code=204, responses=errors(400, 422, 503))
async def logout(body: RefreshIn, sessions: SessionsOf) -> None:
    """The refresh token and its successors stop working; the access token runs out by itself."""
    await sessions.logout(body.refresh_token)


@router.get("/api/auth/me", summary="Who am I?", dependencies=[Depends(bearer)], responses=errors(401))
async def me(identity: CurrentUser) -> User:
    """Return the person an access token belongs to."""
    return User(username=identity.username, role=identity.role, active=True)

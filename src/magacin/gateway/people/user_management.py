"""Endpoints: admins manage the people who may log in."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from magacin.contracts.auth import User, UserChange, UserIn
from magacin.contracts.identity import Role
from magacin.gateway.openapi import errors, needs
from magacin.gateway.people.dependencies import Admin, UsersOf, bearer

router = APIRouter(tags=["users"], dependencies=[Depends(bearer)])


@router.get(
    "/api/users",
    summary="All users",
    responses=errors(401, 403, 503),
    openapi_extra=needs(Role.ADMIN),
)
async def list_users(_: Admin, users: UsersOf) -> list[User]:
    """Return all users by name, the inactive ones included."""
    return await users.all()


@router.post(
    "/api/users",
    summary="Create a user",
    status_code=201,
    responses=errors(400, 401, 403, 409, 422, 503),
    openapi_extra=needs(Role.ADMIN),
)
async def create_user(_: Admin, user: UserIn, users: UsersOf) -> User:
    """Create a user. Names are never given to somebody else later: users are deactivated, not deleted."""
    return await users.add(user.username, user.role, user.password)


@router.patch(
    "/api/users/{username}",
    summary="Change a user's role or password, deactivate or reactivate them",
    responses=errors(400, 401, 403, 404, 409, 422, 503),
    openapi_extra=needs(Role.ADMIN),
)
async def change_user(_: Admin, username: str, change: UserChange, request: Request, users: UsersOf) -> User:
    """Change what is given. The user's access tokens end; after a deactivation or a new password, all do."""
    user, generation = await users.change(username, change)
    request.app.state.tokens.generations.learn({username: generation})
    return user

"""The demo's people and their generated passwords, kept in a file that only its owner can read."""

from __future__ import annotations

import secrets
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from magacin.contracts.identity import Role
from magacin.core.files import write_private

VISITOR = "you"
"""Whoever tries the demo: a worker whom nobody simulates."""

_NAMES = {
    VISITOR: Role.WORKER,
    "ana": Role.WORKER,
    "marko": Role.WORKER,
    "jelena": Role.WORKER,
    "petar": Role.WORKER,
    "ivana": Role.WORKER,
    "sanja": Role.SUPERVISOR,
    "milan": Role.MANAGER,
}


class DemoUser(BaseModel):
    """A made-up person. The password is plain: the file is the only place where it is known."""

    username: str
    role: Role
    password: str


_USERS = TypeAdapter(list[DemoUser])


def read_demo_users(path: Path) -> list[DemoUser]:
    """Return the demo's users, or none when there is no such file yet."""
    try:
        return _USERS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []


def ensure_demo_users(path: Path) -> list[DemoUser]:
    """Return the demo's users, generating and keeping the passwords of those who have none."""
    known = {user.username: user for user in read_demo_users(path)}
    users = [
        known.get(name) or DemoUser(username=name, role=role, password=secrets.token_urlsafe(15))
        for name, role in _NAMES.items()
    ]
    if len(known) < len(users):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, _USERS.dump_json(users, indent=2).decode())
    return users

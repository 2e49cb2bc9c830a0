"""What a command loads is what its user waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LOAD = """
import sys
from magacin.cli.main import build
build(sys.argv[1])
if sys.argv[1] in ("migrate", "user"):
    import magacin.gateway.migrate, magacin.imports.migrate, magacin.tasks.migrate
if sys.argv[1] in ("up", "status", "down"):
    import magacin.stack.lifecycle
print(*sys.modules)
"""
_SERVICES_OWN = {"fastapi", "starlette", "uvicorn", "socketio"}
_DATABASE = {"sqlalchemy", "alembic", "asyncpg"}


@pytest.mark.parametrize(
    ("command", "absent"),
    [
        ("status", _SERVICES_OWN | _DATABASE),
        ("up", _SERVICES_OWN | _DATABASE),
        ("down", _SERVICES_OWN | _DATABASE),
        ("import", _SERVICES_OWN | _DATABASE),
        ("user", _SERVICES_OWN),
        ("migrate", _SERVICES_OWN),
    ],
)
def test_a_command_does_without(command: str, absent: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, command], capture_output=True, text=True, check=True, timeout=120
    )
    assert not absent & set(done.stdout.split())

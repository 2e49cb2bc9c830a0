from __future__ import annotations

import importlib
import os
import subprocess
import sys

from magacin.ops.schemas import SCHEMAS
from tests.conftest import Server


def test_a_migrate_function_for_each_schema() -> None:
    for schema in SCHEMAS:
        assert callable(importlib.import_module(f"magacin.{schema}.migrate").migrate)


def test_it_waits_for_a_database_that_is_not_there_yet(postgres_server: Server) -> None:
    url = f"postgresql+asyncpg://magacin@127.0.0.1:{postgres_server.port}/postgres"
    postgres_server.kill()
    migrating = subprocess.Popen(
        [sys.executable, "-m", "magacin.cli", "migrate"],
        env={**os.environ, "MAGACIN_DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert migrating.stderr is not None
    assert migrating.stderr.readline() == "PostgreSQL is out of reach. Trying for 60 s …\n"
    postgres_server.start()

    said, _ = migrating.communicate(timeout=120)
    assert (migrating.returncode, said) == (0, f"Up to date: {', '.join(SCHEMAS)}.\n")

from __future__ import annotations

from pathlib import Path

import pytest

from magacin.cli import migrate
from magacin.stack.errors import StackError


class TestDatabaseUrl:
    @pytest.fixture
    def stack_file(self, tmp_path: Path) -> Path:
        file = tmp_path / "database-url"
        file.write_text("of-the-stack\n")
        return file

    def test_the_environment_wins_over_its_file_over_the_stack(
        self, stack_file: Path, tmp_path: Path
    ) -> None:
        named = tmp_path / "named"
        named.write_text("of-the-file\n")
        environment = {"MAGACIN_DATABASE_URL": "of-the-variable", "MAGACIN_DATABASE_URL_FILE": str(named)}
        urls = []
        while True:
            urls.append(migrate._database_url(stack_file, environment).get_secret_value())
            if not environment:
                break
            environment.pop(next(iter(environment)))
        assert urls == ["of-the-variable", "of-the-file", "of-the-stack"]

    def test_a_file_that_is_not_there_is_named(self, stack_file: Path) -> None:
        with pytest.raises(StackError, match="/nowhere"):
            migrate._database_url(stack_file, {"MAGACIN_DATABASE_URL_FILE": "/nowhere"})


def test_a_migrate_function_for_each_schema() -> None:
    import importlib

    for schema in migrate.SCHEMAS:
        assert callable(importlib.import_module(f"magacin.{schema}.migrate").migrate)

from __future__ import annotations

import importlib

from magacin.ops.schemas import SCHEMAS


def test_a_migrate_function_for_each_schema() -> None:
    for schema in SCHEMAS:
        assert callable(importlib.import_module(f"magacin.{schema}.migrate").migrate)

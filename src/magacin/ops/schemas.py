"""The schemas of the database, and the migrations that this code knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import magacin
from magacin.core import audit_table

# Each service owns a schema, and the migrations of that schema lie in its package.
SCHEMAS = ("gateway", "tasks", "imports")
# And the audit log has one that no service owns.
KEPT = (*SCHEMAS, audit_table.SCHEMA)
_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_FOLLOWS = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def heads() -> Mapping[str, str | None]:
    """Return the newest migration of each schema."""
    return {schema: next(iter(_known(schema) - _followed(schema)), None) for schema in SCHEMAS}


def unknown(revisions: Mapping[str, str]) -> dict[str, str]:
    """Return those of `revisions` (schema to migration) that this code does not have."""
    return {
        schema: revision
        for schema, revision in revisions.items()
        if schema not in SCHEMAS or revision not in _known(schema)
    }


def _known(schema: str) -> set[str]:
    return {found[1] for text in _texts(schema) if (found := _REVISION.search(text))}


def _followed(schema: str) -> set[str]:
    return {found[1] for text in _texts(schema) if (found := _FOLLOWS.search(text))}


def _texts(schema: str) -> list[str]:
    """Return the migrations' files. Reading them is a second faster than Alembic is."""
    folder = Path(magacin.__file__).parent / schema / "migrations" / "versions"
    return [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]

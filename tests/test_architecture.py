"""What import-linter has no rule for; its own are in .importlinter. How migrations follow each other."""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import grimp
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from packaging.utils import canonicalize_name

import magacin
from magacin.ops.doctor.versions import pinned
from magacin.stack.paths import ROOT

MIGRATIONS = sorted(Path(magacin.__file__).parent.glob("*/migrations"))


@pytest.mark.parametrize("folder", MIGRATIONS, ids=lambda folder: folder.parent.name)
def test_migrations_are_one_line(folder: Path) -> None:
    """Each is named for its number, and comes after the one before, also where two were begun at once."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    scripts = [*ScriptDirectory.from_config(config).walk_revisions()][::-1]
    files = sorted(path.name[:4] for path in folder.glob("versions/[0-9]*.py"))
    assert [one.revision for one in scripts] == files
    assert scripts[0].down_revision is None
    assert all(after.down_revision == before.revision for before, after in pairwise(scripts))


def test_no_circle_of_imports() -> None:
    """What a module imports for its types alone counts too: a reader has to follow it all the same."""
    graph = grimp.build_graph("magacin", cache_dir=None)
    circles: dict[frozenset[str], str] = {}
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            if back := graph.find_shortest_chain(importer=imported, imported=module):
                circles.setdefault(frozenset(back), " → ".join([module, *back]))
    assert not circles, "\n".join(["modules import each other:", *circles.values()])


def test_what_the_product_imports_is_what_it_installs() -> None:
    """A package that tests alone bring is missing on every machine that never ran them."""
    installed = set(map(canonicalize_name, pinned((ROOT / "requirements.txt").read_text(encoding="utf-8"))))
    graph = grimp.build_graph("magacin", include_external_packages=True, cache_dir=None)
    imported = {
        name
        for module in graph.modules
        for name in graph.find_modules_directly_imported_by(module)
        if not name.startswith("magacin") and name not in sys.stdlib_module_names
    }
    brought_by = packages_distributions()
    missing = {
        name for name in imported if installed.isdisjoint(map(canonicalize_name, brought_by.get(name, ())))
    }
    assert {"fastapi", "packaging", "supervisor"} <= imported
    assert not missing

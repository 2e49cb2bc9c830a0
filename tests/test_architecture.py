"""What import-linter has no rule for; its own are in .importlinter."""

from __future__ import annotations

import grimp


def test_no_circle_of_imports() -> None:
    """What a module imports for its types alone counts too: a reader has to follow it all the same."""
    graph = grimp.build_graph("magacin", cache_dir=None)
    circles: dict[frozenset[str], str] = {}
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            if back := graph.find_shortest_chain(importer=imported, imported=module):
                circles.setdefault(frozenset(back), " → ".join([module, *back]))
    assert not circles, "\n".join(["modules import each other:", *circles.values()])

"""Where the console's pages are, by the list that the console itself has of them."""

from __future__ import annotations

import re
from itertools import product

from magacin.stack.paths import ROOT

_LIST = ROOT / "web" / "apps" / "console" / "pages.ts"
_PAGE = re.compile(r'\bpage\(\s*"(/[^"]*)"')
# What stands for the parameters of an address.
_PARAMETERS = {"/:name?": ["", "/ServiceDown", "/history"], "/:id": ["/none"]}
# What an address can have besides, where that shows something else.
_VIEWS = {"/alerts": ["", "?view=rules", "?view=silences"], "/explore": ["?expr=up"]}


def addresses() -> list[str]:
    """Return at least one address of each page that is open to whoever is logged in, dashboards excepted."""
    patterns = _PAGE.findall(_LIST.read_text(encoding="utf-8"))
    paths = [path for pattern in patterns if pattern != "/login" for path in _filled(pattern)]
    return [path + view for path in paths for view in _VIEWS.get(path, [""])]


def _filled(pattern: str) -> list[str]:
    parts = re.split(r"(/:\w+\??)", pattern)
    return [
        "".join(chosen) for chosen in product(*(_PARAMETERS[p] if p.startswith("/:") else [p] for p in parts))
    ]

"""What the product contains, as CycloneDX has it (ECMA-424), and under which licences.

Components are what `requirements.txt` pins, as it is installed here, and what the applications in web/ are
built from. What comes with an image or the system beside them, such as PostgreSQL, is not the product's.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from rich.console import Console
from rich.table import Table

from magacin import __version__
from magacin.cli._common import Progress
from magacin.ops.doctor.versions import pinned
from magacin.stack import webapp
from magacin.stack.errors import StackError
from magacin.stack.paths import ROOT

FILE = "sbom.cdx.json"
_SPEC = "1.5"

# Those that let the product be given on under its own, Apache-2.0. They ask for a notice, or (MPL-2.0) for
# the source of changes to the library itself. OFL-1.1 is for fonts.
ALLOWED = frozenset(
    {
        *(
            "0BSD",
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "BlueOak-1.0.0",
            "CC0-1.0",
            "ISC",
            "MIT",
            "MIT-0",
            "MIT-CMU",
        ),
        *("MPL-2.0", "OFL-1.1", "PSF-2.0", "Python-2.0", "Unlicense", "LicenseRef-Repoze"),
    }
)
# Packages of before SPDX say it in words: a classifier of PyPI.
_IN_WORDS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved": "",
}
# Packages that declare none in a form that programs read; this is what their licence files say.
_BY_FILE = {
    "promql-parser": "MIT",
    "supervisor": "LicenseRef-Repoze",  # BSD-like, and names its authors
    "xmlhttprequest-ssl": "MIT",
}

Component = Mapping[str, Any]


def write(target: Path) -> None:
    """Write the bill of materials, show licences; raise `StackError` for one that is not allowed."""
    bill = merged(_of_python(), json.loads(webapp.bill_of_materials(Progress())))
    target.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    console = Console()
    console.print(_table(bill["components"]))
    print(f"{len(bill['components'])} components are listed in {target}")
    if refused := sorted(not_allowed(bill["components"])):
        raise StackError(
            f"The licence of {', '.join(refused)} is unknown here, or not one of those that are allowed.",
            "Read its licence file, then name it in src/magacin/cli/_sbom.py, or do without the package.",
        )


def _of_python() -> dict[str, Any]:
    program = Path(sys.executable).with_name("cyclonedx-py")
    command = [str(program), "environment", sys.executable, "--pyproject", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--spec-version", _SPEC, "--output-reproducible"], check=True, stdout=subprocess.PIPE
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    wanted = set(map(canonicalize_name, pinned((ROOT / "requirements.txt").read_text("utf-8"))))
    bill["components"] = [one for one in bill["components"] if canonicalize_name(one["name"]) in wanted]
    return bill


def merged(python: dict[str, Any], web: Mapping[str, Any]) -> dict[str, Any]:
    """Return one bill of both: the components, and which of them needs which."""
    product = python["metadata"]["component"]
    product["version"] = __version__
    pages = web["metadata"]["component"]["bom-ref"]
    components = [*python["components"], *web["components"]]
    known = {product["bom-ref"], *(one["bom-ref"] for one in components)}
    needs: dict[str, set[str]] = defaultdict(set)
    for one in (*python["dependencies"], *web["dependencies"]):
        # What the pages need, the product does.
        owner = product["bom-ref"] if one["ref"] == pages else one["ref"]
        needs[owner].update(known.intersection(one.get("dependsOn", ())))
    return {
        **python,
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs[ref])} for ref in sorted(known)],
    }


def licences(component: Component) -> set[str]:
    """Return the SPDX identifiers of a component's licences, or the words that it uses instead."""
    said = {name for choice in component.get("licenses", ()) for name in _names(choice)}
    return said or {_BY_FILE.get(canonicalize_name(component["name"]), "none declared")}


def _names(choice: Mapping[str, Any]) -> Iterator[str]:
    if "expression" in choice:
        # All of them, as if each OR were an AND: none of ours needs the choice.
        yield from (
            part
            for part in re.findall(r"[\w.+-]+", choice["expression"])
            if part not in ("AND", "OR", "WITH")
        )
    elif "id" in choice["license"]:
        yield choice["license"]["id"]
    elif known := _IN_WORDS.get(choice["license"]["name"], choice["license"]["name"]):
        yield known


def not_allowed(components: Iterable[Component]) -> set[str]:
    """Return the names of components that may not be given on with the product, as far as is known here."""
    return {one["name"] for one in components if not licences(one) <= ALLOWED}


def _table(components: Iterable[Component]) -> Table:
    by_licence: dict[str, list[str]] = defaultdict(list)
    for one in components:
        by_licence[", ".join(sorted(licences(one)))].append(one["name"])
    table = Table("licence", "of", "such as", title="Licences of what the product contains")
    for licence, names in sorted(by_licence.items(), key=lambda item: (-len(item[1]), item[0])):
        table.add_row(licence, str(len(names)), ", ".join(sorted(names)[:4]))
    return table

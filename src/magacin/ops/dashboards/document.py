"""One dashboard file: reading it, and walking through what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magacin.core import grafana_model
from magacin.stack.paths import ROOT

FOLDER = ROOT / "monitoring" / "grafana" / "dashboards"
# What only arranges or explains shows no data.
WITHOUT_DATA = frozenset({"row", "text"})

Json = dict[str, Any]


class DashboardError(Exception):
    """A file that is no dashboard; says where and why, for the person who gave it."""


@dataclass(frozen=True)
class Document:
    """A dashboard and the file it came from."""

    path: Path
    content: Json

    @property
    def panels(self) -> list[Json]:
        """The panels, those inside collapsed rows among them."""
        return list(_panels(self.content.get("panels", [])))

    @property
    def data_panels(self) -> list[Json]:
        """The panels that show data."""
        return [panel for panel in self.panels if panel.get("type") not in WITHOUT_DATA]

    @property
    def variables(self) -> dict[str, Json]:
        """The variables by name."""
        return {v.get("name", ""): v for v in self.content.get("templating", {}).get("list", [])}

    @property
    def annotations(self) -> list[Json]:
        """The annotation queries, without the one that Grafana has built in."""
        return [a for a in self.content.get("annotations", {}).get("list", []) if not a.get("builtIn")]

    @property
    def queries(self) -> Iterator[tuple[str, str]]:
        """Yield (what asks, expression) for each panel's targets and for the annotations."""
        for panel in self.data_panels:
            for target in panel.get("targets", []):
                yield f'panel "{panel.get("title", "")}"', target.get("expr", "")
        for annotation in self.annotations:
            yield f'annotation "{annotation.get("name", "")}"', annotation.get("expr", "")


def _panels(listed: list[Json]) -> Iterator[Json]:
    for panel in listed:
        yield panel
        yield from _panels(panel.get("panels", []))


def read(path: Path) -> Document:
    """Read a dashboard as Grafana exports one; raise DashboardError for anything else."""
    try:
        text = path.read_text(encoding="utf-8")
    except IsADirectoryError as error:
        raise DashboardError(f"{path}: is a folder; name the files in it") from error
    except OSError as error:
        raise DashboardError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DashboardError(f"{path}: is not UTF-8 at byte {error.start}") from error
    return Document(path, parse(text, path))


def parse(text: str, path: Path) -> Json:
    """Return the dashboard in a file's text, without what an API or a resource wraps it in."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DashboardError(f"{path}:{error.lineno}:{error.colno}: is not JSON ({error.msg})") from error
    except RecursionError as error:
        raise DashboardError(f"{path}: is nested too deeply for a dashboard") from error
    content = _unwrapped(content, path)
    for key, kind in (("title", str), ("panels", list)):
        if not isinstance(content.get(key), kind):
            raise DashboardError(f"{path}: is no dashboard; it has no {key}")
    _check_shape(content, path)
    return content


def _unwrapped(content: object, path: Path) -> Json:
    if not isinstance(content, dict):
        raise DashboardError(
            f"{path}: is no dashboard; a dashboard is an object, not a {type(content).__name__}"
        )
    return grafana_model.unwrapped(content)


def _check_shape(content: Json, path: Path) -> None:
    """Raise DashboardError where a list of objects is something else, so that nobody else has to look."""
    lists: list[tuple[str, object]] = [("panels", content["panels"])]
    lists += [(key, _mapping(content, key, path).get("list", [])) for key in ("templating", "annotations")]
    while lists:
        name, listed = lists.pop()
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise DashboardError(f"{path}: {name} is not a list of objects")
        for item in listed:
            lists += [(f"{name}.{key}", item[key]) for key in ("panels", "targets") if key in item]


def _mapping(content: Json, key: str, path: Path) -> Mapping[str, Any]:
    found = content.get(key, {})
    if not isinstance(found, dict):
        raise DashboardError(f"{path}: {key} is not an object")
    return found


def files() -> list[Path]:
    """Return our own dashboards."""
    return sorted(FOLDER.glob("*.json"))

"""Can the dashboards be read, and does their data source answer?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from magacin.ops.dashboards import document, lint
from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.patient import Patient, Skipped


def files(patient: Patient) -> Iterator[Finding]:
    """Every dashboard is as the lint wants it."""
    folder = patient.stack.monitoring / "grafana" / "dashboards"
    found = sorted(folder.glob("*.json"))
    if not found:
        raise Skipped(f"there are no dashboards in {folder}")
    for file in found:
        for problem in _problems(file):
            yield broken(
                "dashboard",
                file.name,
                problem,
                "It is not shown, or not as it was meant.",
                f"git -C {file.parent} checkout -- {file.name}   # or mend it: ./magacin dashboards check",
            )


def _problems(file: Path) -> list[str]:
    """Return what the lint says of a dashboard, in one sentence where it cannot be read at all."""
    try:
        said = lint.lines(document.read(file))
    except document.DashboardError as error:
        return [str(error)]
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return [said[0] + more] if said else []


def data_source(patient: Patient) -> Iterator[Finding]:
    """The data source of the dashboards is a Prometheus that answers queries."""
    file = patient.stack.monitoring / "grafana" / "provisioning" / "datasources" / "datasources.yml"
    try:
        sources = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        yield broken(
            "data-source",
            file.name,
            f"{file} cannot be read ({type(error).__name__}).",
            "Grafana has nothing to ask.",
            f"git -C {file.parent} checkout -- {file.name}   # or mend it",
        )
        return
    urls = [source["url"] for source in sources if source.get("type") == "prometheus"]
    if not any(url.rstrip("/").endswith("prometheus:9090") for url in urls):
        yield warning(
            "data-source",
            file.name,
            f"No data source of {file.name} is this stack's Prometheus.",
            "Dashboards show another system, or nothing.",
            f"git -C {file.parent} checkout -- {file.name}   # or mend it",
        )
    if not patient.query("count(up)"):
        raise Skipped("Prometheus has not scraped anything yet")

"""Can the dashboards be read, and does their data source answer?"""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from magacin.ops.doctor.findings import Finding, Skipped, broken, warning
from magacin.ops.doctor.patient import Patient


def files(patient: Patient) -> Iterator[Finding]:
    """Every dashboard is JSON and can be told from the others."""
    folder = patient.stack.monitoring / "grafana" / "dashboards"
    found = sorted(folder.glob("*.json"))
    if not found:
        raise Skipped(f"there are no dashboards in {folder}")
    seen: dict[str, str] = {}
    for file in found:
        try:
            uid = str(json.loads(file.read_text(encoding="utf-8"))["uid"])
        except (ValueError, KeyError, TypeError, OSError) as error:
            problem = (
                f"has no `uid` ({error})"
                if isinstance(error, KeyError | TypeError)
                else f"is no JSON: {error}"
            )
        else:
            problem = f"has the same `uid` as {seen[uid]}" if uid in seen else ""
            seen.setdefault(uid, file.name)
        if problem:
            yield broken(
                "dashboard",
                file.name,
                f"{file} {problem}.",
                "It is not shown.",
                f"git -C {file.parent} checkout -- {file.name}   # or mend it",
            )


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

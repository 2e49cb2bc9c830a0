"""What the Prometheus Operator takes instead of Prometheus' own files: made from these, so both say the same.

Rules become a PrometheusRule for each file of monitoring/rules, and each job of
deploy/kubernetes/prometheus.yml a ServiceMonitor. A NetworkPolicy lets a Prometheus of another namespace in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

_HEAD = "# Made from {source} by ./magacin rules operator; change that, not this.\n"
_KEYS_IN = "magacin"
# A user's name has to stand in a Secret, too; it is none.
_USERS = "scrape-users"
# What the operator adds to each series, which the rules and dashboards here do not know.
_ADDED = "container|endpoint|namespace|pod"


def files(root: Path) -> dict[Path, str]:
    """Return what the files for the operator should be, by where they are."""
    folder = root / "deploy" / "kubernetes" / "operator"
    scrapes = yaml.safe_load((root / "deploy" / "kubernetes" / "prometheus.yml").read_text(encoding="utf-8"))
    return {
        folder / "rules.yaml": _rendered("monitoring/rules", _rules(root / "monitoring" / "rules")),
        folder / "monitors.yaml": _rendered("deploy/kubernetes/prometheus.yml", _monitors(scrapes)),
    }


def _rules(folder: Path) -> list[Json]:
    return [
        _object("PrometheusRule", file.stem, yaml.safe_load(file.read_text(encoding="utf-8")))
        for file in sorted(folder.glob("*.yml"))
    ]


def _monitors(scrapes: Json) -> list[Json]:
    jobs = scrapes["scrape_configs"]
    users = sorted({job["basic_auth"]["username"] for job in jobs if "basic_auth" in job})
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _USERS},
        "stringData": {user: user for user in users},
    }
    interval = scrapes["global"]["scrape_interval"]
    return [secret, *(_monitor(job, interval) for job in jobs), _policy(jobs)]


def _monitor(job: Json, interval: str) -> Json:
    name = job["job_name"]
    endpoint: Json = {"port": "metrics", "interval": interval}
    if "authorization" in job:
        endpoint["authorization"] = {"credentials": _key(job["authorization"]["credentials_file"])}
    if "basic_auth" in job:
        login = job["basic_auth"]
        user = {"name": _USERS, "key": login["username"]}
        endpoint["basicAuth"] = {"username": user, "password": _key(login["password_file"])}
    endpoint["relabelings"] = [
        {"action": "replace", "targetLabel": "job", "replacement": name},
        *(
            {"action": "replace", "targetLabel": one["target_label"], "replacement": one["replacement"]}
            for one in job["relabel_configs"]
        ),
        {"action": "labeldrop", "regex": _ADDED},
    ]
    # The headless Service NAME-pods carries this label, and no other one does.
    selector = {"matchLabels": {"magacin.metrics": name}}
    return _object("ServiceMonitor", name, {"selector": selector, "endpoints": [endpoint]})


def _key(file: str) -> Json:
    """Return the key of the Secret that a job has as a file."""
    return {"name": _KEYS_IN, "key": file.rpartition("/")[2]}


def _policy(jobs: list[Json]) -> Json:
    prometheus = {
        "namespaceSelector": {},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    ports = sorted({one["port"] for job in jobs for one in job["dns_sd_configs"]})
    names = [job["job_name"] for job in jobs]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "prometheus-of-the-operator"},
        "spec": {
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": names}]},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [prometheus], "ports": [{"port": port} for port in ports]}],
        },
    }


def _object(kind: str, name: str, spec: Json) -> Json:
    metadata = {"name": f"magacin-{name}", "labels": {"app.kubernetes.io/part-of": "magacin"}}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": metadata, "spec": spec}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and never a reference instead of a repetition."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say that nothing is an alias."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _rendered(source: str, objects: list[Json]) -> str:
    text = yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return _HEAD.format(source=source) + text

"""What the Prometheus Operator takes: made from Prometheus' own files, and as its schemas want it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import yaml

from magacin.ops import operator_files
from magacin.stack.paths import ROOT
from tests.monitoring.test_kubernetes_files import MANIFESTS, container
from tests.schemas import OF_THE_OPERATOR, known_to_the_operator

MAGACIN = [sys.executable, "-P", "-m", "magacin.cli"]

FILES = operator_files.files(ROOT)
OBJECTS: list[dict[str, Any]] = [one for text in FILES.values() for one in yaml.safe_load_all(text)]
ITS_OWN = [one for one in OBJECTS if one["kind"] in OF_THE_OPERATOR]
JOBS = yaml.safe_load((ROOT / "deploy/kubernetes/prometheus.yml").read_text(encoding="utf-8"))[
    "scrape_configs"
]
PODS = [m for m in MANIFESTS if m["kind"] == "Service" and m["metadata"]["name"].endswith("-pods")]


def named(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


@pytest.mark.parametrize("content", ITS_OWN, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_by_the_schemas_of_the_operator(content: dict[str, Any]) -> None:
    assert known_to_the_operator(content)["spec"] == content["spec"]


def test_a_word_that_the_schemas_do_not_know_is_found() -> None:
    content = named("ServiceMonitor")["magacin-api-gateway"]
    [endpoint] = content["spec"]["endpoints"]
    wrong = content | {"spec": content["spec"] | {"endpoints": [endpoint | {"intervall": "15s"}]}}
    assert known_to_the_operator(wrong)["spec"] != wrong["spec"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_are_what_they_should_be(file: Any) -> None:
    assert file.read_text(encoding="utf-8") == FILES[file], "run ./magacin rules operator"


def test_the_command_says_so() -> None:
    done = subprocess.run(
        [*MAGACIN, "rules", "operator", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_rule_is_there() -> None:
    rules = {
        f"magacin-{file.stem}": yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in (ROOT / "monitoring" / "rules").glob("*.yml")
    }
    assert {name: one["spec"] for name, one in named("PrometheusRule").items()} == rules


@pytest.mark.parametrize("job", JOBS, ids=lambda job: str(job["job_name"]))
def test_each_job_finds_its_pods(job: dict[str, Any]) -> None:
    monitor = named("ServiceMonitor")[f"magacin-{job['job_name']}"]["spec"]
    [endpoint] = monitor["endpoints"]
    [service] = [
        one
        for one in PODS
        if monitor["selector"]["matchLabels"].items() <= one["metadata"].get("labels", {}).items()
    ]
    [port] = [one["port"] for one in service["spec"]["ports"] if one.get("name") == endpoint["port"]]
    [found] = job["dns_sd_configs"]
    assert (service["metadata"]["name"], port) == (found["names"][0], found["port"])
    labels = {
        one["targetLabel"]: one["replacement"] for one in endpoint["relabelings"] if "targetLabel" in one
    }
    assert labels == {"job": job["job_name"], "service": job["relabel_configs"][0]["replacement"]}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: str(job["job_name"]))
def test_a_prometheus_of_elsewhere_is_let_in(job: dict[str, Any]) -> None:
    policy = named("NetworkPolicy")["prometheus-of-the-operator"]["spec"]
    [selected] = policy["podSelector"]["matchExpressions"]
    assert job["job_name"] in selected["values"]
    assert container(job["job_name"])
    [rule] = policy["ingress"]
    assert {"port": job["dns_sd_configs"][0]["port"]} in rule["ports"]

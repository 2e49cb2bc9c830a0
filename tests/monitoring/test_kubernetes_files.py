"""The Kubernetes manifests: valid for its API, and in agreement with the repository and with Compose.

No cluster is here. What can be shown is that the manifests follow the API's schemas, that all they mount and
name is there, and that images, ports, commands and secrets are those that Compose has.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from magacin.core.http import GRACEFUL_SECONDS
from magacin.stack.parts import ENDPOINTS, PARTS
from magacin.stack.paths import ROOT
from tests.monitoring.test_compose_files import PRODUCTION, SERVICES
from tests.schemas import require_kubernetes

FOLDER = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
MANIFESTS = [
    document
    for name in KUSTOMIZATION["resources"]
    if name.endswith(".yaml")
    for document in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
]
WORKLOADS = {
    manifest["metadata"]["name"]: manifest
    for manifest in MANIFESTS
    if manifest["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job")
}
# Without the one that is about all pods, and lets nobody in.
POLICIES = {
    manifest["metadata"]["name"]: manifest["spec"]
    for manifest in MANIFESTS
    if manifest["kind"] == "NetworkPolicy" and manifest["spec"]["podSelector"]
}
# Only here: Compose leaves it to the machine's own cron.
SCHEDULED = {m["metadata"]["name"]: m for m in MANIFESTS if m["kind"] == "CronJob"}
# What a file of each folder is made into, and which files have to be among them.
GENERATED = {
    "monitoring": (
        "rules/*.yml",
        "alertmanager.yml",
        "templates/*.tmpl",
        "grafana/provisioning/*/*.yml",
        "grafana/dashboards/*.json",
        "grafana/grafana.ini",
        "compose/postgres/*",
        "compose/client.yml",
    ),
    "deploy/kubernetes": ("prometheus.yml",),
}


def title(manifest: dict[str, Any]) -> str:
    return f"{manifest['kind']}-{manifest['metadata']['name']}"


def pod(name: str) -> dict[str, Any]:
    if name in SCHEDULED:
        spec: dict[str, Any] = SCHEDULED[name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    else:
        spec = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> dict[str, Any]:
    [only] = pod(name)["containers"]
    return dict(only)


def listening(name: str) -> set[tuple[int, str]]:
    """Return port and protocol of all that a pod listens at."""
    return {_port(port, "containerPort") for port in container(name).get("ports", [])}


def _port(entry: dict[str, Any], key: str) -> tuple[int, str]:
    return entry[key], entry.get("protocol", "TCP")


def kustomization(folder: str) -> dict[str, Any]:
    path = ROOT / folder / "kustomization.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def config_maps() -> dict[str, set[str]]:
    """Return ConfigMap → its keys, as kustomize makes them of the names of files."""
    return {
        entry["name"]: {Path(file).name for file in entry["files"]}
        for folder in GENERATED
        for entry in kustomization(folder)["configMapGenerator"]
    }


def of_folders() -> dict[str, Path]:
    """Return ConfigMap → the folder of which the page has kubectl make it, file by file."""
    command = r"^kubectl -n magacin create configmap (\S+) --from-file=(\S+)$"
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    return {name: ROOT / folder for name, folder in re.findall(command, text, re.MULTILINE)}


def _pinned(entry: dict[str, str]) -> str:
    """Return the image that an entry of the kustomization stands for, as Compose writes it."""
    digest = f"@{entry['digest']}" if "digest" in entry else ""
    return f"{entry['name']}:{entry['newTag']}{digest}"


class TestValid:
    @pytest.mark.parametrize("manifest", MANIFESTS, ids=title)
    def test_by_the_schemas_of_kubernetes(self, manifest: dict[str, Any]) -> None:
        require_kubernetes(manifest)

    def test_kustomize_renders_them(self) -> None:
        kubectl = shutil.which("kubectl")
        if kubectl is None:
            pytest.skip("kubectl is not on PATH, and Debian's is too old to render this")
        done = subprocess.run([kubectl, "kustomize", FOLDER], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        rendered = list(yaml.safe_load_all(done.stdout))
        assert len(rendered) == len(MANIFESTS) + len(config_maps())
        assert {m["metadata"]["namespace"] for m in rendered if m["kind"] != "Namespace"} == {"magacin"}
        images = set(re.findall(r"^ *(?:- )?image: (\S+)$", done.stdout, re.MULTILINE))
        assert images == {body["image"] for body in SERVICES.values()}

    def test_prometheus_reads_its_file(self) -> None:
        done = subprocess.run(
            ["promtool", "check", "config", "--syntax-only", FOLDER / "prometheus.yml"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


class TestNothingIsMissing:
    @pytest.mark.parametrize("folder", GENERATED)
    def test_every_file_is_in_a_config_map(self, folder: str) -> None:
        listed = {file for entry in kustomization(folder)["configMapGenerator"] for file in entry["files"]}
        found = [path for pattern in GENERATED[folder] for path in (ROOT / folder).glob(pattern)]
        assert listed == {str(path.relative_to(ROOT / folder)) for path in found}

    @pytest.mark.parametrize("folder", GENERATED)
    def test_each_fits_into_the_copy_that_kubectl_keeps(self, folder: str) -> None:
        """`kubectl apply` writes what it applied into an annotation, as JSON."""
        for entry in kustomization(folder)["configMapGenerator"]:
            texts = [(ROOT / folder / file).read_text(encoding="utf-8") for file in entry["files"]]
            assert len(json.dumps(texts)) < 200_000, entry["name"]

    def test_the_runbooks_are_a_config_map_and_fit_into_it(self) -> None:
        assert of_folders() == {"runbooks": ROOT / "docs" / "runbooks"}
        # A ConfigMap holds 1 MiB.
        assert sum(file.stat().st_size for file in of_folders()["runbooks"].iterdir()) < 1_000_000

    def test_every_dashboard_is_mounted(self) -> None:
        [volume] = [v for v in pod("grafana")["volumes"] if v["name"] == "dashboards"]
        mounted = {source["configMap"]["name"] for source in volume["projected"]["sources"]}
        assert mounted == {name for name in config_maps() if name.startswith("dashboard-")}

    @pytest.mark.parametrize("name", [*WORKLOADS, *SCHEDULED])
    def test_what_is_mounted_exists(self, name: str) -> None:
        declared = {volume["name"]: volume for volume in pod(name).get("volumes", [])}
        claims = (WORKLOADS | SCHEDULED)[name]["spec"].get("volumeClaimTemplates", [])
        mounts = container(name).get("volumeMounts", [])
        assert {m["name"] for m in mounts} == {*declared, *(claim["metadata"]["name"] for claim in claims)}
        made = config_maps() | {map_: {f.name for f in of.iterdir()} for map_, of in of_folders().items()}
        for mount in mounts:
            if "configMap" not in (volume := declared.get(mount["name"], {})):
                continue
            keys = made[volume["configMap"]["name"]]
            assert "subPath" not in mount or mount["subPath"] in keys

    def test_claims_that_are_named_are_made(self) -> None:
        made = {m["metadata"]["name"] for m in MANIFESTS if m["kind"] == "PersistentVolumeClaim"}
        used = {
            volume["persistentVolumeClaim"]["claimName"]
            for name in (*WORKLOADS, *SCHEDULED)
            for volume in pod(name).get("volumes", [])
            if "persistentVolumeClaim" in volume
        }
        assert used == made

    def test_selectors_find_pods(self) -> None:
        for manifest in MANIFESTS:
            selector = manifest["spec"].get("selector") if manifest["kind"] == "Service" else None
            if selector:
                [app] = selector.values()
                offered = {_port(p, "port") for p in manifest["spec"]["ports"]}
                assert offered <= listening(app), manifest["metadata"]["name"]


class TestAgreesWithCompose:
    def test_the_same_parts_run(self) -> None:
        assert set(WORKLOADS) == set(SERVICES)

    @pytest.mark.parametrize("name", WORKLOADS)
    def test_image(self, name: str) -> None:
        pinned = {entry["name"]: _pinned(entry) for entry in KUSTOMIZATION["images"]}
        assert pinned[container(name)["image"]] == SERVICES[name]["image"]

    @pytest.mark.parametrize("name", WORKLOADS)
    def test_ports(self, name: str) -> None:
        ours = {port["containerPort"] for port in container(name).get("ports", [])}
        # 9094: only here several Alertmanagers have somebody to gossip with.
        assert ours - {9094} == {port for part, port in ENDPOINTS if part == name}

    @pytest.mark.parametrize("name", [n for n, body in SERVICES.items() if "build" in body])
    def test_our_services_are_started_alike(self, name: str) -> None:
        compose: dict[str, Any] = SERVICES[name]
        assert container(name)["args"] == compose["command"]
        ours = {entry["name"]: entry["value"] for entry in container(name)["env"]}
        # Those have defaults here, or lead to addresses that only Compose publishes.
        left_out = {"MAGACIN_WORKERS", "MAGACIN_LOG_LEVEL", "MAGACIN_LINKS", "MAGACIN_TRUSTED_PROXIES"}
        left_out |= {"MAGACIN_WEBHOOK_ALLOWED_NETWORKS"}
        compose = compose["environment"] | PRODUCTION.get(name, {}).get("environment", {})
        # There phones come in by an Ingress.
        left_out |= {"MAGACIN_LAN_PLAIN"}
        # Of reports by mail, what Compose has where nothing else is set.
        told = {
            k: re.sub(r"^\$\{MAGACIN_(?:REPORT_MAIL|SMTP)\w*:?-(.*)\}$", r"\1", v) for k, v in compose.items()
        }
        assert ours == {k: v for k, v in told.items() if k not in left_out}

    def test_redis_is_started_alike(self) -> None:
        redis = container("redis")
        assert "command" not in redis  # else the image's entrypoint would be passed by
        assert redis["args"] == SERVICES["redis"]["command"]

    @pytest.mark.parametrize("name", WORKLOADS)
    def test_secrets(self, name: str) -> None:
        given = {
            item["key"]
            for volume in pod(name).get("volumes", [])
            if "secret" in volume
            for item in volume["secret"]["items"]
        }
        more = PRODUCTION.get(name, {}).get("secrets", [])
        assert given == {*SERVICES[name].get("secrets", []), *more}

    def test_prometheus_has_the_same_jobs(self) -> None:
        native = yaml.safe_load((ROOT / "monitoring" / "prometheus.yml").read_text(encoding="utf-8"))
        ours = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
        assert ours["rule_files"] == native["rule_files"]
        for key in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
            assert ours["global"][key] == native["global"][key]
        assert ours["alerting"]["alert_relabel_configs"] == native["alerting"]["alert_relabel_configs"]
        native_only = {part.name for part in PARTS.values() if part.native_only}
        assert [_job(j) for j in ours["scrape_configs"]] == [
            _job(j) for j in native["scrape_configs"] if j["job_name"] not in native_only
        ]
        [theirs], [managers] = (one["alerting"]["alertmanagers"] for one in (native, ours))
        assert managers["basic_auth"] == theirs["basic_auth"]

    def test_every_target_is_a_headless_service(self) -> None:
        headless = {
            manifest["metadata"]["name"]: {port["port"] for port in manifest["spec"]["ports"]}
            for manifest in MANIFESTS
            if manifest["kind"] == "Service" and manifest["spec"].get("clusterIP") == "None"
        }
        ours = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
        for job in ours["scrape_configs"]:
            [discovery] = job["dns_sd_configs"]
            [name] = discovery["names"]
            assert name == f"{job['job_name']}-pods"
            assert discovery["port"] in headless[name]
            assert job["relabel_configs"] == [{"target_label": "service", "replacement": job["job_name"]}]


def _job(job: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a job is called, and how it logs in."""
    return job["job_name"], job.get("basic_auth"), job.get("authorization")


class TestPolicies:
    @pytest.mark.parametrize("name", POLICIES)
    def test_let_in_what_the_pod_listens_at(self, name: str) -> None:
        spec = POLICIES[name]
        let_in = {_port(port, "port") for rule in spec["ingress"] for port in rule["ports"]}
        assert let_in == listening(spec["podSelector"]["matchLabels"]["app"])

    def test_alertmanagers_gossip_by_both_protocols(self) -> None:
        """Each probes the others by UDP; without it they take one another for dead, now and then."""
        [option] = [a for a in container("alertmanager")["args"] if a.startswith("--cluster.listen-address=")]
        port = int(option.rpartition(":")[2])
        wanted = {(port, "TCP"), (port, "UDP")}
        assert wanted <= listening("alertmanager")
        [service] = [m for m in MANIFESTS if title(m) == "Service-alertmanager-pods"]
        assert wanted <= {_port(entry, "port") for entry in service["spec"]["ports"]}
        among = [
            rule
            for rule in POLICIES["alertmanager"]["ingress"]
            if {"podSelector": {"matchLabels": {"app": "alertmanager"}}} in rule["from"]
        ]
        assert wanted <= {_port(entry, "port") for rule in among for entry in rule["ports"]}


class TestHardened:
    @pytest.mark.parametrize("name", [*WORKLOADS, *SCHEDULED])
    def test_with_little_privilege(self, name: str) -> None:
        security = container(name)["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert pod(name)["securityContext"]["runAsNonRoot"] is True
        assert pod(name)["automountServiceAccountToken"] is False
        assert container(name)["resources"]["limits"]["memory"]

    @pytest.mark.parametrize("name", [n for n in WORKLOADS if n != "migrate"])
    def test_is_probed(self, name: str) -> None:
        assert {"readinessProbe", "livenessProbe"} <= set(container(name))

    # Not what migrates: a transaction that is cut off is as if it had not been.
    @pytest.mark.parametrize("name", [n for n in WORKLOADS if "serve" in container(n).get("args", [])])
    def test_our_services_end_before_they_are_killed(self, name: str) -> None:
        """What is done before a pod is told to stop counts too."""
        before = int(container(name)["lifecycle"]["preStop"]["exec"]["command"][1])
        assert pod(name)["terminationGracePeriodSeconds"] >= before + GRACEFUL_SECONDS + 10

    def test_a_recovering_postgresql_is_left_to_it(self) -> None:
        """It refuses all clients for as long as that takes, and begins anew when it is killed."""
        postgres = container("postgres")
        startup, liveness = postgres["startupProbe"], postgres["livenessProbe"]
        assert startup["failureThreshold"] * startup["periodSeconds"] >= 3600
        # It listens meanwhile. A crash of one of its processes has it recover later in a pod's life as well.
        assert startup["tcpSocket"] == liveness["tcpSocket"] == {"port": 5432}

    def test_the_page_says_how_an_update_gets_past_the_job(self) -> None:
        """Its template cannot be changed, and one that never ended is never removed."""
        text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
        _, _, updates = text.partition("\n## Updates\n")
        deleted, applied = updates.index("delete job migrate --ignore-not-found"), updates.index("apply -k")
        assert deleted < applied

    def test_no_secret_is_written_down(self) -> None:
        assert not [m for m in MANIFESTS if m["kind"] == "Secret"]
        for name in WORKLOADS:
            for entry in container(name).get("env", []):
                if re.search(r"PASS|TOKEN|KEY|SECRET|DATABASE_URL|REDIS_URL", entry["name"]):
                    assert entry["value"].startswith("/run/secrets/"), f"{name}: {entry['name']}"

    def test_whoever_is_reached_has_a_policy(self) -> None:
        """What no policy names nobody can talk to: a part without one would be cut off, and look down."""
        named = {
            manifest["spec"]["podSelector"].get("matchLabels", {}).get("app")
            for manifest in MANIFESTS
            if manifest["kind"] == "NetworkPolicy"
        }
        assert named == {None, *WORKLOADS} - {"migrate"}

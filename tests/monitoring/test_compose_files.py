"""The Compose files: valid for the oldest and the newest Compose, and in agreement with the repository.

No container is started here. What can be shown without a Docker engine is that Compose accepts the files,
that everything they mount exists, and that names, hosts and ports are those of the registry of parts.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from magacin.core.http import GRACEFUL_SECONDS
from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings
from magacin.gateway.settings import GatewaySettings
from magacin.stack import install, notifications
from magacin.stack.launch_specs import launch_spec
from magacin.stack.parts import AUTHORITY_PORT, ENDPOINTS, LAN_PORT, PARTS, PORTS, Part, services
from magacin.stack.paths import ROOT, DataDir
from magacin.stack.secrets import Secrets
from magacin.stack.site import Site

APPLICATION, MONITORING, PHONES = (
    "docker-compose.yml",
    "docker-compose.monitoring.yml",
    "docker-compose.lan.yml",
)
FILES = (APPLICATION, MONITORING)
CLOSED = "docker-compose.production.yml"
# The parts whose addresses the specification names for people.
PUBLISHED = {
    "api-gateway",
    "task-service",
    "import-service",
    "realtime-worker",
    "prometheus",
    "alertmanager",
    "inbox",
    "grafana",
    "node-exporter",
    "redis-exporter",
    "postgres-exporter",
}
NOT_A_PART = {"migrate"}
# Files that name secrets, by who reads them.
READ_BY = {
    "prometheus": ("prometheus.yml", "compose/client.yml"),
    "alertmanager": ("alertmanager.yml", "compose/client.yml"),
    "grafana": ("grafana/grafana.ini", "grafana/provisioning/datasources/datasources.yml"),
}
# Our own image has no digest before somebody has built it.
_OURS = re.compile(r"magacin-track:\d+\.\d+\.\d+")
_FOREIGN = re.compile(r"[a-z0-9_/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?@sha256:[0-9a-f]{64}")
# Compose has Grafana on the console's port.
NATIVE_ONLY = {part.name for part in PARTS.values() if part.native_only}


def load(name: str) -> Any:
    text = (ROOT / name).read_text(encoding="utf-8")
    # Another file in its place is mounted where somebody has one.
    return yaml.safe_load(re.sub(r"\$\{MAGACIN_ALERTMANAGER_CONFIG:-(.+?)\}", r"\1", text))


SERVICES: dict[str, Any] = {name: body for file in FILES for name, body in load(file)["services"].items()}
PRODUCTION: dict[str, Any] = load(CLOSED)["services"]
SECRETS: dict[str, Any] = {name: body for file in FILES for name, body in load(file)["secrets"].items()}


def compose(
    *arguments: str, folder: Path, secrets: bool = True, more: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run docker-compose with an env file of its own: a developer's .env must not decide the outcome."""
    env_file = folder / "env"
    env_file.write_text((f"MAGACIN_SECRETS_DIR={folder}\n" if secrets else "") + more, encoding="utf-8")
    return subprocess.run(
        [install.locate("docker-compose"), f"--env-file={env_file}", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


class TestAccepted:
    @pytest.mark.parametrize("files", [(APPLICATION,), (MONITORING,), FILES], ids="+".join)
    def test_by_docker_compose(self, files: tuple[str, ...], tmp_path: Path) -> None:
        options = [f"--file={name}" for name in files]
        done = compose(*options, "config", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not done.stderr.strip(), done.stderr
        assert set(yaml.safe_load(done.stdout)["services"]) == {s for f in files for s in load(f)["services"]}

    @pytest.mark.parametrize("name", [*FILES, PHONES, CLOSED])
    def test_by_the_current_specification(self, name: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema=vendor.compose-spec", ROOT / name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize("name", FILES)
    def test_without_secrets_compose_says_how_to_make_them(self, name: str, tmp_path: Path) -> None:
        done = compose(f"--file={name}", "config", folder=tmp_path, secrets=False)
        assert done.returncode != 0
        assert "./scripts/start-monitoring.sh --secrets-only" in done.stderr


class TestTwoFilesFitTogether:
    def test_the_networks_are_word_for_word_the_same(self) -> None:
        assert load(APPLICATION)["networks"] == load(MONITORING)["networks"]

    def test_secrets_and_volumes_do_not_contradict(self) -> None:
        for kind in ("services", "volumes"):
            assert not set(load(APPLICATION)[kind]) & set(load(MONITORING)[kind])
        for name in set(load(APPLICATION)["secrets"]) & set(load(MONITORING)["secrets"]):
            assert load(APPLICATION)["secrets"][name] == load(MONITORING)["secrets"][name]

    def test_neither_waits_for_a_service_of_the_other(self) -> None:
        for file in FILES:
            services = load(file)["services"]
            for name, body in services.items():
                assert set(body.get("depends_on", {})) <= set(services), name

    def test_names_do_not_depend_on_the_folder(self) -> None:
        for file in FILES:
            assert all(
                volume["name"].startswith("magacin-track_") for volume in load(file)["volumes"].values()
            )
        assert load(MONITORING)["volumes"]["prometheus_data"]["name"] == "magacin-track_prometheus_data"


class TestAgreesWithTheParts:
    def test_every_part_has_its_service(self) -> None:
        parts = {part.name for part in PARTS.values() if not part.optional} - NATIVE_ONLY
        assert set(SERVICES) - NOT_A_PART == parts

    def test_each_half_is_what_only_app_and_only_monitoring_start(self) -> None:
        for file, group in ((APPLICATION, "app"), (MONITORING, "monitoring")):
            wanted = {p.name for p in PARTS.values() if p.group == group and not p.optional} - NATIVE_ONLY
            assert set(load(file)["services"]) - NOT_A_PART == wanted

    @pytest.mark.parametrize("name", SERVICES)
    def test_container_name(self, name: str) -> None:
        assert SERVICES[name]["container_name"] == f"magacin-{name}"

    @pytest.mark.parametrize("name", SERVICES)
    def test_published_ports(self, name: str) -> None:
        published = SERVICES[name].get("ports", [])
        ports = [port for part, port in ENDPOINTS if part == name and name in PUBLISHED]
        wanted = [f"127.0.0.1:{port}:{port}" for port in ports]
        assert published == wanted, (
            "ports are published on loopback only, and only where the specification says"
        )
        on_edge = "edge" in SERVICES[name]["networks"]
        assert on_edge == bool(wanted), "Docker publishes no port of a container on internal networks alone"

    @pytest.mark.parametrize("name", [p.name for p in PARTS.values() if p.service and p.name in SERVICES])
    def test_services_serve_on_their_port(self, name: str) -> None:
        assert SERVICES[name]["command"] == ["serve", name]
        assert SERVICES[name]["environment"]["MAGACIN_PORT"] == str(PORTS[name])

    @pytest.mark.parametrize("name", SERVICES)
    def test_hosts_and_ports_are_those_of_parts(self, name: str) -> None:
        text = yaml.safe_dump([SERVICES[name].get(key) for key in ("environment", "command", "healthcheck")])
        for host, port in re.findall(r"([a-z][a-z0-9.-]*):(\d{2,5})\b", text):
            if host != "localhost":
                known = {PORTS.get(host), *(PARTS[host].more_ports if host in PARTS else ())}
                assert int(port) in known, f"{name} names {host}:{port}"
        for port in re.findall(r"127\.0\.0\.1:(\d+)", text):
            assert int(port) == PORTS[name], f"{name} asks itself on port {port}"
        for port in re.findall(r"localhost:(\d+)", text):
            assert int(port) in {PORTS[part] for part in PUBLISHED}, f"people are sent to localhost:{port}"


class TestPhones:
    """What docker-compose.lan.yml adds to the application."""

    FILES = (f"--file={APPLICATION}", f"--file={PHONES}")

    def gateway(self, folder: Path, more: str) -> dict[str, Any]:
        done = compose(*self.FILES, "config", folder=folder, more=more)
        assert done.returncode == 0, done.stderr
        merged: dict[str, Any] = yaml.safe_load(done.stdout)["services"]["api-gateway"]
        return merged

    def test_the_two_doors_are_published_to_the_lan_and_the_third_stays_on_loopback(
        self, tmp_path: Path
    ) -> None:
        gateway = self.gateway(tmp_path, "MAGACIN_LAN_NAME=warehouse.lan\n")
        published = {
            f"{port['host_ip']}:{port['published']}:{port['target']}"
            if isinstance(port, dict)
            else port.removesuffix("/tcp")
            for port in gateway["ports"]
        }
        doors = {f"0.0.0.0:{port}:{port}" for port in (LAN_PORT, AUTHORITY_PORT)}
        assert published == doors | {"127.0.0.1:8000:8000"}
        fields = GatewaySettings.model_fields
        assert (fields["lan_port"].default, fields["lan_authority_port"].default) == (
            LAN_PORT,
            AUTHORITY_PORT,
        )

    def test_what_is_given_is_handed_over(self, tmp_path: Path) -> None:
        gateway = self.gateway(
            tmp_path,
            "MAGACIN_LAN_NAME=warehouse.lan\nMAGACIN_LAN_BIND=192.168.1.20\nMAGACIN_LAN_VOLUME=/srv/certificates\n"
            "MAGACIN_LAN_CERTIFICATE_FILE=/var/lib/magacin/lan/a.pem\n",
        )
        environment = {key: value for key, value in gateway["environment"].items() if "_LAN_" in key}
        assert environment == {
            "MAGACIN_LAN_NAME": "warehouse.lan",
            "MAGACIN_LAN_DIR": "/var/lib/magacin/lan",
            "MAGACIN_LAN_CERTIFICATE_FILE": "/var/lib/magacin/lan/a.pem",
            "MAGACIN_LAN_KEY_FILE": "",
        }
        assert {
            key.lower().removeprefix("magacin_") for key in environment
        } <= GatewaySettings.model_fields.keys()
        assert "/srv/certificates" in yaml.safe_dump(gateway["volumes"])
        assert "192.168.1.20" in yaml.safe_dump(gateway["ports"])

    def test_without_a_name_compose_says_what_it_is(self, tmp_path: Path) -> None:
        done = compose(*self.FILES, "config", folder=tmp_path)
        assert done.returncode != 0
        assert "by which phones reach this machine" in done.stderr

    def test_the_image_has_the_folder_that_the_volume_is_made_of(self) -> None:
        [volume] = load(PHONES)["services"]["api-gateway"]["volumes"]
        assert f" {volume.rpartition(':')[2]}\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


class TestProduction:
    """What docker-compose.production.yml adds to the application."""

    def test_every_service_asks_for_the_token_of_its_own_secret(self, tmp_path: Path) -> None:
        done = compose(f"--file={APPLICATION}", f"--file={CLOSED}", "config", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        merged = yaml.safe_load(done.stdout)["services"]
        assert set(PRODUCTION) == {part.name for part in services()}
        for name in PRODUCTION:
            told = merged[name]["environment"]
            assert told["MAGACIN_METRICS_TOKEN_FILE"] == "/run/secrets/scrape_token"
            assert told.keys() >= SERVICES[name]["environment"].keys()
            given = {one["source"] if isinstance(one, dict) else one for one in merged[name]["secrets"]}
            assert given == {*SERVICES[name]["secrets"], "scrape_token"}

    def test_they_are_settings_that_exist_and_the_secret_is_prometheus_own(self) -> None:
        given = {key.removesuffix("_FILE") for one in PRODUCTION.values() for key in one["environment"]}
        assert {key.lower().removeprefix("magacin_") for key in given} <= GatewaySettings.model_fields.keys()
        assert load(CLOSED)["secrets"]["scrape_token"] == load(MONITORING)["secrets"]["scrape_token"]


class TestHardened:
    @pytest.mark.parametrize("name", SERVICES)
    def test_image_is_pinned(self, name: str) -> None:
        image = SERVICES[name]["image"]
        pinned = _OURS if "build" in SERVICES[name] else _FOREIGN
        assert pinned.fullmatch(image), f"{image}: name a version, and with it its digest (docs/docker.md)"

    @pytest.mark.parametrize("name", SERVICES)
    def test_runs_with_little_privilege(self, name: str) -> None:
        body = SERVICES[name]
        assert body["read_only"] is True
        assert body["cap_drop"] == ["ALL"]
        assert body["security_opt"] == ["no-new-privileges:true"]
        assert "privileged" not in body
        assert "cap_add" not in body
        assert body["mem_limit"]
        if "build" not in body:  # our own image sets its user itself
            user = str(body["user"]).partition(":")[0]
            assert user.isdigit()
            assert user != "0"

    @pytest.mark.parametrize("name", SERVICES)
    def test_restarts_and_is_probed(self, name: str) -> None:
        body = SERVICES[name]
        if name in NOT_A_PART:
            assert body["healthcheck"] == {"disable": True}
            return
        assert body["restart"] == "unless-stopped"
        assert "build" in body or body["healthcheck"]["test"], "our own image brings its health check"

    @pytest.mark.parametrize("name", [name for name, body in SERVICES.items() if "build" in body])
    def test_our_services_end_before_docker_kills_them(self, name: str) -> None:
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= GRACEFUL_SECONDS + 10

    def test_no_password_is_written_down(self) -> None:
        for name, body in SERVICES.items():
            for key, value in body.get("environment", {}).items():
                if re.search(r"PASS|TOKEN|KEY|SECRET|DATABASE_URL|REDIS_URL", key):
                    assert re.search(r"_FILE$", key), f"{name}: {key} must come from a file"
                    assert value.startswith("/run/secrets/"), f"{name}: {key}"
        for file in FILES:
            assert "admin123" not in (ROOT / file).read_text(encoding="utf-8")

    @pytest.mark.parametrize("name", SERVICES)
    def test_a_secret_that_is_read_is_granted_and_the_other_way_round(self, name: str) -> None:
        body = SERVICES[name]
        text = yaml.safe_dump({key: value for key, value in body.items() if key != "secrets"})
        read = set(re.findall(r"/run/secrets/(\w+)", text))
        if name == "postgres":
            script = (ROOT / "monitoring" / "compose" / "postgres" / "10-roles.sh").read_text(
                encoding="utf-8"
            )
            read |= set(re.findall(r"/run/secrets\}/(\w+)", script))
        for file in READ_BY.get(name, ()):
            text = (ROOT / "monitoring" / file).read_text(encoding="utf-8")
            read |= set(re.findall(r"/run/secrets/(\w+)", text))
        if name == "alertmanager":
            # The heartbeat's address is read from its file once notifications.yml says so.
            read.add(notifications.HEARTBEAT)
        assert set(body.get("secrets", [])) == read


class TestMounts:
    def test_host_paths_exist_and_are_read_only(self) -> None:
        for name, body in SERVICES.items():
            for volume in body.get("volumes", []):
                source, _, rest = volume.partition(":")
                if source.startswith("."):
                    assert (ROOT / source).exists(), f"{name} mounts {source}, which does not exist"
                    assert rest.endswith(":ro"), f"{name}: {volume} must be read-only"
                elif source == "/":
                    assert name == "node-exporter"
                    assert rest == "/host:ro,rslave"

    def test_named_volumes_are_declared(self) -> None:
        for file in FILES:
            used = {
                volume.partition(":")[0]
                for body in load(file)["services"].values()
                for volume in body.get("volumes", [])
                if volume[0] not in "./"
            }
            assert used == set(load(file)["volumes"])

    def test_prometheus_finds_everything_its_configuration_names(self) -> None:
        mounts = {v.split(":")[1]: v.split(":")[0] for v in SERVICES["prometheus"]["volumes"]}
        config = load("monitoring/prometheus.yml")
        named = [*config["rule_files"]]
        named += [
            path
            for job in config["scrape_configs"]
            for sd in job.get("file_sd_configs", [])
            for path in sd["files"]
        ]
        for path in set(named) - {f"targets-{name}.yml" for name in NATIVE_ONLY}:
            inside = Path("/etc/prometheus") / path
            source = ROOT / (mounts.get(str(inside)) or f"{mounts.get(str(inside.parent))}/{inside.name}")
            assert list(source.parent.glob(source.name)), f"{path} is nowhere in Prometheus' container"
        assert f"--web.user-assets={_inside(mounts, './docs/runbooks')}" in SERVICES["prometheus"]["command"]

    def test_alertmanager_finds_its_templates(self) -> None:
        mounts = dict(v.split(":")[:2] for v in SERVICES["alertmanager"]["volumes"])
        [pattern] = load("monitoring/alertmanager.yml")["templates"]
        inside = Path("/etc/alertmanager") / pattern
        source = ROOT / next(outside for outside, target in mounts.items() if target == str(inside.parent))
        assert list(source.glob(inside.name))

    def test_the_image_of_the_inbox_is_the_applications(self) -> None:
        for key in ("image", "build"):
            assert SERVICES["inbox"][key] == SERVICES["api-gateway"][key]

    def test_retention_is_the_specified_one(self) -> None:
        flags = SERVICES["prometheus"]["command"]
        assert "--storage.tsdb.retention.time=200h" in flags
        assert "--storage.tsdb.retention.size=10GB" in flags


class TestSettings:
    def test_services_are_told_what_they_must_know(self) -> None:
        """Every required setting of the shared bases is set for each service that has it."""
        required = _required(ServiceSettings)
        for part in services():
            given = {key.removesuffix("_FILE") for key in SERVICES[part.name]["environment"]}
            assert required <= given, part.name
            if "database_url" in SERVICES[part.name]["secrets"]:
                assert _required(DatabaseSettings) <= given
            assert _required(RedisSettings) <= given

    @pytest.mark.parametrize("part", services(), ids=lambda part: part.name)
    def test_a_native_stack_tells_a_service_the_same(self, part: Part, tmp_path: Path) -> None:
        data = DataDir(tmp_path)
        native = set(launch_spec(part.name, Site(data, Secrets(data.secrets), 0)).environment)
        # Natively these are files too, which are read anew; Compose has a secret among them alone.
        mails = {name for name in native if re.match(r"MAGACIN_(REPORT_MAIL|SMTP)", name)}
        native -= mails
        native |= {name.removesuffix("_FILE") for name in mails if name != "MAGACIN_SMTP_PASSWORD_FILE"}
        native |= {"MAGACIN_SMTP_PASSWORD_FILE"} & mails
        # Compose has these in the image or in links, has no demo, and lets some settings be changed.
        native -= {"MAGACIN_HOST", "MAGACIN_IMPORT_DIR", "MAGACIN_PARTS_FILE", "MAGACIN_APP_DIR"}
        native -= {"MAGACIN_DEMO_BADGE_FILE", "MAGACIN_DESK_DIR", "MAGACIN_WALL_DIR"}
        # Where `./magacin backup` writes down what it did, which with Docker nobody calls.
        native -= {"MAGACIN_DATA_DIR"}
        theirs = {
            "MAGACIN_IMPORT_READER_BYTES",
            "MAGACIN_WORKERS",
            "MAGACIN_LOG_LEVEL",
            "MAGACIN_TRUSTED_PROXIES",
            "MAGACIN_LINKS",
            "MAGACIN_WEBHOOK_ALLOWED_NETWORKS",
        }
        assert native == SERVICES[part.name]["environment"].keys() - theirs

    def test_the_front_page_finds_what_it_links_to(self) -> None:
        """Inside of the gateway's container, localhost is that container: nothing else answers there."""
        gateway = SERVICES["api-gateway"]
        links = json.loads(gateway["environment"]["MAGACIN_LINKS"])
        assert links
        for title, link in links.items():
            name = title.lower()
            assert link["url"] == f"http://localhost:{PORTS[name]}"
            assert link["probe"] == f"http://{name}:{PORTS[name]}"
            assert set(gateway["networks"]) & set(SERVICES[name]["networks"])

    def test_variables_are_settings_that_exist(self) -> None:
        known = _known_settings()
        for part in (p for p in PARTS.values() if p.service and p.name in SERVICES):
            given = {key.removesuffix("_FILE") for key in SERVICES[part.name]["environment"]}
            assert given <= known, f"{part.name} is given {given - known}, which no setting reads"


def _required(settings: Any) -> set[str]:
    return {f"MAGACIN_{name.upper()}" for name, field in settings.model_fields.items() if field.is_required()}


def _known_settings() -> set[str]:
    sources = itertools.chain((ROOT / "src" / "magacin").glob("*/**/settings.py"))
    fields = re.findall(
        r"^    (\w+): ", "\n".join(path.read_text(encoding="utf-8") for path in sources), re.MULTILINE
    )
    return {f"MAGACIN_{field.upper()}" for field in fields}


def _inside(mounts: dict[str, str], source: str) -> str:
    return next(inside for inside, outside in mounts.items() if outside == source)


def test_two_readers_of_files_fit_beside_the_service_that_starts_them() -> None:
    """What a file makes its reader take must end the reader, not the container."""
    service = yaml.safe_load((ROOT / APPLICATION).read_text(encoding="utf-8"))["services"]["import-service"]
    manifest = (ROOT / "deploy" / "kubernetes" / "import-service.yaml").read_text(encoding="utf-8")
    readers = int(service["environment"]["MAGACIN_IMPORT_READER_BYTES"])
    assert f'{{name: MAGACIN_IMPORT_READER_BYTES, value: "{readers}"}}' in manifest
    assert (service["mem_limit"], "limits: {memory: 1Gi}" in manifest) == ("1g", True)
    assert 2 * readers + (192 << 20) <= 1 << 30

"""scripts/start-monitoring.sh: its logic, against a `docker` on PATH that answers what a test tells it to.

That the containers become healthy is not shown here; that needs a Docker engine.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from magacin.stack.paths import ROOT

PARTS = list(yaml.safe_load((ROOT / "docker-compose.monitoring.yml").read_text(encoding="utf-8"))["services"])
SECRETS = {
    "database_password",
    "database_url",
    "grafana_admin_password",
    "heartbeat_url",
    "jwt_key",
    "postgres_exporter_password",
    "postgres_password",
    "redis_acl",
    "redis_exporter_password",
    "redis_exporter_passwords",
    "redis_password",
    "redis_url",
    "service_token",
    "slack_webhook_critical",
    "slack_webhook_warning",
    "smtp_password",
}

# Answers from files: the exit status of `docker info`, `docker compose version` and `up`, and the states of
# a part one after the other. It writes down what it was asked.
FAKE_DOCKER = r"""#!/usr/bin/env bash
cd "$FAKE_DOCKER_FOLDER"
printf '%s\n' "docker $*" >>calls
status_of() { [ ! -f "$1.status" ] || exit "$(cat "$1.status")"; }
case "$*" in
  info) status_of info ;;
  "compose version") status_of plugin; echo v2 ;;
  *" config --services") status_of config; cat services ;;
  *" up -d") status_of up ;;
  inspect*)
    part=${*: -1}
    [ -f "$part.states" ] || exit 1
    head -n 1 "$part.states"
    [ "$(wc -l <"$part.states")" -lt 2 ] || sed -i 1d "$part.states" ;;
  logs*) echo "last words of ${*: -1}" ;;
  *) echo "fake docker: $* is not known" >&2; exit 99 ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A copy of what the script needs, and a fake docker beside it."""

    root: Path
    docker: Path

    def run(self, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{path or self.docker}:/usr/bin:/bin",
            "FAKE_DOCKER_FOLDER": str(self.docker),
            "MAGACIN_WAIT_SECONDS": "2",
        }
        return subprocess.run(
            [self.root / "scripts" / "start-monitoring.sh", *arguments],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        return (self.docker / "calls").read_text(encoding="utf-8").splitlines()

    def answers(self, **statuses: int) -> None:
        for name, status in statuses.items():
            (self.docker / f"{name}.status").write_text(str(status), encoding="utf-8")

    def states(self, part: str, *states: str) -> None:
        (self.docker / f"magacin-{part}.states").write_text(
            "".join(f"{s}\n" for s in states), encoding="utf-8"
        )

    def secret(self, name: str) -> Path:
        return self.root / ".magacin-docker" / "secrets" / name


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    root, docker = tmp_path / "magacin", tmp_path / "docker"
    (root / "scripts").mkdir(parents=True)
    docker.mkdir()
    shutil.copy(ROOT / "scripts" / "start-monitoring.sh", root / "scripts")
    (docker / "docker").write_text(FAKE_DOCKER, encoding="utf-8")
    (docker / "docker").chmod(0o755)
    (docker / "services").write_text("\n".join(PARTS), encoding="utf-8")
    (docker / "sleep").write_text("#!/bin/sh\nexec /bin/sleep 0.1\n", encoding="utf-8")
    (docker / "sleep").chmod(0o755)
    machine = Machine(root, docker)
    for part in PARTS:
        machine.states(part, "running/healthy")
    return machine


class TestWaits:
    def test_until_every_part_is_healthy(self, machine: Machine) -> None:
        machine.states("grafana", "missing", "running/starting", "running/healthy")
        done = machine.run()
        assert done.returncode == 0, done.stderr
        assert "Monitoring is ready." in done.stdout
        assert [line.split() for line in done.stdout.splitlines() if line.endswith("healthy")] == [
            [part, "healthy"] for part in PARTS
        ]
        assert "running/starting" in done.stdout, "progress is shown"
        assert {
            f"docker compose -f docker-compose.monitoring.yml {c}" for c in ("up -d", "config --services")
        } <= set(machine.calls())

    @pytest.mark.parametrize("state", ["running/unhealthy", "running/starting", "restarting/starting"])
    def test_no_longer_than_allowed(self, machine: Machine, state: str) -> None:
        machine.states("alertmanager", state)
        done = machine.run()
        _failed_naming(done, "alertmanager", state)

    @pytest.mark.parametrize("state", ["exited/unhealthy", "dead/starting", "running/unchecked"])
    def test_not_for_what_cannot_become_healthy(self, machine: Machine, state: str) -> None:
        machine.states("prometheus", state)
        done = machine.run()
        _failed_naming(done, "prometheus", state)
        assert sum("inspect" in call and "magacin-prometheus" in call for call in machine.calls()) == 1

    def test_a_container_that_was_never_made_is_missed(self, machine: Machine) -> None:
        (machine.docker / "magacin-redis-exporter.states").unlink()
        _failed_naming(machine.run(), "redis-exporter", "missing")


class TestFails:
    def test_without_docker(self, machine: Machine, tmp_path: Path) -> None:
        # The tools that the script uses and no docker: this machine may well have one.
        tools = tmp_path / "tools"
        tools.mkdir()
        for name in (
            "bash",
            "cat",
            "chmod",
            "cut",
            "dirname",
            "env",
            "grep",
            "mkdir",
            "mv",
            "od",
            "sha256sum",
            "touch",
            "tr",
        ):
            (tools / name).symlink_to(shutil.which(name) or pytest.fail(f"{name} is missing"))
        done = subprocess.run(
            [machine.root / "scripts" / "start-monitoring.sh"],
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "docker is not installed" in done.stderr
        assert "ready" not in done.stdout

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("info", "the Docker engine does not answer"),
            ("config", "docker-compose.monitoring.yml is not valid"),
            ("up", "could not be started"),
        ],
    )
    def test_when_docker_does(self, machine: Machine, answer: str, said: str) -> None:
        machine.answers(**{answer: 17})
        done = machine.run()
        assert done.returncode == 1
        assert said in done.stderr
        assert "ready" not in done.stdout

    def test_on_an_option_that_it_does_not_know(self, machine: Machine) -> None:
        done = machine.run("--secret-only")
        assert done.returncode == 1
        assert "--secret-only" in done.stderr
        assert not (machine.root / ".env").exists(), "nothing is done"

    def test_over_to_the_older_docker_compose(self, machine: Machine) -> None:
        machine.answers(plugin=1)
        shutil.copy(machine.docker / "docker", machine.docker / "docker-compose")
        done = machine.run()
        assert done.returncode == 0, done.stderr
        assert "Next: docker-compose up -d" in done.stdout


class TestSecrets:
    def test_are_made_once_and_differ(self, machine: Machine) -> None:
        assert machine.run("--secrets-only").returncode == 0
        folder = machine.root / ".magacin-docker" / "secrets"
        first = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        assert set(first) == SECRETS
        addresses = {name for name in SECRETS if name.startswith(("slack", "heartbeat"))}
        assert {first[name] for name in addresses} == {
            "http://inbox:8025/slack",
            "http://inbox:8025/heartbeat",
        }
        assert len({first[name] for name in SECRETS - addresses}) == len(SECRETS - addresses)
        assert all(
            len(first[name]) == 64 for name in SECRETS if name.endswith(("_password", "_token", "_key"))
        )
        assert machine.run("--secrets-only").returncode == 0
        assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == first

    def test_no_other_user_gets_at_them(self, machine: Machine) -> None:
        machine.run("--secrets-only")
        for folder in (machine.secret("x").parent, machine.secret("x").parents[1]):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        # Readable, because each container runs as a user of its own; the folder keeps everybody else out.
        assert {stat.S_IMODE(machine.secret(name).stat().st_mode) for name in SECRETS} == {0o444}

    def test_a_lost_one_is_made_again_and_the_rest_kept(self, machine: Machine) -> None:
        machine.run("--secrets-only")
        kept = machine.secret("redis_url").read_text(encoding="utf-8")
        machine.secret("jwt_key").unlink()
        machine.secret("redis_acl").unlink()
        machine.run("--secrets-only")
        assert machine.secret("jwt_key").read_text(encoding="utf-8")
        assert machine.secret("redis_acl").read_text(encoding="utf-8")
        assert machine.secret("redis_url").read_text(encoding="utf-8") == kept

    def test_starts_nothing(self, machine: Machine) -> None:
        machine.run("--secrets-only")
        assert not (machine.docker / "calls").exists()

    def test_are_not_shown(self, machine: Machine) -> None:
        done = machine.run()
        said = done.stdout + done.stderr + "\n".join(machine.calls())
        assert not [
            name for name in SECRETS if machine.secret(name).read_text(encoding="utf-8").strip() in said
        ]

    def test_compose_finds_them_by_env_file_and_a_users_own_lines_stay(self, machine: Machine) -> None:
        env = machine.root / ".env"
        env.write_text("MY_OWN=1\nCOMPOSE_PROJECT_NAME=mine\n", encoding="utf-8")
        machine.run("--secrets-only")
        machine.run("--secrets-only")
        assert env.read_text(encoding="utf-8").splitlines() == [
            "MY_OWN=1",
            "COMPOSE_PROJECT_NAME=mine",
            "MAGACIN_SECRETS_DIR=./.magacin-docker/secrets",
            "COMPOSE_IGNORE_ORPHANS=true",
        ]

    def test_git_and_the_image_leave_them_out(self, machine: Machine) -> None:
        for path in (".env", ".magacin-docker/secrets/jwt_key"):
            done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, env=os.environ, check=False)
            assert done.returncode == 0, f"{path} would be committed"

    def test_every_secret_the_compose_files_mount_is_made(self) -> None:
        mounted = {
            name
            for file in ("docker-compose.yml", "docker-compose.monitoring.yml")
            for name in yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["secrets"]
        }
        assert mounted <= SECRETS
        assert SECRETS - mounted == {"redis_exporter_password"}, "made and mounted nowhere"


def _failed_naming(done: subprocess.CompletedProcess[str], part: str, state: str) -> None:
    assert done.returncode == 1
    assert f"{part} is not healthy" in done.stderr
    assert state in done.stderr
    assert f"last words of magacin-{part}" in done.stderr
    assert "Monitoring is ready" not in done.stdout

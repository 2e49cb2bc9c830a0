"""The monitoring in Docker, against a `docker` on PATH that answers what a test tells it to.

That the containers become healthy is not shown here; that needs a Docker engine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from magacin.stack.docker import COMPOSE_FILE, DockerMonitoring
from magacin.stack.errors import StackError
from magacin.stack.paths import ROOT

PARTS = list(yaml.safe_load((ROOT / COMPOSE_FILE).read_text(encoding="utf-8"))["services"])

# Answers from files: the exit status of `docker info`, `docker compose version` and `up`, and the states of
# a part one after the other. It writes down what it was asked.
FAKE_DOCKER = r"""#!/usr/bin/env bash
cd "$FAKE_DOCKER_FOLDER"
printf '%s\n' "${0##*/} $*" >>calls
status_of() { [ ! -f "$1.status" ] || { echo "$1 is wrong" >&2; exit "$(cat "$1.status")"; }; }
case "$*" in
  info) status_of info ;;
  "compose version") status_of plugin; echo v2 ;;
  "version --short") cat compose-version ;;
  version*) cat engine-version ;;
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


@dataclass
class Told:
    """What was shown while it went on."""

    lines: list[str] = field(default_factory=list)

    def doing(self, text: str) -> None:
        self.lines.append(text)

    def percent(self, percent: int, text: str) -> None:
        raise AssertionError("nothing here has a percentage")

    def done(self, text: str) -> None:
        self.lines.append(f"✓ {text}")


@dataclass(frozen=True)
class Machine:
    """A folder with a fake docker in it."""

    folder: Path
    told: Told

    def start(self, seconds: float = 1) -> list[str]:
        return DockerMonitoring(self.folder, self.told, look_every=0.01).start(seconds)

    def fails(self, seconds: float = 1) -> str:
        with pytest.raises(StackError) as caught:
            self.start(seconds)
        return "\n".join([caught.value.what, *caught.value.details])

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()

    def answers(self, **statuses: int) -> None:
        for name, status in statuses.items():
            (self.folder / f"{name}.status").write_text(str(status), encoding="utf-8")

    def states(self, part: str, *states: str) -> None:
        text = "".join(f"{state}\n" for state in states)
        (self.folder / f"magacin-{part}.states").write_text(text, encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    docker = tmp_path / "docker"
    docker.write_text(FAKE_DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    (tmp_path / "engine-version").write_text("28.2.2\n", encoding="utf-8")
    (tmp_path / "compose-version").write_text("2.26.1\n", encoding="utf-8")
    (tmp_path / "services").write_text("\n".join(PARTS), encoding="utf-8")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_DOCKER_FOLDER", str(tmp_path))
    machine = Machine(tmp_path, Told())
    for part in PARTS:
        machine.states(part, "running/healthy")
    return machine


class TestWaits:
    def test_until_every_part_is_healthy(self, machine: Machine) -> None:
        machine.states("grafana", "missing", "running/starting", "running/healthy")
        assert machine.start(30) == ["docker", "compose"]
        healthy = [line for line in machine.told.lines if line.endswith(" is healthy")]
        assert sorted(healthy) == sorted(f"✓ {part} is healthy" for part in PARTS)
        assert "Waiting for grafana (running/starting)" in machine.told.lines, "progress is shown"
        wanted = {f"docker compose -f {COMPOSE_FILE} {call}" for call in ("up -d", "config --services")}
        assert wanted <= set(machine.calls())

    @pytest.mark.parametrize("state", ["running/unhealthy", "running/starting", "restarting/starting"])
    def test_no_longer_than_allowed(self, machine: Machine, state: str) -> None:
        machine.states("alertmanager", state)
        said = machine.fails(0.2)
        assert f"NOT ready: alertmanager is not healthy (still {state} after 0.2 s)" in said
        assert "last words of magacin-alertmanager" in said

    @pytest.mark.parametrize("state", ["exited/unhealthy", "dead/starting", "running/unchecked"])
    def test_not_for_what_cannot_become_healthy(self, machine: Machine, state: str) -> None:
        machine.states("prometheus", state)
        assert f"NOT ready: prometheus is not healthy ({state})" in machine.fails(3600)

    def test_not_for_what_ends_over_and_over(self, machine: Machine) -> None:
        machine.states("prometheus", *(f"restarting/starting/{count}" for count in (4, 4, 5, 6, 7)))
        said = machine.fails(3600)
        assert "prometheus is not healthy (restarting/starting, started anew 3 times)" in said
        assert "last words of magacin-prometheus" in said

    def test_for_what_once_ended_before(self, machine: Machine) -> None:
        machine.states("prometheus", "running/starting/9", "running/starting/10", "running/healthy/10")
        machine.start(30)

    def test_a_container_that_was_never_made_is_missed(self, machine: Machine) -> None:
        (machine.folder / "magacin-redis-exporter.states").unlink()
        assert "redis-exporter is not healthy (still missing" in machine.fails(0.2)


class TestFails:
    def test_without_docker(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        # A folder with nothing in it: this machine may well have a docker.
        empty = machine.folder / "empty"
        empty.mkdir()
        monkeypatch.setenv("PATH", str(empty))
        assert "docker is not installed" in machine.fails()

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("info", "the Docker engine does not answer"),
            ("config", f"{COMPOSE_FILE} is not valid"),
            ("up", "could not be started"),
        ],
    )
    def test_when_docker_does(self, machine: Machine, answer: str, said: str) -> None:
        machine.answers(**{answer: 17})
        assert said in machine.fails()

    def test_with_composes_own_words(self, machine: Machine) -> None:
        machine.answers(config=15)
        assert "config is wrong" in machine.fails()

    def test_without_any_compose(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        machine.answers(plugin=1)
        tools = machine.folder / "tools"
        tools.mkdir()
        for name in ("docker", "env", "bash", "cat"):
            (tools / name).symlink_to(shutil.which(name) or pytest.fail(f"{name} is missing"))
        monkeypatch.setenv("PATH", str(tools))
        assert "neither `docker compose` nor docker-compose is installed" in machine.fails()


def test_the_older_docker_compose_does_as_well(machine: Machine) -> None:
    machine.answers(plugin=1)
    shutil.copy(machine.folder / "docker", machine.folder / "docker-compose")
    assert machine.start() == ["docker-compose"]
    assert f"docker-compose -f {COMPOSE_FILE} up -d" in machine.calls()


def test_compose_1_is_refused_where_the_engine_is_too_new_for_it(machine: Machine) -> None:
    machine.answers(plugin=1)
    shutil.copy(machine.folder / "docker", machine.folder / "docker-compose")
    (machine.folder / "compose-version").write_text("1.29.2\n", encoding="utf-8")
    said = machine.fails()
    assert "docker-compose 1.29.2 cannot update containers of Docker 28.2.2" in said
    assert "Install the Compose plug-in" in said
    (machine.folder / "engine-version").write_text("24.0.7\n", encoding="utf-8")
    assert machine.start() == ["docker-compose"]


@pytest.mark.parametrize(("path", "mode"), [("monitoring/prometheus.yml", 0o600), ("docs/runbooks", 0o700)])
def test_a_checkout_that_keeps_others_out_is_refused(machine: Machine, path: str, mode: int) -> None:
    for folder in ("monitoring", "docs/runbooks"):
        (machine.folder / folder).mkdir(parents=True)
        (machine.folder / folder).chmod(0o755)
    (machine.folder / "monitoring" / "prometheus.yml").touch(0o644)
    machine.start()
    (machine.folder / path).chmod(mode)
    said = machine.fails()
    assert f"containers may not read {path}" in said
    assert "chmod -R o+rX monitoring docs/runbooks" in said


def test_the_script_of_the_specification_hands_everything_on(tmp_path: Path) -> None:
    (tmp_path / "a b" / "scripts").mkdir(parents=True)
    script = shutil.copy(ROOT / "scripts" / "start-monitoring.sh", tmp_path / "a b" / "scripts")
    command = tmp_path / "a b" / "magacin"
    command.write_text('#!/bin/sh\nprintf "%s|" "$@"\nexit 7\n', encoding="utf-8")
    command.chmod(0o755)
    done = subprocess.run(
        [script, "--secrets-only", "x y"], cwd="/", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (7, "docker|monitoring|--secrets-only|x y|")


def test_an_option_that_there_is_not_is_refused() -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "start-monitoring.sh", "--secret-only"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--secret-only" in done.stderr

"""The monitoring in Docker: started by Compose, and waited for until each container is healthy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from magacin.stack import docker_secrets
from magacin.stack.errors import StackError
from magacin.stack.reporter import Reporter
from magacin.stack.waiting import for_all

COMPOSE_FILE = "docker-compose.monitoring.yml"
HEALTHY = "running/healthy"
_STATE = "{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}"
_INSTEAD = "or run without Docker: ./magacin up"
# An engine that hangs is one that does not answer.
_ENGINE_SECONDS = 60


class DockerMonitoring:
    """The containers of docker-compose.monitoring.yml in the checkout `root`."""

    def __init__(self, root: Path, report: Reporter, *, look_every: float = 1.0) -> None:
        self._root = root
        self._report = report
        self._look_every = look_every

    def start(self, seconds: float) -> list[str]:
        """Start all of it, and return Compose's command line once it is healthy.

        Raises StackError when Docker is not there, or when a container is not healthy within `seconds`.
        """
        compose = self._compose()
        parts = self._parts(compose)
        self._report.done("Starting the monitoring")
        # Compose's own output is progress, and says what is wrong.
        if subprocess.run([*compose, "-f", COMPOSE_FILE, "up", "-d"], cwd=self._root, check=False).returncode:
            raise StackError("the monitoring could not be started; the message above says why.")
        self._wait(parts, seconds, compose)
        return compose

    def _compose(self) -> list[str]:
        if shutil.which("docker") is None:
            raise StackError(
                "docker is not installed.",
                f"Install Docker Engine (https://docs.docker.com/engine/install/), {_INSTEAD}",
            )
        if self._run("docker", "info") is None:
            raise StackError("the Docker engine does not answer.", f"Start it, see `docker info`, {_INSTEAD}")
        if self._run("docker", "compose", "version") is not None:
            return ["docker", "compose"]
        if shutil.which("docker-compose"):
            return ["docker-compose"]
        raise StackError(
            "neither `docker compose` nor docker-compose is installed.",
            "Install the Compose plug-in: https://docs.docker.com/compose/install/",
        )

    def _parts(self, compose: Sequence[str]) -> list[str]:
        command = [*compose, "-f", COMPOSE_FILE, "config", "--services"]
        done = subprocess.run(command, cwd=self._root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"{COMPOSE_FILE} is not valid.", (done.stderr or done.stdout).strip())
        return done.stdout.split()

    def _wait(self, parts: Sequence[str], seconds: float, compose: Sequence[str]) -> None:
        states: dict[str, str] = {}

        def still(left: list[str], late: bool) -> list[str]:
            states.update({part: self._state(part) for part in left})
            for part in [part for part in left if states[part] == HEALTHY]:
                self._report.done(f"{part} is healthy")
            left = [part for part in left if states[part] != HEALTHY]
            for part in left:
                if late or _is_hopeless(states[part]):
                    why = f"still {states[part]} after {seconds:g} s" if late else states[part]
                    raise self._not_healthy(part, why, compose)
            return left

        for_all(
            parts,
            still,
            self._report,
            named=lambda part: f"{part} ({states[part]})",
            seconds=seconds,
            every=self._look_every,
        )

    def _state(self, part: str) -> str:
        return (self._run("docker", "inspect", "--format", _STATE, f"magacin-{part}") or "missing").strip()

    def _not_healthy(self, part: str, why: str, compose: Sequence[str]) -> StackError:
        command = ["docker", "logs", "--tail", "20", f"magacin-{part}"]
        done = subprocess.run(command, cwd=self._root, capture_output=True, text=True, check=False)
        return StackError(
            f"the monitoring is NOT ready: {part} is not healthy ({why}).",
            "Its last lines:",
            (done.stdout + done.stderr).strip() or "(none)",
            f"The rest keeps running; stop it with: {' '.join(compose)} -f {COMPOSE_FILE} down",
        )

    def _run(self, *command: str) -> str | None:
        """Return what a command printed, or None when it failed or did not come back."""
        try:
            done = subprocess.run(
                command, cwd=self._root, capture_output=True, text=True, timeout=_ENGINE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        return None if done.returncode else done.stdout


def _is_hopeless(state: str) -> bool:
    """Say whether a container in this state never gets healthy: it ended, or nothing looks at its health."""
    status, _, health = state.partition("/")
    return status in ("exited", "dead") or health == "unchecked"


def ensure_secrets(root: Path) -> Path:
    """Make the secrets that are missing, and return their folder; raise StackError where it is not ours."""
    try:
        return docker_secrets.ensure(root)
    except OSError as error:
        raise StackError(
            f"cannot write {error.filename or root} ({error.strerror}).",
            "The secrets belong to whoever made them first: run it as that user.",
        ) from error

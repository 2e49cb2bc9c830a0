"""The monitoring in Docker: started by Compose, and waited for until each container is healthy."""

from __future__ import annotations

import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from magacin.stack import docker_secrets
from magacin.stack.errors import StackError
from magacin.stack.reporter import Reporter
from magacin.stack.waiting import for_all

COMPOSE_FILE = "docker-compose.monitoring.yml"
# What containers read of the checkout, as users who are not its owner.
MOUNTED = ("monitoring", "docs/runbooks")
_HEALTH = "{{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}"
_STATE = f"{{{{.State.Status}}}}/{_HEALTH}/{{{{.RestartCount}}}}"
# Once may be bad luck while all start at once. What ends again and again does not get healthy.
_RESTARTS = 3
# docker-compose 1 asks for what newer engines no longer say of a container (`ContainerConfig`).
_LAST_ENGINE_OF_COMPOSE_1 = 24
_INSTEAD = "or run without Docker: ./magacin up"
# An engine that hangs is one that does not answer.
_ENGINE_SECONDS = 60


class State(NamedTuple):
    """A container as `docker inspect` tells of it: `health` is "unchecked" where nothing looks at it."""

    status: str
    health: str = ""
    restarts: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a line in the form of _STATE; nothing at all is a container that is missing."""
        status, health, restarts = [*text.strip().split("/"), "", ""][:3]
        return cls(status or "missing", health, int(restarts or 0))

    def __str__(self) -> str:
        return f"{self.status}/{self.health}" if self.health else self.status

    @property
    def is_healthy(self) -> bool:
        """Whether it runs and says that it is well."""
        return (self.status, self.health) == ("running", "healthy")

    def is_hopeless(self, at_first: State) -> bool:
        """Say whether it never gets healthy: it ended, ends over and over, or nobody looks at its health."""
        ended = self.status in ("exited", "dead") or self.health == "unchecked"
        return ended or self.restarts - at_first.restarts >= _RESTARTS


class DockerMonitoring:
    """The containers of docker-compose.monitoring.yml in the checkout `root`."""

    def __init__(self, root: Path, report: Reporter, *, look_every: float = 1.0) -> None:
        self._root = root
        self._report = report
        self._look_every = look_every

    def start(self, seconds: float) -> list[str]:
        """Start all of it, and return Compose's command line once it is healthy.

        Raises StackError when Docker is not there or cannot do it, when containers could not read the
        checkout, or when a container is not healthy within `seconds`.
        """
        compose = self._compose()
        self._require_readable()
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
            self._require_an_engine_for_compose_1()
            return ["docker-compose"]
        raise StackError(
            "neither `docker compose` nor docker-compose is installed.",
            "Install the Compose plug-in: https://docs.docker.com/compose/install/",
        )

    def _require_an_engine_for_compose_1(self) -> None:
        compose = (self._run("docker-compose", "version", "--short") or "").strip()
        engine = (self._run("docker", "version", "--format", "{{.Server.Version}}") or "").strip()
        major = engine.partition(".")[0]
        if compose.startswith("1.") and major.isdigit() and int(major) > _LAST_ENGINE_OF_COMPOSE_1:
            raise StackError(
                f"docker-compose {compose} cannot update containers of Docker {engine}.",
                "It would start them once, and fail with 'ContainerConfig' at the first change.",
                "Install the Compose plug-in: https://docs.docker.com/compose/install/",
            )

    def _require_readable(self) -> None:
        """Raise StackError where others may not read what is mounted: containers would restart for ever."""
        closed = [
            str(path.relative_to(self._root))
            for name in MOUNTED
            for path in (self._root / name, *sorted((self._root / name).rglob("*")))
            if path.exists() and not _others_may_read(path)
        ]
        if closed:
            more = len(closed) - 1
            raise StackError(
                f"containers may not read {closed[0]}{f' and {more} more' if more else ''} of the checkout.",
                "They run as users of their own; it was made with a umask that keeps all others out.",
                f"Let them: chmod -R o+rX {' '.join(MOUNTED)}",
            )

    def _parts(self, compose: Sequence[str]) -> list[str]:
        command = [*compose, "-f", COMPOSE_FILE, "config", "--services"]
        done = subprocess.run(command, cwd=self._root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"{COMPOSE_FILE} is not valid.", (done.stderr or done.stdout).strip())
        return done.stdout.split()

    def _wait(self, parts: Sequence[str], seconds: float, compose: Sequence[str]) -> None:
        states: dict[str, State] = {}
        at_first: dict[str, State] = {}

        def still(left: list[str], late: bool) -> list[str]:
            states.update({part: self._state(part) for part in left})
            at_first.update({part: states[part] for part in left if part not in at_first})
            for part in [part for part in left if states[part].is_healthy]:
                self._report.done(f"{part} is healthy")
            left = [part for part in left if not states[part].is_healthy]
            for part in left:
                if late or states[part].is_hopeless(at_first[part]):
                    why = f"still {states[part]} after {seconds:g} s" if late else str(states[part])
                    again = states[part].restarts - at_first[part].restarts
                    why += f", started anew {again} times" if again else ""
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

    def _state(self, part: str) -> State:
        return State.read(self._run("docker", "inspect", "--format", _STATE, f"magacin-{part}") or "")

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


def _others_may_read(path: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    return path.stat().st_mode & wanted == wanted


def ensure_secrets(root: Path) -> Path:
    """Make the secrets that are missing, and return their folder; raise StackError where it is not ours."""
    try:
        return docker_secrets.ensure(root)
    except OSError as error:
        raise StackError(
            f"cannot write {error.filename or root} ({error.strerror}).",
            "The secrets belong to whoever made them first: run it as that user.",
        ) from error

"""The two halves of Compose on a machine, driven by the commands that docs/docker.md names."""

from __future__ import annotations

import json
import re
import shlex
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import yaml

from magacin.stack.docker import State
from magacin.stack.paths import ROOT
from magacin.stack.waiting import Patience, machine_is_busy
from tests.docker.machine import Machine

MONITORING = "-f docker-compose.monitoring.yml"
_PAGE = (ROOT / "docs" / "docker.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEALTH = "{{if .State.Health}}{{.State.Health.Status}}{{else}}unchecked{{end}}"
_STATE = f"{{{{.Name}}}} {{{{.State.Status}}}}/{_HEALTH}/{{{{.RestartCount}}}}"
_ONCE = "migrate"
# Each step of what is waited for takes a minute or two by itself: a start, a scrape and a rule, a mail.
_QUIET_SECONDS, _LONGEST_SECONDS = 300.0, 3600.0


class Answer(NamedTuple):
    """What an endpoint said."""

    status: int
    body: Any


def services() -> list[str]:
    """Return what runs, over both files, and does not end."""
    files = ("docker-compose.yml", "docker-compose.monitoring.yml")
    named = [name for file in files for name in yaml.safe_load((ROOT / file).read_text())["services"]]
    return sorted(name for name in named if name != _ONCE)


class Containers:
    """What runs on a machine, and how people use it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._person = ("", "")
        self._token = ""

    def documented(self, words: str) -> str:
        """Run the one block of commands of the page that has these words; return what was printed."""
        [block] = [block for block in _BLOCK.findall(_PAGE) if words in block]
        return self.sh(block)

    def sh(self, script: str) -> str:
        """Run a script in the checkout, with the Compose that there is."""
        return self.machine.sh(script.replace("docker compose", self.machine.kind.compose))

    def states(self) -> dict[str, State]:
        """Return how each container is."""
        said = self.machine.sh(f"docker ps -aq | xargs -r docker inspect --format '{_STATE}'")
        lines = [line.split(maxsplit=1) for line in said.splitlines()]
        return {name.removeprefix("/magacin-"): State.read(state) for name, state in lines}

    def wait_healthy(self) -> None:
        """Return when all of them are."""
        wanted = services()

        def ill() -> dict[str, str]:
            states = self.states()
            return {
                name: str(states.get(name))
                for name in wanted
                if name not in states or not states[name].is_healthy
            }

        self.until(lambda: not ill(), ill)

    def until(self, done: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return what `done` returns once that is something; fail where `otherwise` stays as it is."""
        patience = Patience(_QUIET_SECONDS, _LONGEST_SECONDS)
        while not (found := done()):
            patience.look(lambda: repr(otherwise()))
            assert (why := patience.why_over()) is None, f"{why}: {otherwise()} {machine_is_busy()}"
            time.sleep(1)
        return found

    def prometheus(self, path: str, **query: str) -> Any:
        """Ask Prometheus with the operator's login."""
        url = shlex.quote(f"http://localhost:9090/api/v1/{path}?{urlencode(query)}")
        return json.loads(self.machine.sh(f"curl -fsS -K .magacin-docker/secrets/curl {url}"))["data"]

    def wait_for_targets(self) -> list[str]:
        """Return the jobs that Prometheus scrapes, when all of them answer it."""

        def targets() -> dict[str, str]:
            found = self.prometheus("targets", state="active")["activeTargets"]
            return {one["labels"]["job"]: f"{one['health']} {one['lastError']}".strip() for one in found}

        self.until(lambda: set(targets().values()) == {"up"}, targets)
        return sorted(targets())

    def wait_for_alert(self, alert: str, service: str) -> None:
        """Return when Prometheus has it firing."""

        self.until(lambda: f"{alert} {service} firing" in self.alerts(), self.alerts)

    def alerts(self) -> list[str]:
        """Return which there are, each with its service and its state."""
        found = self.prometheus("alerts")["alerts"]
        told = [(one["labels"]["alertname"], one["labels"].get("service"), one["state"]) for one in found]
        return sorted(f"{alert} {service} {state}" for alert, service, state in told)

    def log_in(self, name: str, password: str) -> None:
        """Log in at the gateway, for what is asked from now on."""
        self._person, self._token = (name, password), ""
        said = self.must("POST", "/api/auth/login", {"username": name, "password": password})
        self._token = said["access_token"]

    def must(self, method: str, path: str, body: object = None) -> Any:
        """Ask the gateway, and return what it answers; fail when that is a refusal."""
        answer = self.ask(method, path, body)
        assert answer.status < 300, answer
        return answer.body

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Ask the gateway, and once more after a new login where that of before has run out."""
        answer = self._ask(method, path, body)
        if answer.status == 401 and answer.body["error"]["code"] == "token_expired":
            self.log_in(*self._person)
            answer = self._ask(method, path, body)
        return answer

    def _ask(self, method: str, path: str, body: object) -> Answer:
        given = ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
        login = ["-H", f"Authorization: Bearer {self._token}"] if self._token else []
        form = ["-sS", "-w", r"\n%{http_code}", "-X", method, f"http://localhost:8000{path}"]
        text, _, status = self.machine.sh(shlex.join(["curl", *form, *given, *login])).rpartition("\n")
        return Answer(int(status), json.loads(text) if text else None)

    def forget_mail(self) -> None:
        """Empty the inbox: while the application was not there yet, it was told so."""
        self.machine.sh("curl -fsS -X DELETE http://localhost:8025/api/messages")

    def mail(self, **wanted: str) -> Any:
        """Return a message of an alert that has come to the inbox, and wait for it."""
        url = shlex.quote(f"http://localhost:8025/api/messages?kind=email&{urlencode(wanted)}")
        return self.until(
            lambda: json.loads(self.machine.sh(f"curl -fsS {url}"))["items"],
            lambda: f"no mail with {wanted}, and these alerts: {self.alerts()}",
        )

    def scan(self, task_id: int, code: str) -> Answer:
        """Scan one piece."""
        body = {"task_id": task_id, "code": code, "operation_id": str(uuid.uuid4())}
        return self.ask("POST", "/api/scan", body)

    def picked(self, task_id: int) -> int:
        """Return how many pieces of a task were picked."""
        return sum(line["picked"] for line in self.must("GET", f"/api/tasks/{task_id}")["lines"])

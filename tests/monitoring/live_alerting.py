"""A real Alertmanager with the repository's configuration, and a real inbox behind it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from magacin.stack import install, notifications, parts, render
from tests.conftest import free_port

T = TypeVar("T")

CONFIG = render.MONITORING / "alertmanager.yml"
# The whole difference between the configuration that is tested and the one that runs.
DURATIONS = {"group_wait": "100ms", "group_interval": "1s", "repeat_interval": "1h", "resolve_timeout": "5m"}
_DURATION = re.compile(rf"(?m)^(\s*)({'|'.join(DURATIONS)}): .*$")


def shortened(text: str) -> str:
    """Return a configuration that waits for nothing."""
    return _DURATION.sub(lambda match: f"{match[1]}{match[2]}: {DURATIONS[match[2]]}", text)


def call(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def until(check: Callable[[], T | None], *, seconds: float = 120) -> T:
    """Return what `check` returns once it is true; it is asked again and again."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.05)
    return answer


@dataclass(frozen=True)
class Alerting:
    alertmanager: str
    inbox: str

    def post(
        self,
        *labels: dict[str, str],
        annotations: dict[str, str] | None = None,
        over: bool = False,
        asked_at: str = "",
    ) -> None:
        now = datetime.now(UTC)
        ends = now if over else now + timedelta(hours=1)
        # Alertmanager takes the start that it knows; for one that ends it must lie before the end.
        times = {"startsAt": (now - timedelta(minutes=5)).isoformat(), "endsAt": ends.isoformat()}
        more = {"annotations": annotations or {}, "generatorURL": asked_at, **times}
        alerts = [{"labels": one, **more} for one in labels]
        call(f"{self.alertmanager}/api/v2/alerts", alerts)

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call(f"{self.alertmanager}/api/v2/alerts")
        return found

    def messages(self, **wanted: object) -> list[dict[str, Any]]:
        query = "&".join(f"{key}={value}" for key, value in wanted.items())
        items: list[dict[str, Any]] = call(f"{self.inbox}/api/messages?{query}")["items"]
        return items


@contextmanager
def alerting(folder: Path, *, console: str = "") -> Iterator[Alerting]:
    """Run both as long as the context lasts; with `console`, links of messages lead to that address."""
    ports = {8025: free_port(), 1025: free_port(), 9093: free_port()}
    etc, secrets = folder / "etc", folder / "secrets"
    for path in (etc / "templates", secrets, folder / "data"):
        path.mkdir(parents=True)
    for template in (render.MONITORING / "templates").iterdir():
        written = template.read_text()
        written = render.with_pages_of(written, console) if console else written
        (etc / "templates" / template.name).write_text(written)
    text = shortened(render.to_loopback(CONFIG.read_text(), 0)).replace(notifications.MOUNTED, f"{secrets}/")
    for port in (8025, 1025):
        text = text.replace(f"{parts.LOOPBACK}:{port}", f"{parts.LOOPBACK}:{ports[port]}")
    (etc / "alertmanager.yml").write_text(text)
    running = Alerting(f"http://127.0.0.1:{ports[9093]}", f"http://127.0.0.1:{ports[8025]}")
    (secrets / notifications.SMTP_PASSWORD).write_text("none")
    for name in (notifications.SLACK_CRITICAL, notifications.SLACK_WARNING):
        (secrets / name).write_text(f"{running.inbox}/slack")
    environment = {"MAGACIN_PORT": str(ports[8025]), "MAGACIN_SMTP_PORT": str(ports[1025])}
    commands: list[list[str]] = [
        [sys.executable, "-P", "-m", "magacin.cli", "serve", "inbox"],
        [
            str(install.locate("alertmanager")),
            f"--config.file={etc / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{ports[9093]}",
            f"--web.external-url={running.alertmanager}",
            "--cluster.listen-address=",
        ],
    ]
    with (folder / "log").open("wb") as log:
        processes = [
            subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log, cwd=folder)
            for command in commands
        ]
    try:
        for url in (f"{running.inbox}/health/live", f"{running.alertmanager}/-/ready"):
            until(lambda url=url: _answers(url))  # type: ignore[misc]  # mypy cannot infer a default's type here
        yield running
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

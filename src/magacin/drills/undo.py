"""How each kind of fault is undone. By name and with plain data, so that any later command can do it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from magacin.contracts.identity import Identity, Role
from magacin.contracts.live_drills import ACKNOWLEDGE_PATH
from magacin.core.files import write_private
from magacin.core.security import SERVICE_TOKEN_HEADER
from magacin.drills.files import MonitoringFiles
from magacin.drills.journal import Entry
from magacin.drills.live.alert import GENERAL
from magacin.stack import clients
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec
from magacin.stack.lifecycle import Stack
from magacin.stack.processes import run_cli
from magacin.stack.site import Site

# Whoever cleans up does it in this name.
PERSON = Identity("drill", Role.SUPERVISOR)
# What only an administrator may is done by asking the service itself: the drills' person never is one.
ADMINISTRATOR = Identity(PERSON.username, Role.ADMIN)
_LINK = re.compile(rf"{ACKNOWLEDGE_PATH}\?token=[\w-]+")
_HTTP_SECONDS = 20


class NotYet(Exception):
    """It cannot be undone now, because what is needed for that does not run."""


@dataclass
class Undoer:
    """What undoing needs: the stack, and what is otherwise than usual just now, on behalf of other drills."""

    stack: Stack
    altered: dict[str, LaunchSpec] = field(default_factory=dict)
    files: MonitoringFiles | None = None

    def undo(self, entry: Entry) -> None:
        """Undo one entry. Doing it twice does no harm. Raises NotYet or StackError when it cannot be done."""
        _UNDO[entry.undo](self, **entry.data)

    def require_running(self) -> None:
        """Raise NotYet unless the stack runs."""
        if not self.stack.supervisor.running():
            raise NotYet


def _start(undoer: Undoer, parts: list[str]) -> None:
    undoer.require_running()
    undoer.stack.start_parts(parts)


def _relaunch(undoer: Undoer, parts: list[str]) -> None:
    for part in parts:
        undoer.altered.pop(part, None)
    # `up` starts parts as usual by itself.
    if undoer.stack.supervisor.running():
        used = undoer.stack.supervisor.processes()
        undoer.stack.relaunch([part for part in parts if used[part].used], undoer.altered)


def _monitoring(undoer: Undoer, edit: str = "", servers: Sequence[str] = ()) -> None:
    if edit and undoer.files is not None:
        undoer.files.undo(edit, servers)
    # Where it does not run, `up` writes the files anew before it starts it.
    elif undoer.stack.supervisor.running():
        alive = undoer.stack.supervisor.processes()
        if any(alive[name].alive for name in ("prometheus", "alertmanager")):
            undoer.stack.reload()


def _resume(_: Undoer, pid: int, started: float) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.create_time() == started:
            process.send_signal(signal.SIGCONT)


def _descriptors(_: Undoer, pid: int, started: float, limits: list[int]) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.create_time() == started:
            process.rlimit(psutil.RLIMIT_NOFILE, (limits[0], limits[1]))


def _unmount(_: Undoer, path: str) -> None:
    if os.path.ismount(path):
        done = subprocess.run(["umount", "--lazy", path], capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"cannot unmount {path}: {done.stderr.strip()}")
    shutil.rmtree(path, ignore_errors=True)


def _remove(_: Undoer, path: str) -> None:
    target = Path(path)
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)


def _backup(undoer: Undoer, file: str, note: str | None) -> None:
    """Remove a drill's backup, and have the stack remember the one before it."""
    Path(file).unlink(missing_ok=True)
    if note is None:
        undoer.stack.data.last_backup.unlink(missing_ok=True)
    else:
        write_private(undoer.stack.data.last_backup, note)


def _redis(undoer: Undoer, settings: Mapping[str, str], delete: list[str]) -> None:
    import redis

    undoer.require_running()
    try:
        with clients.redis_client(undoer.stack.site(), seconds=10) as client:
            for name, value in settings.items():
                client.config_set(name, value)
            if delete:
                client.delete(*delete)
    except redis.ConnectionError as error:
        raise NotYet from error


def _cancel(undoer: Undoer, numbers: list[str]) -> None:
    """Cancel the tasks of requisitions by their number."""
    undoer.require_running()
    for number in numbers:
        for task in _unfinished(undoer, number):
            # One that nobody was left with is cancelled all the same; one that is over stays as it is.
            _task_service(undoer, "POST", f"/api/tasks/{task}/cancel")


def _unfinished(undoer: Undoer, number: str) -> list[int]:
    found, after = [], 0
    while True:
        page = _task_service(undoer, "GET", f"/api/requisitions?limit=500&after={after}")
        found += [r["task_id"] for r in page["items"] if r["number"].startswith(number) and r["task_id"]]
        if page["next_after"] is None:
            return found
        after = page["next_after"]


def _task_service(undoer: Undoer, method: str, path: str, by: Identity = PERSON) -> Any:
    try:
        answer = ask_task_service(undoer.stack.site(), method, path, by=by)
    except OSError as error:
        raise NotYet from error
    if answer.status == 409:
        return None
    if answer.status >= 400:
        raise StackError(f"{method} {path} was answered {answer.status}.", answer.text[:500])
    return answer.json() if answer.text else None


def ask_task_service(
    site: Site, method: str, path: str, body: Mapping[str, Any] | None = None, *, by: Identity = PERSON
) -> clients.Response:
    """Ask the Task Service in somebody's name, as the gateway does; raise OSError where nobody answers."""
    token = {SERVICE_TOKEN_HEADER: site.secrets.value("service-token")}
    headers = {**token, **by.headers(), "Content-Type": "application/json"}
    sent = None if body is None else json.dumps(body).encode()
    url = site.url("task-service") + path
    return clients.http(url, sent, method=method, headers=headers, seconds=_HTTP_SECONDS)


def _webhooks(undoer: Undoer, name: str) -> None:
    """Remove the webhooks of a name, with what waits for them."""
    undoer.require_running()
    for webhook in _task_service(undoer, "GET", "/api/webhooks", ADMINISTRATOR):
        if webhook["name"] == name:
            _task_service(undoer, "DELETE", f"/api/webhooks/{webhook['webhook_id']}", ADMINISTRATOR)


def _screens(undoer: Undoer, name: str) -> None:
    """End the screens of a name, as the drills' person does at the desk."""
    undoer.require_running()
    site = undoer.stack.site()
    said = {"username": PERSON.username, "password": site.secrets.value("drill-password")}
    json_type = {"Content-Type": "application/json"}
    url = site.url("api-gateway")

    def asked(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> clients.Response:
        return _usable(clients.http(url + path, body, method=method, headers=headers, seconds=_HTTP_SECONDS))

    try:
        login = asked("POST", "/api/auth/login", json.dumps(said).encode(), json_type).json()
        bearer = {"Authorization": f"Bearer {login['access_token']}"}
        for screen in asked("GET", "/api/screens", None, bearer).json():
            if screen["name"] == name and screen["active"]:
                asked("DELETE", f"/api/screens/{screen['screen_id']}", None, bearer)
    except OSError as error:
        raise NotYet from error


def _disable(undoer: Undoer, user: str) -> None:
    undoer.require_running()
    run_cli(undoer.stack.site(), "user", "disable", user)


def _answer(undoer: Undoer, after: int) -> None:
    """Answer the live drills that came to the inbox after one of its messages, as who gets one does."""
    undoer.require_running()
    site = undoer.stack.site()
    asked = f"{site.url('inbox')}/api/messages?after={after}&kind=email&status=firing&alert={GENERAL}"
    try:
        messages = _usable(clients.http(asked, seconds=_HTTP_SECONDS)).json()["items"]
        for link in {found[0] for message in messages if (found := _LINK.search(message["text"]))}:
            name = f"name={PERSON.username}".encode()
            answer = clients.http(site.url("api-gateway") + link, name, seconds=_HTTP_SECONDS)
            # A link that no longer counts never will.
            if answer.status == 410:
                return
            _usable(answer)
    except OSError as error:
        raise NotYet from error


def _usable(answer: clients.Response) -> clients.Response:
    if answer.status >= 400:
        raise NotYet
    return answer


_UNDO: Mapping[str, Callable[..., None]] = {
    "start": _start,
    "relaunch": _relaunch,
    "monitoring": _monitoring,
    "resume": _resume,
    "descriptors": _descriptors,
    "unmount": _unmount,
    "remove": _remove,
    "backup": _backup,
    "redis": _redis,
    "cancel": _cancel,
    "webhooks": _webhooks,
    "screens": _screens,
    "disable": _disable,
    "answer": _answer,
}

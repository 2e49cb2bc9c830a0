"""Services as forks of a real supervisord, and what makes one a program of its own instead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from magacin.stack.parts import PARTS
from magacin.stack.paths import DataDir
from magacin.stack.processes import STACK_VARIABLE, cli, wait_ended
from magacin.stack.supervise import Supervisor
from magacin.stack.waiting import until
from tests.conftest import free_port

# The heartbeat receiver needs no store. A part with a variable that libraries look at is executed.
CONFIGURATION = """
[supervisord]
nodaemon=true
silent=true
umask=077
directory=/
logfile={logs}/supervisord.log
pidfile={pid_file}
childlogdir={logs}

[unix_http_server]
file={socket}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:magacin]
supervisor.rpcinterface_factory=magacin.stack.supervisord:make_interface
"""
PROGRAM = """
[program:{name}]
command={command}
directory=/
autostart=false
redirect_stderr=true
stdout_logfile={logs}/{name}.log
environment={environment}
"""
SETTINGS = {
    "MAGACIN_HEARTBEAT_TOKEN": "x" * 40,
    "MAGACIN_HEARTBEAT_SLACK_URL": "http://127.0.0.1:9/",
    "MAGACIN_LOG_LEVEL": "info",
}


@dataclass(frozen=True)
class Served:
    """A supervisord with the receiver twice: as a fork, and as a program of its own."""

    supervisor: Supervisor
    data: DataDir
    identity: str
    ports: dict[str, int]

    def pid(self, name: str = "forked") -> int:
        """Return the process that serves."""
        return self.supervisor.processes()[name].pid

    def log(self, name: str) -> str:
        """Return the text of a log."""
        return self.data.log(name).read_text()

    def get(self, name: str, path: str) -> str:
        """Return the answer of one of them, once it answers."""
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        answer = until(lambda: _answer(url), seconds=120, every=0.05)
        assert answer, self.log(name) if self.data.log(name).exists() else self.log("supervisord")
        return answer

    def start(self, name: str) -> None:
        """Start one, and return when it answers."""
        self.supervisor.start(name)
        self.get(name, "/health/live")

    def is_fork(self, pid: int) -> bool:
        """Tell whether a process lies in memory where supervisord does, which is random in a new program."""
        parent = self.supervisor.pid()
        assert parent is not None
        return _heap(pid) == _heap(parent)


def _answer(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            text: str = response.read().decode()
    except OSError:
        return ""
    return text


def _heap(pid: int) -> str:
    found = re.search(r"^(\w+)-.*\[heap\]$", Path(f"/proc/{pid}/maps").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = DataDir(tmp_path_factory.mktemp("forking"))
    data.create()
    ports = {name: free_port() for name in ("forked", "executed")}
    text = CONFIGURATION.format(logs=data.logs, pid_file=data.pid_file, socket=data.socket())
    for name, more in (("forked", {}), ("executed", {"TZ": "UTC"})):
        own = {"MAGACIN_PORT": str(ports[name]), "MAGACIN_HEARTBEAT_STATE": str(data.path / f"{name}.json")}
        environment = ",".join(f"{key}='{value}'" for key, value in (SETTINGS | own | more).items())
        command = " ".join(cli("serve", "heartbeat"))
        text += PROGRAM.format(name=name, command=command, logs=data.logs, environment=environment)
    (data.etc / "supervisord.conf").write_text(text)
    supervisor, identity = Supervisor(data), uuid.uuid4().hex
    supervisor.launch(identity)
    supervisor.prepare()
    found = Served(supervisor, data, identity, ports)
    try:
        found.start("forked")
        found.start("executed")
        yield found
    finally:
        supervisor.stop([replace(PARTS["heartbeat"], name=name) for name in ports])
        supervisor.shutdown()


def test_one_is_a_fork_and_the_other_is_not_and_that_is_said(served: Served) -> None:
    assert (served.is_fork(served.pid("forked")), served.is_fork(served.pid("executed"))) == (True, False)
    assert "executed is executed, not forked: it has TZ of its own" in served.log("supervisord")
    assert "forked is executed" not in served.log("supervisord")


def test_it_shows_what_a_program_of_its_own_would(served: Served) -> None:
    forked, executed = (psutil.Process(served.pid(name)) for name in ("forked", "executed"))
    assert forked.cmdline() == executed.cmdline() == cli("serve", "heartbeat")
    assert (forked.name(), forked.exe(), forked.cwd()) == (executed.name(), executed.exe(), "/")
    assert (forked.ppid(), os.getpgid(forked.pid)) == (served.supervisor.pid(), forked.pid)
    shown, other = forked.environ(), executed.environ()
    assert shown.keys() == other.keys() - {"TZ"}
    assert (shown["SUPERVISOR_PROCESS_NAME"], shown[STACK_VARIABLE]) == ("forked", served.identity)


def test_it_has_the_signals_and_the_files_of_a_program_of_its_own(served: Served) -> None:
    """What supervisord has open, logs and the socket, is not to be held by those that outlive it."""
    statuses = [_signals(served.pid(name)) for name in ("forked", "executed")]
    assert statuses[0] == statuses[1]
    forked = psutil.Process(served.pid())
    assert [file.path for file in forked.open_files() if str(served.data.path) in file.path] == []
    unix = [str(one.laddr) for one in forked.net_connections("unix")]
    assert str(served.data.socket()) not in unix


def _signals(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return [line for line in lines if re.match("Sig(Blk|Ign|Cgt)", line)]


def test_it_has_the_same_metrics(served: Served) -> None:
    """What was imported for all must not show in one that does not import it: it would be at zero there."""
    pages = [served.get(name, "/metrics") for name in served.ports]
    forked, executed = (sorted(re.findall("^# TYPE .*$", page, re.MULTILINE)) for page in pages)
    assert forked == executed
    assert "# TYPE http_requests_total counter" in forked


def test_killed_it_comes_back_and_ends_when_it_is_told(served: Served) -> None:
    before = psutil.Process(served.pid())
    before.kill()
    assert wait_ended([before], 60)
    assert until(lambda: served.pid() not in (0, before.pid), seconds=60, every=0.05)
    served.get("forked", "/health/live")
    assert served.is_fork(served.pid())
    served.supervisor.stop([replace(PARTS["heartbeat"], name="forked")])
    assert "stopped: forked (terminated by SIGTERM)" in served.log("supervisord")
    served.start("forked")


OBSTACLES = """
import pathlib, sys, threading
sys.path.insert(0, {folder!r})
from magacin.stack import forking
forking.MODULES = ("imported",)
image = forking.Image()
def says(**variables):
    print(image.obstacle(variables))
says(MAGACIN_PORT="1")
says(MAGACIN_WORKERS="2")
says(LANG="C")
waits = threading.Event()
thread = threading.Thread(target=waits.wait)
thread.start()
says()
waits.set()
thread.join()
pathlib.Path({folder!r}, "imported.py").write_text("ANOTHER = 1")
says()
"""


def test_what_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "imported.py").touch()
    code = OBSTACLES.format(folder=str(tmp_path))
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [
        "None",
        "it has several workers",
        "it has LANG of its own",
        "supervisord has threads, which a fork would lack",
        f"{tmp_path / 'imported.py'} has changed since supervisord imported it",
    ]


@pytest.mark.parametrize(
    ("code", "switch", "says"),
    [
        ("raise ValueError('broken')", "", "ValueError at an import: broken"),
        ("open(__file__, 'a').write('#')", "", "{file} was changed while it was imported"),
        ("", "false", "MAGACIN_FORK_SERVICES says so"),
    ],
)
def test_what_stands_in_the_way_from_the_start(code: str, switch: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "imported.py").write_text(code)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from magacin.stack import forking; "
        "forking.MODULES = ('imported',); print(forking.Image().obstacle({}))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env=os.environ | {"MAGACIN_FORK_SERVICES": switch},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == says.format(file=tmp_path / "imported.py")


ENDS = {
    "by itself": "",
    "with a status": "raise SystemExit(int(sys.argv[1]))",
    "with a word": "sys.exit('no such thing')",
    "by an error": "1 / 0",
}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("shown", [True, False], ids=["forked", "where nothing else can be shown"])
def test_it_ends_as_a_program_does(how: str, shown: bool, tmp_path: Path) -> None:
    """With the same status and output, and after what was left to be done."""
    code = "import atexit, os, sys, threading\natexit.register(print, 'at the end')\n"
    code += "print(sys.argv[1:], os.environ['MAGACIN_X'], __name__)\n"
    code += "threading.Timer(0.1, print, ['of a thread']).start()\n"
    (tmp_path / "probe.py").write_text(code + ENDS[how])
    argv = [sys.executable, "-P", "-m", "probe", "3"]
    environment = os.environ | {"MAGACIN_X": "y", "PYTHONPATH": str(tmp_path)}
    refused = "def refuse(*_): raise OSError\nforking.show_as = refuse\n"
    become = f"forking.become({argv[0]!r}, {argv!r}, {dict(environment)!r})"
    fork = f"from magacin.stack import forking\n{'' if shown else refused}{become}"
    runs = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        for command in (argv, [sys.executable, "-P", "-c", fork])
    ]
    assert (runs[0].returncode, runs[0].stdout) == (runs[1].returncode, runs[1].stdout)
    assert runs[0].stderr.splitlines()[-1:] == runs[1].stderr.splitlines()[-1:]
    assert "of a thread\nat the end" in runs[0].stdout

"""`up` on a machine where Grafana is installed.

None can be had where the tests run, so a program of this name stands in: it takes the command line and the
files as Grafana would, answers the probe and the scrape, and says what it found.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from magacin.stack import clients
from tests.e2e.conftest import RunningStack, eventually, running
from tests.e2e.dashboards import Reader

pytestmark = pytest.mark.e2e

STAND_IN = """#!{python} -I
import configparser, http.server, json, os, pathlib, sys

arguments = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[2:])
settings = configparser.ConfigParser(interpolation=None)
settings.read(arguments["config"])
password = pathlib.Path(settings["security"]["admin_password"].removeprefix("$__file{{").removesuffix("}}"))
found = {{
    "command": sys.argv[1],
    "arguments": arguments,
    "environment": dict(os.environ),
    "password": len(password.read_text().strip()),
    "paths": {{key: os.path.isdir(path) for key, path in settings["paths"].items() if key != "logs"}},
}}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pages = {{
            "/api/health": json.dumps({{"database": "ok"}}),
            "/metrics": "grafana_stand_in 1\\n",
            "/found": json.dumps(found),
        }}
        self.send_response(200 if self.path in pages else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(pages.get(self.path, "").encode())

    def log_message(self, *_):
        pass


address = (arguments["cfg:server.http_addr"], int(arguments["cfg:server.http_port"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "grafana"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        with running("--only", "monitoring") as stack:
            yield stack


def found(stack: RunningStack) -> dict[str, Any]:
    with urllib.request.urlopen(f"{stack.url('grafana')}/found", timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def test_it_runs_on_its_port(stack: RunningStack) -> None:
    assert stack.status()["grafana"]["health"] == "healthy"
    assert found(stack)["command"] == "server"


def test_it_gets_its_files_and_its_folders(stack: RunningStack) -> None:
    answer = found(stack)
    assert Path(answer["arguments"]["config"]).is_relative_to(stack.data_dir)
    assert answer["password"] == 64
    assert answer["paths"].pop("plugins") in (True, False), "Grafana makes that one itself"
    assert set(answer["paths"].values()) == {True}


def test_the_password_is_in_no_process_list(stack: RunningStack) -> None:
    password = stack.secret("grafana-admin-password")
    assert password not in json.dumps(found(stack))


async def test_prometheus_scrapes_it(stack: RunningStack) -> None:
    async with clients.http_session(total=30, site=stack.site) as session:
        reader = Reader(session, stack.url("prometheus"))

        async def scraped() -> bool:
            answer = await reader.get("query", query='grafana_stand_in{job="grafana",service="grafana"}')
            return bool(answer["result"])

        await eventually(scraped, seconds=120)

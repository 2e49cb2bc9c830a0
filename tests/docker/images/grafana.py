"""A stand-in for Grafana: reads what it would read, writes where it would write, and says that it is well.

It shows that mounts, users and modes are right, and nothing of Grafana.
"""

from __future__ import annotations

import configparser
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_SECRET = re.compile(r"\$__file\{(.+)\}")


class Handler(BaseHTTPRequestHandler):
    """Answers what the health check and Prometheus ask."""

    def do_GET(self) -> None:
        """Answer either."""
        text = "grafana_info 1\n" if self.path == "/metrics" else '{"database": "ok"}'
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


def read() -> None:
    """Fail where something could not be read or written."""
    text = Path("/etc/grafana/grafana.ini").read_text(encoding="utf-8")
    configuration = configparser.RawConfigParser()
    configuration.read_string(text)
    for secret in _SECRET.findall(text):
        assert Path(secret).read_text(encoding="utf-8"), secret
    for file in Path("/etc/grafana/provisioning").rglob("*.yml"):
        for secret in _SECRET.findall(file.read_text(encoding="utf-8")):
            assert Path(secret).read_text(encoding="utf-8"), secret
    dashboards = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in Path("/etc/grafana/dashboards").glob("*.json")
    ]
    assert dashboards, "there are no dashboards"
    assert Path(configuration["dashboards"]["default_home_dashboard_path"]).exists()
    Path("/var/lib/grafana/grafana.db").write_text("written", encoding="utf-8")


read()
ThreadingHTTPServer(("0.0.0.0", 3000), Handler).serve_forever()

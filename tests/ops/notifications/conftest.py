"""Mail servers and webhooks of the kind that an operator may have, real ones on free ports."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from magacin.ops.notifications.receivers import EmailReceiver, Secret
from tests.conftest import free_port

USER, PASSWORD = "alerts", "correct horse"


@dataclass
class MailServer:
    """Keeps what it was sent."""

    port: int = 0
    mails: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        self.mails.append(envelope)
        return "250 2.0.0 queued as 42"


def _check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> Iterator[MailServer]:
    """Run a mail server; with `tls` it demands STARTTLS (or speaks TLS from the start) and a login."""
    server = MailServer()
    options: dict[str, Any] = {"authenticator": _check, "auth_required": tls is not None}
    if tls is None:
        options = {}
    elif implicit:
        # aiosmtpd knows of STARTTLS only.
        options |= {"auth_required": False, "auth_require_tls": False}
    else:
        options |= {"tls_context": tls, "require_starttls": True}
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=tls if implicit else None,
        ready_timeout=30,
        **options,
    )
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost that nobody trusts by themselves."""
    folder = tmp_path_factory.mktemp("certificate")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    where = ["-keyout", str(made.key), "-out", str(made.file)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *where],
        check=True,
        capture_output=True,
    )
    return made


def email_receiver(port: int, **changes: Any) -> EmailReceiver:
    settings: dict[str, Any] = {
        "receiver": "critical",
        "host": "localhost",
        "port": port,
        "sender": "Magacin Track <alerts@example.org>",
        "to": "on-call@example.org, Boss <boss@example.org>",
        "username": "",
        "password": Secret(None, None),
        "require_tls": False,
        "tls": {},
    }
    return EmailReceiver(**settings | changes)


@contextmanager
def web_server(status: int, body: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Run a webhook that answers always the same; give its address and what it was sent."""
    came: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/services/T0/B0/very-secret", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw_server(answer: bytes) -> Iterator[int]:
    """Listen on a port, answer the first who comes with these bytes, whatever they ask, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()

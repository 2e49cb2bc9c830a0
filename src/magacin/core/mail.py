"""Sends a mail through a mail server, as Alertmanager does: over TLS unless told otherwise."""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses

from pydantic import SecretStr

MOST_RECIPIENTS = 50
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_TIMEOUT = 15.0
_IMPLICIT_TLS_PORT = 465
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in: `host` is HOST:PORT, without a `username` nobody logs in."""

    host: str
    username: str
    password: SecretStr
    require_tls: bool


def host_and_port(value: str) -> str:
    """Return an address of a mail server as it is, or an empty one; raise ValueError for anything else."""
    host, _, port = value.rpartition(":")
    if value and not (host and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be HOST:PORT, such as smtp.example.org:587")
    return value


def addresses(value: str) -> str:
    """Return addresses with commas between as they are, or none; raise ValueError for anything else."""
    found = [address for _, address in getaddresses([value])]
    if value and not (value.isprintable() and all(map(_ADDRESS.fullmatch, found))):
        raise ValueError("must be addresses such as boss@example.org, with commas between")
    if len(found) > MOST_RECIPIENTS:
        raise ValueError(f"must be {MOST_RECIPIENTS} addresses at most; use a list of your mail server's")
    return value


def send(server: MailServer, mail: EmailMessage) -> int:
    """Hand a mail in; blocks, so call it in a thread. Return how many recipients were refused, not all.

    Raises OSError or SMTPException where the mail was not taken. Certificates are checked, and no password
    goes over a network in the clear.
    """
    host, _, port = server.host.rpartition(":")
    context = ssl.create_default_context()
    implicit = int(port) == _IMPLICIT_TLS_PORT
    connect = smtplib.SMTP_SSL(host, int(port), timeout=_TIMEOUT, context=context) if implicit else None
    with connect or smtplib.SMTP(host, int(port), timeout=_TIMEOUT) as client:
        if server.require_tls and not implicit:
            client.starttls(context=context)
        if server.username:
            _log_in(client, host, server)
        return len(client.send_message(mail))


def _log_in(client: smtplib.SMTP, host: str, server: MailServer) -> None:
    if not isinstance(client.sock, ssl.SSLSocket) and host not in _LOCAL:
        raise smtplib.SMTPException("the password would go over the network unencrypted: require TLS")
    client.login(server.username, server.password.get_secret_value())

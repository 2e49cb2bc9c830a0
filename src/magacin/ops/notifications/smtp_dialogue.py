"""One mail, sent as Alertmanager would send it, with every answer of the server kept."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid, parseaddr

from magacin.ops.notifications.receivers import EmailReceiver, SecretMissing
from magacin.ops.notifications.trial import Trial

TIMEOUT = 15.0
_IMPLICIT_TLS_PORT = 465
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_WRONG_PASSWORD = (
    "Look at smtp_auth_username, and what is in the password's file. Gmail wants an app password."  # noqa: S105  advice, no password
)


class _Refused(Exception):
    """The server, or we, went no further."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why, self.advice = why, advice


@dataclass
class _Client:
    receiver: EmailReceiver
    trial: Trial

    def run(self, mail: EmailMessage, *, send: bool) -> None:
        """Go through the dialogue; without `send`, up to the recipients."""
        with self._connect() as client:
            self._say("EHLO", *client.ehlo())
            self._start_tls(client)
            self._authenticate(client)
            sender = parseaddr(self.receiver.sender)[1]
            self._say("MAIL FROM", *client.mail(sender))
            for _, address in getaddresses([self.receiver.to]):
                self._say(f"RCPT TO {address}", *client.rcpt(address))
            if send:
                self._say("message", *client.data(mail.as_bytes()))

    def _connect(self) -> smtplib.SMTP:
        host, port = self.receiver.host, self.receiver.port
        if port == _IMPLICIT_TLS_PORT:
            client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=TIMEOUT, context=self._context())
        else:
            client = smtplib.SMTP(timeout=TIMEOUT)
        # Without an address the constructor connects nowhere, and leaves the name out that TLS checks.
        client._host = host  # type: ignore[attr-defined]  # smtplib has no public way to set it
        try:
            self._say(f"connect to {host}:{port}", *client.connect(host, port))
        except BaseException:
            client.close()
            raise
        return client

    def _start_tls(self, client: smtplib.SMTP) -> None:
        if self.receiver.port == _IMPLICIT_TLS_PORT:
            return
        if not self.receiver.require_tls:
            self.trial.step("STARTTLS", "not wanted (smtp_require_tls is false)")
            return
        if not client.has_extn("starttls"):
            raise _Refused(
                "the server does not offer STARTTLS, which smtp_require_tls demands.",
                "Use the server's port for it, often 587; for a server on this machine: require_tls: false",
            )
        self._say("STARTTLS", *client.starttls(context=self._context()))
        self._say("EHLO", *client.ehlo())

    def _authenticate(self, client: smtplib.SMTP) -> None:
        if not self.receiver.username:
            self.trial.step("AUTH", "not wanted (no user name)")
            return
        if not client.has_extn("auth"):
            self.trial.step("AUTH", "not offered by the server")
            return
        encrypted = isinstance(client.sock, ssl.SSLSocket)
        if not encrypted and self.receiver.host not in _LOCAL:
            raise _Refused("the password would go over the network unencrypted.", "Set require_tls: true.")
        try:
            self._say(f"AUTH as {self.receiver.username}", *self._login(client))
        except smtplib.SMTPAuthenticationError as error:
            answer = _text(error.smtp_error)
            self.trial.step(f"AUTH as {self.receiver.username}", f"{error.smtp_code} {answer}")
            raise _Refused(
                f"the server refused user name or password ({error.smtp_code}).", _WRONG_PASSWORD
            ) from error

    def _login(self, client: smtplib.SMTP) -> tuple[int, bytes]:
        return client.login(self.receiver.username, self.receiver.password.read())

    def _context(self) -> ssl.SSLContext:
        tls = self.receiver.tls
        context = ssl.create_default_context(cafile=tls.get("ca_file"))
        if tls.get("insecure_skip_verify"):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _say(self, what: str, code: int, answer: bytes) -> None:
        self.trial.step(what, f"{code} {_text(answer)}")
        if code >= 400:
            raise _Refused(f"the server answered {what} with {code}: {_text(answer)}")


def try_email(receiver: EmailReceiver, subject: str, text: str, *, send: bool = True) -> Trial:
    """Send a mail to a receiver. Never raises for what a server or network does."""
    trial = Trial(receiver.receiver, "email", f"{receiver.to} by {receiver.host}:{receiver.port}")
    where = f"{receiver.host}:{receiver.port}"
    try:
        _Client(receiver, trial).run(_mail(receiver, subject, text), send=send)
    except _Refused as error:
        trial.fail(error.why, error.advice)
    except SecretMissing as error:
        trial.fail(f"{error}.")
    except UnicodeEncodeError:
        trial.fail(
            "a name, password or address is made not only of ASCII characters, and cannot be tried here.",
            "Alertmanager sends UTF-8, which not every server takes: see whether the alert below arrives.",
        )
    except socket.gaierror as error:
        trial.fail(f"there is no host {receiver.host} ({error.strerror}).", "Look at smtp_smarthost.")
    except ConnectionRefusedError:
        trial.fail(f"nothing listens on {where}.", "Look at smtp_smarthost; is the server running?")
    except TimeoutError:
        trial.fail(
            f"{where} did not answer within {TIMEOUT:g} s.", "Look at smtp_smarthost and the firewall."
        )
    except ssl.SSLCertVerificationError as error:
        trial.fail(
            f"the certificate of {where} is not trusted: {error.verify_message}.",
            "Name the server as its certificate does, or give its CA: tls_config: {ca_file: …}",
        )
    except smtplib.SMTPServerDisconnected as error:
        trial.fail(f"{where} ended the dialogue: {error}.", "Is it a mail server? Look at smtp_smarthost.")
    except (OSError, smtplib.SMTPException) as error:
        trial.fail(f"{where}: {type(error).__name__}: {error}")
    return trial


def _mail(receiver: EmailReceiver, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = receiver.sender, receiver.to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="magacin.invalid")
    mail["X-Magacin-Status"] = "test"
    mail.set_content(text)
    return mail


def _text(answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())

"""What `notify test` says about mail servers, good ones and all the others."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from magacin.ops.notifications import smtp_dialogue
from magacin.ops.notifications.receivers import EmailReceiver, Secret
from magacin.ops.notifications.smtp_dialogue import try_email
from tests.conftest import free_port
from tests.ops.notifications.conftest import (
    PASSWORD,
    USER,
    Certificate,
    MailServer,
    email_receiver,
    mail_server,
)


def encrypted(server: MailServer, certificate: Certificate, password: str | Path = PASSWORD) -> EmailReceiver:
    return email_receiver(
        server.port,
        username=USER,
        password=Secret(None, password) if isinstance(password, Path) else Secret(password, None),
        require_tls=True,
        tls={"ca_file": str(certificate.file)},
    )


class TestAccepted:
    def test_every_answer_is_shown_up_to_the_last(self) -> None:
        with mail_server() as server:
            trial = try_email(email_receiver(server.port), "Hello", "World")
        assert trial.error is None
        said = dict(trial.steps)
        assert said[f"connect to localhost:{server.port}"].startswith("220 ")
        assert said["EHLO"].startswith("250 ")
        assert said["STARTTLS"].startswith("not wanted")
        assert said["RCPT TO boss@example.org"] == "250 OK"
        assert said["message"] == "250 2.0.0 queued as 42"
        [mail] = server.mails
        assert mail.rcpt_tos == ["on-call@example.org", "boss@example.org"]
        assert b"Subject: Hello" in (mail.original_content or b"")

    @pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
    def test_encrypted_and_logged_in(
        self, certificate: Certificate, implicit: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with mail_server(certificate.context(), implicit=implicit) as server:
            if implicit:
                monkeypatch.setattr(smtp_dialogue, "_IMPLICIT_TLS_PORT", server.port)
            receiver = encrypted(server, certificate)
            trial = try_email(receiver, "Hello", "World")
        assert trial.error is None, trial
        assert dict(trial.steps)[f"AUTH as {USER}"].startswith("235 ")
        assert len(server.mails) == 1

    def test_without_sending_it_ends_at_the_recipient(self) -> None:
        with mail_server() as server:
            trial = try_email(email_receiver(server.port), "Hello", "World", send=False)
        assert trial.error is None
        assert "message" not in dict(trial.steps)
        assert server.mails == []


class TestRefused:
    def test_nothing_listens(self) -> None:
        port = free_port()
        trial = try_email(email_receiver(port), "s", "t")
        assert trial.error == f"nothing listens on localhost:{port}."

    def test_no_such_host(self) -> None:
        trial = try_email(email_receiver(25, host="no-such-host.invalid"), "s", "t")
        assert "there is no host no-such-host.invalid" in (trial.error or "")

    def test_a_server_that_says_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(smtp_dialogue, "TIMEOUT", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            trial = try_email(email_receiver(silent.getsockname()[1], host="127.0.0.1"), "s", "t")
        assert "timed out" in (trial.error or "")

    def test_something_that_is_no_mail_server(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            other.settimeout(10)
            import threading

            def answer() -> None:
                connection, _ = other.accept()
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

            thread = threading.Thread(target=answer)
            thread.start()
            trial = try_email(email_receiver(other.getsockname()[1], host="127.0.0.1"), "s", "t")
            thread.join()
        assert trial.error

    def test_wrong_password_is_called_that_and_not_shown(self, certificate: Certificate) -> None:
        with mail_server(certificate.context()) as server:
            receiver = encrypted(server, certificate, "wrong-horse")
            trial = try_email(receiver, "s", "t")
        assert "refused user name or password (535)" in (trial.error or "")
        assert "wrong-horse" not in repr(trial)

    def test_a_missing_password_file_is_named(self, certificate: Certificate, tmp_path: Path) -> None:
        with mail_server(certificate.context()) as server:
            receiver = encrypted(server, certificate, tmp_path / "absent")
            trial = try_email(receiver, "s", "t")
        assert trial.error == f"cannot read the secret in {tmp_path / 'absent'}: No such file or directory."

    def test_no_encryption_where_it_is_demanded(self) -> None:
        with mail_server() as server:
            trial = try_email(email_receiver(server.port, require_tls=True), "s", "t")
        assert "does not offer STARTTLS" in (trial.error or "")
        assert server.mails == []

    def test_a_certificate_that_nobody_vouches_for(self, certificate: Certificate) -> None:
        with mail_server(certificate.context()) as server:
            trial = try_email(email_receiver(server.port, require_tls=True), "s", "t")
        assert "is not trusted: self" in (trial.error or "")

    def test_a_recipient_that_is_not_known(self) -> None:
        with mail_server() as server:
            trial = try_email(email_receiver(server.port, to="nobody@example.org"), "s", "t")
        assert "RCPT TO nobody@example.org with 550: 5.1.1 No such user" in (trial.error or "")
        assert server.mails == []

    def test_a_password_that_smtplib_cannot_send(self, certificate: Certificate) -> None:
        with mail_server(certificate.context()) as server:
            receiver = encrypted(server, certificate, "čuvaj-se")
            trial = try_email(receiver, "s", "t")
        assert "not only of ASCII characters" in (trial.error or "")
        assert "uvaj" not in repr(trial)

    def test_an_address_beyond_ascii(self) -> None:
        with mail_server() as server:
            trial = try_email(email_receiver(server.port, to="žika@example.org"), "s", "t")
        assert "not only of ASCII characters" in (trial.error or "")

"""What a native stack tells its Task Service of reports by mail."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from magacin.contracts.tasks.reports import MailEach
from magacin.stack import render, report_mail, secrets
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import launch_spec
from magacin.stack.paths import DataDir
from magacin.stack.site import Site
from magacin.tasks.reports.mail.settings import ReportMailSettings

OFFSET = 20000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path)
    data.create()
    return Site(data, secrets.ensure(data, OFFSET), OFFSET)


def settings(site: Site, monkeypatch: pytest.MonkeyPatch) -> ReportMailSettings:
    """What the service reads when the supervisor starts it."""
    render.write_configuration(site)
    for name, value in launch_spec("task-service", site).environment.items():
        monkeypatch.setenv(name, value)
    return ReportMailSettings()


def _with_people(site: Site, reports: str) -> None:
    (site.data.path / "password").write_text("correct horse\n")
    site.data.notifications.write_text(
        "email: {smarthost: 'smtp.example.org:587', from: a@example.org, to: b@example.org,"
        f" username: u, password_file: password}}\n{reports}"
    )


def test_ends_in_the_inbox_where_nobody_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read = settings(site, monkeypatch)
    assert read.smtp_host == f"127.0.0.1:{1025 + OFFSET}"
    assert read.each() == [MailEach.DAILY, MailEach.WEEKLY]
    assert read.report_mail_link == f"http://localhost:{8000 + OFFSET}"


def test_who_is_on_call_gets_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_people(site, "")
    assert settings(site, monkeypatch).each() == []


def test_goes_to_who_is_named_through_the_alerts_server(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_people(
        site,
        "reports: {to: '\"100% O''Brien\" <c@example.org>', each: [weekly], hour: 7, language: sr-Latn}\n"
        "drill: {base_url: 'https://magacin.example.org'}\n",
    )
    read = settings(site, monkeypatch)
    assert read.report_mail_to == '"100% O\'Brien" <c@example.org>'
    assert (read.each(), read.report_mail_hour, read.report_mail_language) == (
        [MailEach.WEEKLY],
        7,
        "sr-Latn",
    )
    server = read.server()
    assert (server.host, server.username, server.require_tls) == ("smtp.example.org:587", "u", True)
    assert server.password.get_secret_value() == "correct horse"
    assert read.report_mail_link == "https://magacin.example.org"


def test_is_changed_without_a_restart_and_private(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(site, monkeypatch)
    _with_people(site, "reports: {to: c@example.org}\n")
    report_mail.write(site)
    assert ReportMailSettings().smtp_password.get_secret_value() == "correct horse"
    file = site.data.etc / "report-mail" / "SMTP_PASSWORD"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "correct horse" not in (site.data.etc / "supervisord.conf").read_text()
    assert "correct horse" not in str(launch_spec("task-service", site))


@pytest.mark.parametrize(
    "wrong", ["{to: boss}", "{each: [hourly]}", "{hour: 24}", "{by: article}", "{who: me}"]
)
def test_what_is_wrong_changes_nothing(site: Site, wrong: str) -> None:
    _with_people(site, f"reports: {wrong}\n")
    with pytest.raises(StackError, match="not right"):
        report_mail.write(site)
    assert not list(site.data.etc.glob("report-mail/*"))

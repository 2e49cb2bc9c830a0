"""The heartbeat receiver that a native stack runs beside it when asked to."""

from __future__ import annotations

import configparser
import stat
from pathlib import Path

import pytest
import yaml

from magacin.heartbeat.settings import HeartbeatSettings
from magacin.stack import heartbeat, render, secrets
from magacin.stack.launch_specs import launch_spec
from magacin.stack.paths import DataDir
from magacin.stack.site import Site

OFFSET = 20000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    data = DataDir(tmp_path)
    data.create()
    return Site(data, secrets.ensure(data, OFFSET), OFFSET)


def beats_go_to(site: Site, *, own: bool) -> str:
    _, files = render.rendered(site.data, OFFSET, render.MONITORING, ["heartbeat"] if own else [])
    by_name = {one["name"]: one for one in yaml.safe_load(files["alertmanager.yml"])["receivers"]}
    [webhook] = by_name["heartbeat"]["webhook_configs"]
    return str(webhook.get("url") or Path(webhook["url_file"]).read_text())


class TestAddress:
    def test_is_the_inbox_where_there_is_none(self, site: Site) -> None:
        assert beats_go_to(site, own=False) == f"http://127.0.0.1:{8025 + OFFSET}/heartbeat"

    def test_is_the_receiver_where_it_runs(self, site: Site) -> None:
        render.monitoring(site.data, OFFSET, render.MONITORING, ["heartbeat"])
        assert beats_go_to(site, own=True) == heartbeat.url(site)
        token = site.secrets.value("heartbeat-token")
        assert heartbeat.url(site) == f"http://127.0.0.1:{8026 + OFFSET}/beat/{token}"

    def test_of_notifications_yml_wins(self, site: Site) -> None:
        (site.data.path / "beat").write_text("https://hc-ping.com/x\n")
        site.data.notifications.write_text("heartbeat: {url_file: beat}\n")
        render.monitoring(site.data, OFFSET, render.MONITORING, ["heartbeat"])
        assert beats_go_to(site, own=True) == "https://hc-ping.com/x"


def settings(site: Site, monkeypatch: pytest.MonkeyPatch) -> HeartbeatSettings:
    """What the receiver reads when the supervisor starts it."""
    render.write_configuration(site)
    for name, value in launch_spec("heartbeat", site).environment.items():
        monkeypatch.setenv(name, value)
    return HeartbeatSettings()


class TestTelling:
    def test_ends_in_the_inbox_where_nobody_is_named(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = settings(site, monkeypatch)
        assert read.heartbeat_smtp_host == f"127.0.0.1:{1025 + OFFSET}"
        assert read.heartbeat_slack_url.get_secret_value() == f"http://127.0.0.1:{8025 + OFFSET}/slack"
        assert read.port == 8026 + OFFSET
        assert not read.heartbeat_smtp_require_tls

    def test_goes_to_the_people_of_notifications_yml_past_alertmanager(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (site.data.path / "password").write_text("correct horse\n")
        (site.data.path / "hook").write_text("https://hooks.slack.com/services/x\n")
        site.data.notifications.write_text(
            "email:\n  smarthost: smtp.example.org:587\n"
            '  from: "Miles O\'Brien % \\"Boss\\" <a@example.org>"\n  to: b@example.org\n'
            "  username: u\n  password_file: password\n"
            "slack: {critical_webhook_file: hook, warning_webhook_file: hook}\n"
        )
        read = settings(site, monkeypatch)
        assert read.heartbeat_smtp_host == "smtp.example.org:587"
        assert read.heartbeat_email_from == 'Miles O\'Brien % "Boss" <a@example.org>'
        assert read.heartbeat_smtp_password.get_secret_value() == "correct horse"
        assert read.heartbeat_slack_url.get_secret_value() == "https://hooks.slack.com/services/x"
        assert read.heartbeat_smtp_require_tls

    def test_secrets_are_private_and_not_in_the_supervisors_file(self, site: Site) -> None:
        (site.data.path / "hook").write_text("https://hooks.slack.com/services/very-secret\n")
        site.data.notifications.write_text(
            "slack: {critical_webhook_file: hook, warning_webhook_file: hook}\n"
        )
        render.write_configuration(site)
        text = (site.data.etc / "supervisord.conf").read_text()
        assert "very-secret" not in text
        assert site.secrets.value("heartbeat-token") not in text
        configparser.RawConfigParser().read_string(text)
        for file in (site.data.etc / "heartbeat").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_a_change_is_noticed(self, site: Site) -> None:
        assert heartbeat.write(site)
        assert not heartbeat.write(site)
        site.data.notifications.write_text(
            "email: {smarthost: 'localhost:1', from: a@example.org, to: b@example.org}\n"
        )
        assert heartbeat.write(site)

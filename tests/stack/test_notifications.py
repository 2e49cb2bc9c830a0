"""notifications.yml: real addresses take the inbox's place; mistakes are told with file and line."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from magacin.stack import alerting, install, notifications, render, secrets
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir

OFFSET = 20000
CONFIG = (render.MONITORING / "alertmanager.yml").read_text()
WHOLE = """\
email:
  smarthost: smtp.example.org:587
  from: Alerts <alerts@example.org>
  to: on-call@example.org
  to_warning: team@example.org
  username: alerts@example.org
  password_file: private/smtp
slack:
  critical_webhook_file: private/slack-critical
  warning_webhook_file: private/slack-warning
heartbeat:
  url_file: private/heartbeat
"""
SECRETS = {
    "smtp": "p4ss: word",
    "slack-critical": "https://hooks.slack.com/services/T/B/critical",
    "slack-warning": "https://hooks.slack.com/services/T/B/warning",
    "heartbeat": "https://hc-ping.com/secret-uuid",
}


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path / "data")
    data.create()
    secrets.ensure(data, OFFSET)
    (data.path / "private").mkdir()
    for name, value in SECRETS.items():
        (data.path / "private" / name).write_text(f"{value}\n")
    return data


def rendered(data: DataDir) -> Any:
    render.monitoring(data, OFFSET, render.MONITORING, check=True)
    return yaml.safe_load((data.etc / "alertmanager.yml").read_text())


def receiver(config: Any, name: str, kind: str) -> Any:
    [found] = next(r for r in config["receivers"] if r["name"] == name)[f"{kind}_configs"]
    return found


class TestApplied:
    def test_without_the_file_everything_goes_to_the_inbox(self, data: DataDir) -> None:
        config = rendered(data)
        assert config["global"]["smtp_smarthost"] == f"127.0.0.1:{1025 + OFFSET}"
        file = Path(receiver(config, "critical", "slack")["api_url_file"])
        assert file.read_text() == f"http://127.0.0.1:{8025 + OFFSET}/slack"
        assert (
            receiver(config, "heartbeat", "webhook")["url"] == f"http://127.0.0.1:{8025 + OFFSET}/heartbeat"
        )

    def test_all_of_it_goes_where_the_file_says(self, data: DataDir) -> None:
        data.notifications.write_text(WHOLE)
        config = rendered(data)
        assert config["global"]["smtp_smarthost"] == "smtp.example.org:587"
        assert config["global"]["smtp_from"] == "Alerts <alerts@example.org>"
        assert config["global"]["smtp_auth_username"] == "alerts@example.org"
        assert config["global"]["smtp_require_tls"] is True
        assert receiver(config, "critical", "email")["to"] == "on-call@example.org"
        assert receiver(config, "warning", "email")["to"] == "team@example.org"
        for key, file in (
            ("smtp", config["global"]["smtp_auth_password_file"]),
            ("slack-critical", receiver(config, "critical", "slack")["api_url_file"]),
            ("slack-warning", receiver(config, "warning", "slack")["api_url_file"]),
        ):
            # Without the line end: Alertmanager 0.25 would send it as a part of the password.
            assert Path(file).read_text() == SECRETS[key]
            assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
        assert stat.S_IMODE((data.etc / "alertmanager.yml").stat().st_mode) == 0o600
        assert not notifications.read(data.notifications).settings.needs_inbox

    def test_the_heartbeats_address_stays_in_its_file_where_alertmanager_can_read_it(
        self, data: DataDir, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data.notifications.write_text(WHOLE)
        targets = notifications.read(data.notifications)
        new = yaml.safe_load(notifications.apply(CONFIG, targets, url_file=True))
        hook = receiver(new, "heartbeat", "webhook")
        assert hook["url_file"] == "/run/secrets/heartbeat_url"
        assert "url" not in hook
        assert SECRETS["heartbeat"] not in notifications.apply(CONFIG, targets, url_file=True)
        old = yaml.safe_load(notifications.apply(CONFIG, targets, url_file=False))
        assert receiver(old, "heartbeat", "webhook")["url"] == SECRETS["heartbeat"]
        monkeypatch.setattr(alerting, "major_minor", lambda _: (0, 26))
        render.monitoring(data, OFFSET, render.MONITORING)
        hook = receiver(yaml.safe_load((data.etc / "alertmanager.yml").read_text()), "heartbeat", "webhook")
        assert Path(hook["url_file"]).read_text() == SECRETS["heartbeat"]

    def test_no_other_secret_is_in_the_configuration(self, data: DataDir) -> None:
        data.notifications.write_text(WHOLE)
        rendered(data)
        text = (data.etc / "alertmanager.yml").read_text()
        assert not [name for name in ("smtp", "slack-critical", "slack-warning") if SECRETS[name] in text]

    @pytest.mark.parametrize("url_file", [True, False])
    def test_every_line_keeps_its_number_and_the_rest_its_text(self, data: DataDir, url_file: bool) -> None:
        data.notifications.write_text(WHOLE)
        new = notifications.apply(CONFIG, notifications.read(data.notifications), url_file=url_file)
        pairs = list(zip(CONFIG.splitlines(), new.splitlines(), strict=True))
        assert sum(before != after for before, after in pairs) == 7

    def test_values_that_look_like_yaml_stay_values(self, data: DataDir) -> None:
        odd = "'#: {x} <a@example.org>'"
        data.notifications.write_text(WHOLE.replace("Alerts <alerts@example.org>", odd))
        assert rendered(data)["global"]["smtp_from"] == "#: {x} <a@example.org>"

    def test_a_part_is_enough_and_can_be_taken_back(self, data: DataDir) -> None:
        data.notifications.write_text(WHOLE[: WHOLE.index("slack:")])
        config = rendered(data)
        assert "hooks.slack" not in Path(receiver(config, "critical", "slack")["api_url_file"]).read_text()
        assert notifications.read(data.notifications).settings.needs_inbox
        data.notifications.unlink()
        assert rendered(data)["global"]["smtp_smarthost"].startswith("127.0.0.1:")


class TestMistakes:
    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            ("smtp.example.org:587", "smtp.example.org", "yml:2: email.smarthost: must be HOST:PORT"),
            ("  to: on-call", "  too: on-call", "yml:4: email.too: Extra inputs"),
            ("  to: on-call@example.org\n", "", "yml:1: email.to: Field required"),
            ("heartbeat:", "heartbeat: [", "yml:"),
            ("slack:", "slak:", "yml:8: slak: Extra inputs"),
            ("username: alerts@example.org", "username: [a]", "yml:6: email.username: Input should be"),
            ("private/smtp", "private/absent", "yml:7: email.password_file names"),
            ("private/heartbeat", "private/smtp", "yml:12: heartbeat.url_file names"),
        ],
    )
    def test_are_told_with_file_and_line(self, data: DataDir, before: str, after: str, said: str) -> None:
        assert before in WHOLE
        data.notifications.write_text(WHOLE.replace(before, after, 1))
        with pytest.raises(StackError) as caught:
            notifications.read(data.notifications)
        told = "\n".join([caught.value.what, *caught.value.details])
        assert said in told
        assert str(data.notifications) in told

    @pytest.mark.parametrize(("content", "said"), [("", "holds nothing"), ("a\nb\n", "more than one line")])
    def test_a_secret_must_be_one_line(self, data: DataDir, content: str, said: str) -> None:
        data.notifications.write_text(WHOLE)
        (data.path / "private" / "smtp").write_text(content)
        with pytest.raises(StackError, match=said):
            notifications.read(data.notifications)

    def test_an_address_is_never_repeated_in_a_message(self, data: DataDir) -> None:
        data.notifications.write_text(WHOLE)
        (data.path / "private" / "slack-critical").write_text("hooks.slack.com/services/very-secret")
        with pytest.raises(StackError, match="does not hold an address") as caught:
            notifications.read(data.notifications)
        assert "very-secret" not in caught.value.what

    def test_a_line_that_is_no_longer_in_the_configuration_is_missed(self, data: DataDir) -> None:
        data.notifications.write_text(WHOLE)
        without = CONFIG.replace("  smtp_auth_username: 'magacin'\n", "")
        with pytest.raises(StackError, match="no smtp_auth_username in global"):
            notifications.apply(without, notifications.read(data.notifications), url_file=True)


class TestAlertmanagersFile:
    """What amtool lets pass, or tells without the file's name."""

    def refused(self, data: DataDir, tmp_path: Path, file: str, before: str, after: str) -> str:
        import shutil

        source = Path(shutil.copytree(render.MONITORING, tmp_path / "monitoring"))
        text = (source / file).read_text()
        assert before in text
        (source / file).write_text(text.replace(before, after, 1))
        with pytest.raises(StackError) as caught:
            render.monitoring(data, OFFSET, source, check=True)
        assert not (data.etc / "alertmanager.yml").exists(), "nothing was changed"
        told = "\n".join([caught.value.what, *caught.value.details])
        assert str(data.run) not in told
        return told.replace(f"{source}/", "")

    def line(self, text: str, file: str = "alertmanager.yml") -> int:
        lines = (render.MONITORING / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            ("/run/secrets/slack_webhook_critical", "/nowhere/slack", "api_url_file names /nowhere/slack"),
            ("magacin.email.html", "magacin.email.htlm", "there is no template 'magacin.email.htlm'"),
            ("{{ .GroupLabels.service }}", "{{ .GroupLabels.service", "unclosed action"),
            ("{{ .Status }}", "{{ .Staus }}", "can't evaluate field Staus"),
        ],
    )
    def test_is_refused_with_its_line(
        self, data: DataDir, tmp_path: Path, before: str, after: str, said: str
    ) -> None:
        told = self.refused(data, tmp_path, "alertmanager.yml", before, after)
        assert said in told
        assert f"alertmanager.yml:{self.line(before)}: " in told

    def test_an_unknown_setting(self, data: DataDir, tmp_path: Path) -> None:
        told = self.refused(data, tmp_path, "alertmanager.yml", "send_resolved", "sent_resolved")
        assert f"alertmanager.yml:{self.line('send_resolved')}: field sent_resolved not found" in told

    def test_broken_yaml(self, data: DataDir, tmp_path: Path) -> None:
        told = self.refused(data, tmp_path, "alertmanager.yml", "route:\n", "route: [\n")
        assert "alertmanager.yml:" in told

    def test_a_template_that_names_no_function(self, data: DataDir, tmp_path: Path) -> None:
        told = self.refused(data, tmp_path, "templates/slack.tmpl", "| reReplaceAll", "| replaceAll")
        line = self.line("| reReplaceAll", "templates/slack.tmpl")
        assert f'templates/slack.tmpl:{line}: function "replaceAll" not defined' in told

    def test_a_template_that_names_no_template(self, data: DataDir, tmp_path: Path) -> None:
        told = self.refused(
            data, tmp_path, "templates/slack.tmpl", '"magacin.time" .EndsAt', '"magacin.tiem" .EndsAt'
        )
        line = self.line('"magacin.time" .EndsAt', "templates/slack.tmpl")
        assert f"templates/slack.tmpl:{line}: there is no template 'magacin.tiem'" in told

    def test_a_template_that_fails_when_it_is_used(self, data: DataDir, tmp_path: Path) -> None:
        told = self.refused(data, tmp_path, "templates/common.tmpl", ".ExternalURL", ".ExternalUrl")
        line = self.line(".ExternalURL", "templates/common.tmpl")
        assert f"templates/common.tmpl:{line}: executing" in told
        assert "can't evaluate field ExternalUrl" in told

    def test_rules(self, data: DataDir, tmp_path: Path) -> None:
        rule = next(p for p in sorted((render.MONITORING / "rules").iterdir()) if "for: 1m" in p.read_text())
        told = self.refused(data, tmp_path, f"rules/{rule.name}", "for: 1m", "for: 1x")
        assert f"rules/{rule.name}" in told
        assert "1x" in told

    def test_alertmanagers_own_templates_may_be_used(self, data: DataDir, tmp_path: Path) -> None:
        import shutil

        source = Path(shutil.copytree(render.MONITORING, tmp_path / "monitoring"))
        file = source / "alertmanager.yml"
        file.write_text(file.read_text().replace("magacin.email.html", "email.default.html"))
        render.monitoring(data, OFFSET, source, check=True)


def test_the_installed_alertmanagers_version_is_known() -> None:
    assert alerting.major_minor(install.locate("alertmanager")) >= (0, 25)
    assert alerting.major_minor(Path("/bin/true")) == (0, 0)

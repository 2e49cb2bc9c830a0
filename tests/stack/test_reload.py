"""`magacin reload` on running servers: what is right is taken, what is wrong changes nothing."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from magacin.stack import clients, reloading, render
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack
from magacin.stack.paths import DataDir
from magacin.stack.reloading import Reloader
from magacin.stack.starting import Wish
from tests.stack.test_lifecycle import Recorder, folder, monitoring, offset, pid_of, stack
from tests.support import free_offset

# Used as fixtures below.
__all__ = ["folder", "monitoring", "offset", "stack"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Stack]:
    """A monitoring that runs, for tests that leave it as it was."""
    with tempfile.TemporaryDirectory(prefix="magacin-stack-") as name:
        folder = Path(name)
        shutil.copytree(render.MONITORING, folder / "monitoring")
        stack = Stack(DataDir(folder / "data"), Recorder(), folder / "monitoring")
        try:
            stack.up(Wish(only="monitoring", port_offset=free_offset()))
            yield stack
        finally:
            stack.down()


@pytest.fixture
def running(shared: Stack) -> Iterator[Stack]:
    """That monitoring, with its files and what it has read as they were at the end."""
    yield shared
    shutil.rmtree(shared.monitoring)
    shutil.copytree(render.MONITORING, shared.monitoring)
    shared.data.notifications.unlink(missing_ok=True)
    shared.reload()


def smtp_from(stack: Stack) -> str:
    """What the running Alertmanager has."""
    body = clients.ask(stack.site(), "alertmanager", "/api/v2/status").text
    return body.partition("smtp_from: ")[2].partition("\\n")[0]


def rules(stack: Stack) -> str:
    return clients.ask(stack.site(), "prometheus", "/api/v1/rules").text


class TestReload:
    def test_what_is_right_is_taken_without_a_restart(self, running: Stack) -> None:
        pids = {name: pid_of(running, name) for name in reloading.SERVERS}
        rule = "groups: [{name: added, rules: [{record: added:one, expr: vector(1)}]}]\n"
        (running.monitoring / "rules" / "added.yml").write_text(rule)
        config = running.monitoring / "alertmanager.yml"
        config.write_text(config.read_text().replace("alerts@magacin.invalid", "other@magacin.invalid"))
        assert running.reload() == ["Prometheus", "Alertmanager"]
        assert '"name":"added"' in rules(running)
        assert "other@magacin.invalid" in smtp_from(running)
        assert {name: pid_of(running, name) for name in reloading.SERVERS} == pids

    def test_notifications_yml_is_taken(self, running: Stack) -> None:
        running.data.notifications.write_text(
            "email: {smarthost: 'localhost:2525', from: me@example.org, to: you@example.org}\n"
        )
        running.reload()
        assert "me@example.org" in smtp_from(running)
        assert running.inbox_url() is None

    @pytest.mark.parametrize(
        ("file", "before", "after"),
        [
            ("alertmanager.yml", "group_wait: 30s", "group_wait: soon"),
            ("alertmanager.yml", "magacin.email.html", "magacin.email.absent"),
            ("templates/email.tmpl", "{{ end }}", "{{ ende }}"),
            ("rules/broken.yml", "", "groups: [{name: x, rules: [{record: y, expr: 'sum('}]}]"),
            ("prometheus.yml", "scrape_interval: 15s", "scrape_interval: 15"),
        ],
    )
    def test_what_is_wrong_changes_nothing(self, running: Stack, file: str, before: str, after: str) -> None:
        path = running.monitoring / file
        text = path.read_text() if before else ""
        path.write_text(text.replace(before, after, 1) if before else after)
        etc = {p: p.read_text() for p in running.data.etc.rglob("*") if p.is_file()}
        had = {name: reloading.state(name, running.site()) for name in reloading.SERVERS}
        with pytest.raises(StackError, match="nothing was changed") as caught:
            running.reload()
        assert file in "".join(caught.value.details)
        # Nor is it there for a server that is started again by itself.
        assert {p: p.read_text() for p in running.data.etc.rglob("*") if p.is_file()} == etc
        assert {name: reloading.state(name, running.site()) for name in reloading.SERVERS} == had

    def test_a_server_that_refuses_is_told_of_and_goes_on(self, running: Stack) -> None:
        """Whatever passes our checks and is refused all the same; here something spoils the rendered file."""
        site = running.site()
        before = reloading.state("alertmanager", site)
        assert before is not None
        (running.data.etc / "alertmanager.yml").write_text("nonsense")
        with pytest.raises(StackError, match="goes on with the old one") as caught:
            Reloader(running.supervisor, site, running.monitoring).reload(["alertmanager"])
        assert "nonsense" in "".join(caught.value.details)
        after = reloading.state("alertmanager", site)
        # This is what the alert on a failed reload sees.
        assert after is not None
        assert (after.successful, after.loaded_at) == (False, before.loaded_at)
        running.reload()
        mended = reloading.state("alertmanager", site)
        assert mended is not None
        assert mended.successful

    def test_a_server_that_does_nothing_is_told_of_as_late(
        self, running: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reloading, "_QUIET_SECONDS", 1.5)
        pid = running.supervisor.processes()["alertmanager"].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StackError, match=r"not taken .* yet: for 1\.5 s it did nothing"):
                Reloader(running.supervisor, running.site(), running.monitoring).reload(["alertmanager"])
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_the_inbox_does_not_start_where_nothing_goes_to_it(self, stack: Stack, offset: int) -> None:
        stack.data.create()
        (stack.data.path / "url").write_text("https://example.invalid/hook\n")
        stack.data.notifications.write_text(
            "email: {smarthost: 'localhost:2525', from: me@example.org, to: you@example.org}\n"
            "slack: {critical_webhook_file: url, warning_webhook_file: url}\n"
            "heartbeat: {url_file: url}\n"
        )
        started = stack.up(Wish(only="monitoring", port_offset=offset))
        assert "inbox" not in {part.name for part in started.parts}

    def test_a_mistake_in_notifications_yml_starts_nothing(self, stack: Stack, offset: int) -> None:
        stack.data.create()
        stack.data.notifications.write_text("email:\n  smarthost: here\n")
        with pytest.raises(StackError, match=r"notifications\.yml is not right") as caught:
            stack.up(Wish(only="monitoring", port_offset=offset))
        assert f"{stack.data.notifications}:2: email.smarthost" in caught.value.details[0]
        assert not stack.supervisor.running()

    def test_without_a_running_monitoring_there_is_nothing_to_do(self, stack: Stack, offset: int) -> None:
        stack.up(Wish(only="monitoring", port_offset=offset))
        stack.down()
        with pytest.raises(StackError, match="no monitoring runs"):
            stack.reload()


class TestSingleParts:
    def test_stop_and_start(self, running: Stack) -> None:
        assert running.stop_parts(["node-exporter"]) == ["Node exporter"]
        assert {s.part.name: s.healthy for s in running.status()}["node-exporter"] is False
        assert running.stop_parts(["node-exporter"]) == []
        assert running.start_parts(["node-exporter"]) == ["Node exporter"]
        assert {s.part.name: s.healthy for s in running.status()}["node-exporter"] is True
        assert running.start_parts(["node-exporter"]) == []

    def test_an_unknown_part(self, running: Stack) -> None:
        with pytest.raises(StackError, match="no part called 'node'"):
            running.stop_parts(["node"])

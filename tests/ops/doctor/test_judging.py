"""What the doctor makes of what it is told: the parts of the checks that ask nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from alembic.script import ScriptDirectory

from magacin.cli._common import Progress
from magacin.ops import schemas
from magacin.ops.doctor import machine, monitoring, parts, receivers, registry, report, security, versions
from magacin.ops.doctor.findings import Finding, Group, Result, broken, note, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.stack import install, leftovers, render
from magacin.stack.lifecycle import Stack
from magacin.stack.parts import PARTS
from magacin.stack.paths import ROOT, DataDir
from tests.conftest import free_port
from tests.ops.notifications.conftest import web_server

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALERTS = monitoring.alerts_for_people(render.MONITORING)


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """A directory in which there never was a stack."""
    return Patient(Stack(DataDir(tmp_path / "data"), Progress()))


def test_a_stray_that_is_older_by_its_number_is_not_taken_for_the_supervisor(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of processes begin anew at some point, so that the supervisor need not have the lowest."""
    stray, supervisor = psutil.Process(1), psutil.Process()
    left = [leftovers.Leftover(stray, "supervisord"), leftovers.Leftover(supervisor, "supervisord")]
    monkeypatch.setattr(leftovers, "find", lambda *_: left)
    monkeypatch.setattr(patient.stack.supervisor, "pid", lambda: supervisor.pid)
    [finding] = parts.strays(patient)
    assert (finding.subject, finding.mend) == ("1", "kill 1")


class TestTargets:
    """The part is well now. What its last scrape said may be older than that."""

    DOWN = {"health": "down", "lastError": "connection refused", "lastScrape": "12:00:00"}  # noqa: RUF012  nobody changes it

    def look(self, patient: Patient, monkeypatch: pytest.MonkeyPatch, *answers: dict[str, str]) -> list[str]:
        """Return what is found where Prometheus tells of a target these things, one after the other."""
        patient.data.create()
        (patient.data.etc / "prometheus.yml").write_text(
            "scrape_configs: [{job_name: api-gateway, static_configs: [{targets: ['127.0.0.1:1']}]}]\n"
        )
        told = iter(answers)
        monkeypatch.setattr(
            patient,
            "prometheus",
            lambda _: {"activeTargets": [{"labels": {"instance": "127.0.0.1:1"}, **next(told)}]},
        )
        monkeypatch.setattr(monitoring, "_is_the_scrape", lambda *_: True)
        found = [finding.what for finding in monitoring.targets(patient)]
        assert not list(told)
        return found

    def test_refused_until_it_had_started(self, patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
        up = {"health": "up", "lastError": "", "lastScrape": "12:00:15"}
        assert self.look(patient, monkeypatch, self.DOWN, self.DOWN, up) == []

    def test_refused_again(self, patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
        again = {"health": "down", "lastError": "404 Not Found", "lastScrape": "12:00:15"}
        [said] = self.look(patient, monkeypatch, self.DOWN, again)
        assert "404 Not Found" in said


class TestSilences:
    def silence(self, days: float = 0.1, **matcher: Any) -> dict[str, Any]:
        ends = (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")
        return {"endsAt": ends, "matchers": [{"isRegex": False, "isEqual": True, **matcher}]}

    @pytest.mark.parametrize("value", [".*", ".+"])
    def test_that_mute_everything(self, value: str) -> None:
        silence = self.silence(name="alertname", value=value, isRegex=True)
        assert "every alert" in str(monitoring.silence_problem(silence, NOW, ALERTS))

    @pytest.mark.parametrize(
        ("matcher", "said"),
        [
            ({"name": "site", "value": "main"}, "every alert there is"),
            ({"name": "severity", "value": "critical|warning", "isRegex": True}, "that is for people"),
            ({"name": "severity", "value": "none", "isEqual": False}, "that is for people"),
            ({"name": "severity", "value": "critical"}, "every critical alert"),
            ({"name": "service", "value": "no-such-service", "isEqual": False}, "every alert there is"),
        ],
    )
    def test_that_keep_from_people_what_cannot_wait(self, matcher: dict[str, Any], said: str) -> None:
        assert said in str(monitoring.silence_problem(self.silence(**matcher), NOW, ALERTS))

    @pytest.mark.parametrize(
        "matcher",
        [
            {"name": "severity", "value": "warning"},
            {"name": "service", "value": "redis"},
            {"name": "site", "value": "elsewhere"},
        ],
    )
    def test_of_a_part_of_it_are_fine(self, matcher: dict[str, Any]) -> None:
        assert monitoring.silence_problem(self.silence(**matcher), NOW, ALERTS) is None

    @pytest.mark.parametrize(
        "matcher",
        [
            {"name": "alertname", "value": "Watchdog"},
            {"name": "alertname", "value": "Watch.*", "isRegex": True},
            {"name": "severity", "value": "critical|none", "isRegex": True},
            {"name": "severity", "value": "critical", "isEqual": False},
            {"name": "instance", "value": ""},
        ],
    )
    def test_that_mute_the_watchdog(self, matcher: dict[str, Any]) -> None:
        assert "Watchdog" in str(monitoring.silence_problem(self.silence(**matcher), NOW, ALERTS))

    def test_that_nobody_remembers(self) -> None:
        rule = {"name": "alertname", "value": "HighCPUUsage"}
        assert monitoring.silence_problem(self.silence(6.9, **rule), NOW, ALERTS) is None
        assert "8 more days" in str(monitoring.silence_problem(self.silence(8, **rule), NOW, ALERTS))

    def test_of_all_of_several_matchers(self) -> None:
        silence = self.silence(name="alertname", value=".*", isRegex=True)
        silence["matchers"].append({"name": "service", "value": "redis", "isRegex": False})
        assert monitoring.silence_problem(silence, NOW, ALERTS) is None


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "seconds"), [("0s", 0), ("90s", 90), ("1h30m", 5400), ("8d8h", 720_000), ("500ms", 0.5)]
    )
    def test_durations(self, text: str, seconds: float) -> None:
        assert machine.duration(text) == seconds
        assert machine.duration("200h") == machine.duration("8d8h")

    @pytest.mark.parametrize(
        ("text", "size"),
        [("10GB", 10 * 2**30), ("10GiB", 10 * 2**30), ("512MB", 512 * 2**20), ("0B", 0), ("", 0)],
    )
    def test_sizes(self, text: str, size: float) -> None:
        assert machine.size(text) == size

    @pytest.mark.parametrize(
        ("free", "total", "inodes", "level"),
        [
            (50 * 2**30, 100 * 2**30, 0.5, None),
            (5 * 2**30, 100 * 2**30, 0.5, "warning"),
            (0.9 * 2**30, 4 * 2**30, 0.5, "warning"),
            (2 * 2**30, 100 * 2**30, 0.5, "broken"),
            (50 * 2**30, 100 * 2**30, 0.01, "broken"),
        ],
    )
    def test_room(self, free: float, total: float, inodes: float, level: str | None) -> None:
        found = machine.shortage(free, total, inodes)
        assert (found[0] if found else None) == level

    def test_what_the_retention_may_need(self) -> None:
        # 300 samples/s for 200 hours, of 1.7 bytes.
        assert machine.still_needed(300, 200, 0, 0) == pytest.approx(367_200_000)
        assert machine.still_needed(300, 200, 100_000_000, 0) == 100_000_000
        assert machine.still_needed(300, 200, 100_000_000, 300_000_000) == 0

    def test_quiet(self) -> None:
        assert receivers.too_quiet(7.1, 0)
        assert not receivers.too_quiet(6.9, 0)
        assert not receivers.too_quiet(8, 1)


class TestSecrets:
    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("changeme", "people try first"),
            ("MAGACIN-TRACK", "people try first"),
            ("a9f3c1", "has 6 characters"),
            ("ab" * 20, "few different"),
            ("9f86d081884c7d659a2feaa0c55ad015", None),
        ],
    )
    def test_weakness(self, value: str, said: str | None) -> None:
        found = security.weakness(value, 16)
        assert (said in found) if said and found else found == said
        assert value not in str(found)


class TestMetrics:
    def test_the_contract_is_that_of_the_documentation(self) -> None:
        table = parts.contract_of(parts.CONTRACT.read_text())
        assert set(table) == {part.name for part in PARTS.values() if part.service and part.metrics}
        assert "scans_total" in table["task-service"]
        assert "http_requests_total" in table["realtime-worker"]

    @pytest.mark.parametrize(
        ("status", "page", "said"),
        [
            (200, "# TYPE a counter\na_total 1\n# TYPE b gauge\nb 1\n", None),
            (200, "# TYPE b gauge\nb 1\n", "lacks a_total"),
            (200, "a{ 1\n", "cannot be parsed"),
            (503, "", "answers 503"),
        ],
    )
    def test_a_page(self, status: int, page: str, said: str | None) -> None:
        found = parts.metrics_problem(status, page, {"a_total", "b"})
        assert (said in found) if said and found else found == said


class TestVersions:
    def test_migrations_are_those_that_alembic_finds(self) -> None:
        for schema, head in schemas.heads().items():
            folder = ROOT / "src" / "magacin" / schema / "migrations"
            assert head == ScriptDirectory(str(folder)).get_current_head()

    def test_pins_are_read_for_this_system(self) -> None:
        text = (
            "aiohttp==3.14.0 \\\n    --hash=sha256:0\nuvicorn[standard]==0.1 \\\n"
            "pywin32==1 ; sys_platform == 'win32' \\\nuvloop==0.22 ; sys_platform != 'win32' \\\n"
        )
        assert versions.pinned(text) == {"aiohttp": "3.14.0", "uvicorn": "0.1", "uvloop": "0.22"}

    def test_all_of_our_requirements_are_read(self) -> None:
        text = (ROOT / "requirements.txt").read_text()
        assert len(versions.pinned(text)) > 40
        assert not list(versions.packages(None))  # type: ignore[arg-type]  # it asks this Python only

    def test_packages_that_differ(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "requirements.txt").write_text("pyyaml==1.0\nmoonphase==3.0\n")
        monkeypatch.setattr(versions, "ROOT", tmp_path)
        [found] = versions.packages(None)  # type: ignore[arg-type]  # the same
        assert "moonphase none (not 3.0)" in found.what
        assert "pyyaml" in found.what

    def test_servers_that_are_missing_or_old(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        old = tmp_path / "prometheus"
        old.write_text("#!/bin/sh\necho 'prometheus, version 2.30.1 (branch: HEAD)'\n")
        old.chmod(0o755)
        monkeypatch.setattr(install, "find", lambda name: old if name == "prometheus" else None)
        found = {finding.subject: finding for finding in versions.servers(None)}  # type: ignore[arg-type]  # asks nobody
        assert found["prometheus"].check == "server-old"
        assert {f.check for name, f in found.items() if name != "prometheus"} == {"server-missing"}
        assert "apt-get install redis-server" in found["redis-server"].mend

    def test_the_versions_of_the_servers_here_are_read(self) -> None:
        assert not list(versions.servers(None))  # type: ignore[arg-type]  # the same

    def test_a_cluster_of_another_postgresql(self, patient: Patient) -> None:
        with pytest.raises(Skipped):
            list(versions.cluster(patient))
        patient.data.postgres.mkdir(parents=True)
        (patient.data.postgres / "PG_VERSION").write_text("9\n")
        [found] = versions.cluster(patient)
        assert found.check == "postgres-major"
        assert found.mend.endswith("sudo apt-get install postgresql-9")


class TestWebhooks:
    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (400, b"no_text", None),
            (400, b"invalid_payload", None),
            (404, b"no_service", "answers 404: no_service"),
            (403, b"invalid_token", "answers 403"),
            (200, b"<html>", "does not answer as Slack does"),
        ],
    )
    def test_of_slack(self, status: int, body: bytes, said: str | None) -> None:
        with web_server(status, body) as (url, came):
            found = receivers.slack_problem(url)
        assert came == [b"{}"], "nothing that Slack would show"
        assert (said in found) if said and found else found == said
        assert "very-secret" not in str(found)

    def test_where_nothing_listens(self) -> None:
        found = receivers.slack_problem(f"http://127.0.0.1:{free_port()}/services/very-secret")
        assert found is not None
        assert "cannot be reached" in found
        assert "very-secret" not in found


class TestReport:
    def results(self, *findings: Finding, skipped: int = 0) -> list[Result]:
        group = Group("one", "One", (lambda _: iter(()),))
        return [Result(group, list(findings), ["it does not run"] * skipped)]

    @pytest.mark.parametrize(
        ("findings", "status", "state"),
        [
            ((), 0, "ok"),
            ((note("a", "b", "c.", "d.", "e"),), 0, "note"),
            ((note("a", "b", "c.", "d.", "e"), warning("a", "b", "c.", "d.", "e")), 2, "warning"),
            ((warning("a", "b", "c.", "d.", "e"), broken("a", "b", "c.", "d.", "e")), 1, "broken"),
        ],
    )
    def test_exit_status_is_that_of_the_worst(
        self, findings: tuple[Finding, ...], status: int, state: str
    ) -> None:
        results = self.results(*findings)
        assert report.exit_status(results) == status
        assert results[0].state == state

    def test_what_was_not_looked_at_is_not_ok(self) -> None:
        [result] = self.results(skipped=1)
        assert result.state == "skipped"
        assert "not looked at (it does not run)" in "\n".join(report.lines([result]))

    def test_fits_80_columns_and_leaves_commands_whole(self) -> None:
        command = "./magacin reload --data-dir /" + "very-long/" * 12
        lines = list(report.lines(self.results(broken("a", "b", "word " * 60, "why " * 60, command))))
        assert any(line.endswith(f"→ {command}") for line in lines)
        assert all(len(line) <= 80 for line in lines if "→" not in line)


class TestRegistry:
    def test_a_check_that_fails_is_a_finding_without_its_text(self, patient: Patient) -> None:
        def unlucky(_: Patient) -> Iterator[Finding]:
            yield note("a", "b", "c.", "d.", "e")
            raise RuntimeError("postgresql://user:very-secret@host")

        result = Result(Group("one", "One", (unlucky,)))
        registry._run_check(unlucky, patient, result)
        assert [finding.check for finding in result.findings] == ["a", "doctor"]
        assert "RuntimeError" in result.findings[1].what
        assert "very-secret" not in str(result)

    def test_where_there_never_was_a_stack(self, patient: Patient) -> None:
        results = registry.examine(patient)
        found = [finding.check for result in results for finding in result.findings]
        assert [check for check in found if check != "clock-free"] == ["no-stack"]
        assert report.exit_status(results) == 1
        assert not patient.data.path.exists(), "it makes nothing"

    def test_names_are_unique(self) -> None:
        names = [group.name for group in registry.GROUPS]
        assert len(set(names)) == len(names)
        checks = [check for group in registry.GROUPS for check in group.checks]
        assert len(set(checks)) == len(checks)

    def test_the_documentation_has_every_group(self) -> None:
        text = (ROOT / "docs" / "doctor.md").read_text()
        assert all(f"| {group.title} |" in text for group in registry.GROUPS)


def test_files_that_the_system_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda _self, **_: "95\t0\t100\n")
    [found] = machine.system_files(None)  # type: ignore[arg-type]  # it asks the kernel only
    assert "95 of 100" in found.what


class TestLinks:
    MAIL = "email: {smarthost: 'smtp.example.org:587', from: a@example.org, to: b@example.org}\n"

    def told(self, patient: Patient, text: str) -> list[tuple[str, str]]:
        patient.data.create()
        patient.data.notifications.write_text(text)
        return [(finding.level, finding.check) for finding in receivers.real_people(patient)]

    def test_that_people_cannot_open(self, patient: Patient) -> None:
        assert self.told(patient, self.MAIL) == [("warning", "links-to-loopback")]

    def test_that_they_can(self, patient: Patient) -> None:
        assert self.told(patient, f"{self.MAIL}links: {{console: 'https://console.example.org'}}\n") == []

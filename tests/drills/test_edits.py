"""What drills change in the monitoring's files is still there to be changed, and nothing else changes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import yaml

from magacin.drills.faults.drill_unanswered import DrillUnanswered
from magacin.drills.faults.heartbeat_unreachable import _to_nobody
from magacin.drills.faults.rule_failing import _with_failing_rule
from magacin.drills.faults.target_removed import without_node_exporter
from magacin.drills.files import always_working_time, set_setting
from magacin.drills.machine import Machine
from magacin.stack import render

FILES = {
    str(path): (render.MONITORING / path).read_text() for path in render.monitoring_files(render.MONITORING)
}


def changed(after: dict[str, str]) -> set[str]:
    return {name for name in {*FILES, *after} if FILES.get(name) != after.get(name)}


def jobs(text: str) -> list[str]:
    return [job["job_name"] for job in yaml.safe_load(text)["scrape_configs"]]


def test_a_removed_target_is_the_only_one_that_is_missing() -> None:
    after = without_node_exporter(FILES)
    assert changed(after) == {"prometheus.yml"}
    assert set(jobs(FILES["prometheus.yml"])) - set(jobs(after["prometheus.yml"])) == {"node-exporter"}


def test_heartbeats_go_nowhere_and_everybody_else_is_told() -> None:
    after = _to_nobody(FILES)
    assert changed(after) == {"alertmanager.yml"}

    def receivers(text: str) -> dict[str, Any]:
        return {receiver["name"]: receiver for receiver in yaml.safe_load(text)["receivers"]}

    before, now = receivers(FILES["alertmanager.yml"]), receivers(after["alertmanager.yml"])
    assert {name for name in before if before[name] != now[name]} == {"heartbeat"}


def test_a_failing_rule_comes_in_a_file_of_its_own() -> None:
    assert changed(_with_failing_rule(FILES)) == {"rules/drill.yml"}


def settings(text: str) -> dict[str, str]:
    rules = yaml.safe_load(text)["groups"][0]["rules"]
    return {rule["record"]: rule["expr"] for rule in rules}


class TestSettings:
    def test_work_goes_on_day_and_night(self) -> None:
        after = settings(always_working_time(FILES)["rules/settings.yml"])
        assert after["site:shift_length_hours:setting"] == "vector(24)"
        assert after["site:shift_weekdays:setting"] == "vector(7)"
        # Whatever shifts there are at the desk.
        assert after["site:shifts_of_desk_hold:setting"] == "vector(0)"

    def test_one_setting_changes(self) -> None:
        text = FILES["rules/settings.yml"]
        before, after = settings(text), settings(set_setting(text, "import_max_hours", "0.5"))
        assert {name for name in before if before[name] != after[name]} == {"site:import_max_hours:setting"}

    def test_the_time_to_answer_is_what_the_drill_changes(self) -> None:
        timing = SimpleNamespace(scaled=lambda seconds: seconds / 20)
        after = DrillUnanswered._sooner(SimpleNamespace(timing=timing), FILES)  # type: ignore[arg-type]  # all that it needs
        assert changed(after) == {"rules/settings.yml"}
        before, now = settings(FILES["rules/settings.yml"]), settings(after["rules/settings.yml"])
        assert before | {"site:drill_answer_days:setting": "vector(0.000173611)"} == now

    def test_a_setting_that_is_gone_is_said(self) -> None:
        with pytest.raises(ValueError, match="0 settings no_such"):
            set_setting(FILES["rules/settings.yml"], "no_such", "1")


class TestMachine:
    """A copy of /proc that a node exporter can read."""

    async def test_memory_and_processors_are_as_said_and_the_rest_is_real(self, tmp_path: Path) -> None:
        machine = Machine(tmp_path / "proc")
        async with machine.running():
            assert (machine.folder / "uptime").resolve() == Path("/proc/uptime")
            assert _available(machine) == pytest.approx(0.6, abs=0.01)
            machine.memory_full = machine.processors_busy = True
            await asyncio.sleep(0.4)
            assert _available(machine) == pytest.approx(0.04, abs=0.01)
            busy, idle = await _passed(machine)
            assert busy > 20 * idle
            machine.processors_busy = False
            await asyncio.sleep(0.2)
            busy, idle = await _passed(machine)
            assert idle > busy
        assert f"cpu{(psutil.cpu_count() or 1) - 1} " in (machine.folder / "stat").read_text()


def _available(machine: Machine) -> float:
    lines = (line.split() for line in (machine.folder / "meminfo").read_text().splitlines())
    values = {name: int(value) for name, value, *_ in lines}
    return values["MemAvailable:"] / values["MemTotal:"]


async def _passed(machine: Machine) -> tuple[int, int]:
    def ticks() -> tuple[int, int]:
        [line] = [
            one for one in (machine.folder / "stat").read_text().splitlines() if one.startswith("cpu0 ")
        ]
        _, user, _, _, idle, *_ = line.split()
        return int(user), int(idle)

    before = ticks()
    await asyncio.sleep(1)
    after = ticks()
    return after[0] - before[0], after[1] - before[1]

"""What is set up once for a run, and stands while drills need it. All of it is in the journal first."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from magacin.core.files import write_private
from magacin.drills.observer import GONE, Observer
from magacin.drills.people import Person
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.timing import RESEND_SECONDS
from magacin.drills.undo import PERSON
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.processes import run_cli

DATABASE_PROXY, DOCTORED_PROC, WORKING_TIME = "database-proxy", "doctored-proc", "working-time"
_LOOKBACK_SECONDS = 300.0
_HISTORY_OPTION = "--storage.tsdb.path="
_TICKS_A_SECOND = 100
_SHARE_WHEN_IDLE = 0.3


async def add_person(rig: Rig, scope: Scope) -> None:
    """Let the drills' person log in, until the drills are over."""
    file = rig.site.secrets.file("drill-password")
    scope.remember("cancel", "cancel the tasks of the drills", numbers=[rig.prefix])
    scope.remember("disable", f"disable the user {PERSON.username}", user=PERSON.username)
    arguments = ("--role", PERSON.role.value, "--if-missing", "--password-file", str(file))
    await asyncio.to_thread(run_cli, rig.site, "user", "add", PERSON.username, *arguments)
    await asyncio.to_thread(run_cli, rig.site, "user", "enable", PERSON.username)
    rig.person = Person(rig.site, rig.observer.session, file.read_text(encoding="utf-8").strip())


async def alter_parts(rig: Rig, scope: Scope, needs: frozenset[str]) -> None:
    """Start those parts anew that have to run otherwise for these drills."""
    changed: dict[str, LaunchSpec] = {}
    if rig.timing.speed != 1:
        changed["prometheus"] = _at_speed(rig, scope)
    if DATABASE_PROXY in needs:
        changed["task-service"] = await _database_behind_a_proxy(rig, scope)
    if DOCTORED_PROC in needs:
        usual = launch_spec("node-exporter", rig.site)
        folder = f"--path.procfs={rig.machine.folder}"
        changed["node-exporter"] = LaunchSpec([*usual.argv, folder], usual.environment, usual.user)
    if changed:
        parts = list(changed)
        scope.remember("relaunch", f"start {', '.join(parts)} as usual", parts=parts)
        rig.undoer.altered.update(changed)
        await rig.changing(rig.stack.relaunch, parts, rig.undoer.altered)


def _at_speed(rig: Rig, scope: Scope) -> LaunchSpec:
    """Return Prometheus with those durations divided that are no settings, but options of the program.

    It keeps its history apart, and begins with none: samples that are a second old and count as twenty would
    spoil the stack's own, and what an earlier run burnt of the error budgets would be in the way of this one.
    """
    usual = launch_spec("prometheus", rig.site)
    history = rig.stack.data.drills / "history"
    scope.remember("remove", "remove the history of the drills", path=str(history))
    shutil.rmtree(history, ignore_errors=True)  # of drills that were killed
    kept = [option for option in usual.argv if not option.startswith(_HISTORY_OPTION)]
    options = (("rules.alert.resend-delay", RESEND_SECONDS), ("query.lookback-delta", _LOOKBACK_SECONDS))
    changed = [f"--{name}={rig.timing.scaled(seconds) * 1000:.0f}ms" for name, seconds in options]
    return LaunchSpec([*kept, f"{_HISTORY_OPTION}{history}", *changed], usual.environment)


async def forget_old_alerts(rig: Rig) -> None:
    """End the alerts that Alertmanager has of a Prometheus before this one, which nobody else would end soon.

    At real speed what this one has as well stays. At another, also that would go on for as long as the last
    Prometheus promised, which is minutes: a heartbeat would beat after the death of what sends it.
    """
    known: list[dict[str, str]] = []
    if rig.timing.speed == 1:
        rules = await rig.observer.get(f"{rig.observer.prometheus}/api/v1/alerts")
        known = [alert["labels"] for alert in rules["data"]["alerts"]]
    sent = await rig.observer.get(f"{rig.observer.alertmanager}/api/v2/alerts")
    old = [
        {
            "labels": alert["labels"],
            "annotations": alert["annotations"],
            "endsAt": datetime.now(UTC).isoformat(),
        }
        for alert in sent
        if not any(labels.items() <= alert["labels"].items() for labels in known)
    ]
    if old:
        await rig.observer.post_alerts(old)


async def every_target_scraped(observer: Observer, seconds: float) -> None:
    """Wait until Prometheus has scraped every target: what it has not seen, it cannot miss.

    Raises StackError that names those that it cannot scrape for so long.
    """
    missing = ["Prometheus does not answer."]
    try:
        async with asyncio.timeout(seconds):
            while missing:
                with contextlib.suppress(*GONE):
                    answer = await observer.get(f"{observer.prometheus}/api/v1/targets", state="active")
                    missing = _not_scraped(answer["data"]["activeTargets"])
                await asyncio.sleep(0.3 if missing else 0)
    except TimeoutError:
        raise StackError(
            f"Prometheus has not had an answer of every target in {seconds:.0f} s.",
            *missing,
            "What is wrong: ./magacin doctor",
        ) from None


def _not_scraped(targets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is to be said of targets that were not scraped, a line for each."""
    if not targets:
        return ["It has no targets."]
    down = [target for target in targets if target["health"] != "up"]
    return [f"{target['labels']['job']}: {target['lastError'] or 'not scraped yet'}" for target in down]


async def _database_behind_a_proxy(rig: Rig, scope: Scope) -> LaunchSpec:
    await rig.database_proxy.start()
    file = rig.stack.data.drills / "database-url"
    scope.remember("remove", "remove the database's other address", path=str(file))
    address = rig.site.secrets.value("database-url")
    real, other = rig.site.port("postgres"), rig.database_proxy.port
    write_private(file, address.replace(f":{real}/", f":{other}/") + "\n")
    usual = launch_spec("task-service", rig.site)
    return LaunchSpec(usual.argv, {**usual.environment, "MAGACIN_DATABASE_URL_FILE": str(file)})


class Machine:
    """A machine as a node exporter sees it: the real one's /proc, but for memory and processors.

    Those are what a drill says they are, so that nobody else's memory or time is taken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory_full = False
        self.processors_busy = False
        self._at = time.monotonic()
        self._ticks: dict[str, list[float]] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the two files up to date for as long as the context lasts."""
        self._link()
        self._write()
        task = asyncio.create_task(self._go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _link(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for entry in Path("/proc").iterdir():
            link = self.folder / entry.name
            mine = entry.name in ("meminfo", "stat")
            if not mine and (not entry.name.isdigit() or entry.name == "1") and not link.is_symlink():
                link.symlink_to(entry)

    async def _go_on(self) -> None:
        while True:
            self._write()
            await asyncio.sleep(0.1)

    def _write(self) -> None:
        self._replace("meminfo", self._memory(Path("/proc/meminfo").read_text()))
        self._replace("stat", self._processors(Path("/proc/stat").read_text()))

    def _replace(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}"
        temporary.write_text(text)
        temporary.replace(self.folder / name)

    def _memory(self, text: str) -> str:
        total = int(re.findall(r"^MemTotal:\s+(\d+)", text, re.MULTILINE)[0])
        available = round(total * (0.04 if self.memory_full else 0.6))
        return re.sub(r"(?m)^(MemAvailable:\s+)\d+", rf"\g<1>{available}", text)

    def _processors(self, text: str) -> str:
        now = time.monotonic()
        passed, self._at = (now - self._at) * _TICKS_A_SECOND, now
        share = 0.99 if self.processors_busy else _SHARE_WHEN_IDLE
        lines = []
        for line in text.splitlines():
            name, *values = line.split()
            if re.fullmatch(r"cpu\d+", name):
                ticks = self._ticks.setdefault(name, [float(value) for value in values])
                ticks[0] += passed * share
                ticks[3] += passed * (1 - share)
                line = " ".join([name, *(str(int(value)) for value in ticks)])
            lines.append(line)
        return "\n".join(lines) + "\n"


def always_working_time(files: dict[str, str]) -> dict[str, str]:
    """Return the rules of a warehouse that works day and night: a drill need not wait for Monday."""
    return with_setting(with_setting(files, "shift_length_hours", "24"), "shift_weekdays", "7")


def with_setting(files: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return the rules with another value for a setting."""
    settings = "rules/settings.yml"
    return {**files, settings: set_setting(files[settings], name, value)}


def set_setting(text: str, name: str, value: str) -> str:
    """Return settings.yml with another value for a setting."""
    pattern = rf"(record: site:{name}:setting\s+expr: vector\()[^)]*\)"
    changed, count = re.subn(pattern, rf"\g<1>{value})", text)
    if count != 1:
        raise ValueError(f"settings.yml has {count} settings {name}")
    return changed

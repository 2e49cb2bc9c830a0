"""What is set up once for a run, and stands while drills need it. All of it is in the journal first."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from magacin.core.files import write_private
from magacin.drills.files import always_working_time
from magacin.drills.observer import GONE, Observer
from magacin.drills.people import Person
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.timing import RESEND_SECONDS
from magacin.drills.undo import PERSON
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.processes import run_cli
from magacin.stack.site import Site

DATABASE_PROXY, DOCTORED_PROC, WORKING_TIME = "database-proxy", "doctored-proc", "working-time"
_LOOKBACK_SECONDS = 300.0
_HISTORY_OPTION = "--storage.tsdb.path="


async def add_person(scope: Scope, observer: Observer, site: Site, prefix: str) -> Person:
    """Let the drills' person log in, until the drills are over."""
    file = site.secrets.file("drill-password")
    scope.remember("cancel", "cancel the tasks of the drills", numbers=[prefix])
    scope.remember("disable", f"disable the user {PERSON.username}", user=PERSON.username)
    arguments = ("--role", PERSON.role.value, "--if-missing", "--password-file", str(file))
    await asyncio.to_thread(run_cli, site, "user", "add", PERSON.username, *arguments)
    await asyncio.to_thread(run_cli, site, "user", "enable", PERSON.username)
    return Person(site, observer.session, file.read_text(encoding="utf-8").strip())


async def put_rules(scope: Scope, needs: frozenset[str], speed: float) -> None:
    """Put rules, routes and intervals in place at a speed, until the drills are over."""
    files = scope.changes.files
    scope.remember("remove", "remove the copy of the rules", path=str(files.folder))
    scope.remember("monitoring", "put the usual rules and routes in place")
    if WORKING_TIME in needs:
        files.add("working time", always_working_time)
    # A Prometheus that is going to be started anew must not judge what it has scraped by the new rules.
    servers = ["prometheus", "alertmanager"] if speed == 1 else ["alertmanager"]
    await scope.changes.make(files.put, servers)


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
        await scope.relaunch(changed)


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

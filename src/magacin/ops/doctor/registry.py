"""The list of all checks, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from magacin.ops.doctor import (
    backups,
    dashboards,
    machine,
    monitoring,
    parts,
    receivers,
    reports,
    security,
    stores,
    versions,
)
from magacin.ops.doctor.findings import Check, Finding, Group, Result, broken
from magacin.ops.doctor.patient import Patient, Skipped

GROUPS = (
    Group(
        "parts",
        "Parts and services",
        (parts.anything, parts.running, parts.started, parts.contract),
        needs="nothing",
    ),
    Group(
        "processes",
        "Processes",
        (parts.strays, parts.files, security.listening, security.root),
        needs="stack",
    ),
    Group(
        "configuration",
        "Configuration",
        (
            monitoring.rendered,
            monitoring.reloaded,
            monitoring.alertmanager_configuration,
            monitoring.rules,
        ),
    ),
    Group("targets", "Targets", (monitoring.targets,)),
    Group(
        "alerting",
        "Way of an alert",
        (monitoring.known_alertmanagers, monitoring.watchdog, monitoring.silences),
    ),
    Group(
        "receivers", "Receivers", (receivers.every_receiver, receivers.failures, receivers.heartbeat_receiver)
    ),
    Group("people", "People", (receivers.real_people, receivers.quiet_for_long, receivers.live_drills)),
    Group("dashboards", "Dashboards", (dashboards.files, dashboards.data_source)),
    Group("stores", "Stores", (stores.durability, stores.connections, stores.redis_settings)),
    Group("backups", "Backups", (backups.recent,)),
    Group("reports", "Reports", (reports.sums,)),
    Group(
        "access",
        "Access",
        (
            stores.postgres_password,
            stores.redis_password,
            security.admins,
            security.dashboards_login,
            security.monitoring_logins,
        ),
    ),
    Group("secrets", "Secrets", (security.modes, security.strength), needs="stack"),
    Group("disk", "Disk and retention", (machine.room, machine.retention), needs="stack"),
    Group("clock", "Clock", (machine.clocks, machine.synchronised), needs="nothing"),
    Group(
        "versions",
        "Versions",
        (
            versions.servers,
            versions.running,
            versions.packages,
            versions.cluster,
            versions.migrations,
            versions.supervisor,
        ),
        needs="nothing",
    ),
    Group("system", "System", (machine.system_files,), needs="nothing"),
)


def examine(patient: Patient, groups: Sequence[Group] = GROUPS) -> list[Result]:
    """Run all checks, some at a time. Raises nothing: a check that fails is a finding."""
    # Asked by several checks at once, they would be asked several times.
    there = {"nothing"} | ({"stack"} if patient.identity else set())
    if patient.identity and patient.status:
        there.add("running")
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda group: _run(group, patient, there), groups))


def _run(group: Group, patient: Patient, there: set[str]) -> Result:
    result = Result(group)
    if group.needs not in there:
        result.skipped = ["nothing runs" if "stack" in there else "there is no stack"] * len(group.checks)
        return result
    for check in group.checks:
        _run_check(check, patient, result)
    return result


def _run_check(check: Check, patient: Patient, result: Result) -> None:
    try:
        for finding in check(patient):
            result.findings.append(finding)
    except Skipped as reason:
        result.skipped.append(str(reason))
    except Exception as error:  # noqa: BLE001  one check that fails must not hide what the others found
        result.findings.append(_failed(check, error))


def _failed(check: Check, error: Exception) -> Finding:
    # The text of an unforeseen error may quote what it was about, and that may be a secret.
    name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
    return broken(
        "doctor",
        name,
        f"The check {name} itself failed ({type(error).__name__}).",
        "What it looks for may be there, and is not seen.",
        "report it, with the output of ./magacin doctor --json",
    )

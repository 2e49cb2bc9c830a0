"""Does every part run, can it do its job, and does it measure what the contract says?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.stack import leftovers
from magacin.stack.errors import StackError
from magacin.stack.parts import PARTS, Part, services
from magacin.stack.paths import ROOT
from magacin.stack.starting import Wish, select
from magacin.stack.status import PartStatus

CONTRACT = ROOT / "docs" / "metrics.md"
_ROW = re.compile(r"^\| (?P<services>[\w, -]+) \| `(?P<name>\w+)` \| (?P<type>\w+) \|")
# A process that needs this share of the files it may open has few left for the next rush.
_FILES = 0.8


def anything(patient: Patient) -> Iterator[Finding]:
    """There is a stack, and it runs."""
    if not patient.identity:
        yield broken(
            "no-stack",
            str(patient.data.path),
            f"There is no stack in {patient.data.path}.",
            "Nothing is watched, and nobody is told of anything.",
            f"{patient.command('up', '--detach')}   # or say where it is: --data-dir DIR",
        )
    elif not patient.processes:
        yield broken(
            "nothing-runs",
            str(patient.data.path),
            f"Nothing of the stack in {patient.data.path} runs.",
            "Nothing is watched, and nobody is told of anything.",
            patient.command("up", "--detach"),
        )


def running(patient: Patient) -> Iterator[Finding]:
    """Every part that was started is healthy. What only follows from another part is not said again."""
    unhealthy = [status for status in patient.status.values() if not status.healthy]
    gone = [status for status in unhealthy if not _answers(status)]
    complaining = [status.part.name for status in unhealthy if status not in gone]
    for status in gone or unhealthy:
        also = f" Because of it, perhaps: {', '.join(complaining)}." if gone and complaining else ""
        yield broken(
            "part-down",
            status.part.name,
            f"{status.part.title} is not healthy: {_detail(patient, status)}.{also}",
            "Whatever needs it fails, or soon will.",
            _mend(patient, status),
        )


def _answers(status: PartStatus) -> bool:
    """Say whether it is there and only complains, of what it needs perhaps."""
    complains = "answers 503" in status.detail or "cannot reach" in status.detail
    return status.state in ("running", "starting") and complains


def _detail(patient: Patient, status: PartStatus) -> str:
    process = patient.processes[status.part.name]
    if status.state == "fatal":
        return f"it ended again and again, last with status {process.exit_status}"
    return (status.detail or status.state).rstrip(".")


def _mend(patient: Patient, status: PartStatus) -> str:
    name = status.part.name
    if status.state in ("running", "starting", "backoff"):
        return f"{patient.command('logs', name)}   # it says there why"
    return patient.command("start", name)


def started(patient: Patient) -> Iterator[Finding]:
    """Nothing that belongs to a whole stack is missing."""
    known = set(patient.processes)
    if not known:
        return
    try:
        wanted = {part.name for part in select(Wish(only="monitoring"), patient.data, known)}
    except StackError as error:
        # That is a finding of its own.
        raise Skipped(f"{patient.data.notifications.name} cannot be read") from error
    if missing := sorted(wanted - known):
        yield warning(
            "not-started",
            "monitoring",
            f"Not started: {', '.join(missing)}.",
            "Nobody is told when something breaks.",
            patient.command("up", "--detach"),
        )
    elif missing := sorted({p.name for p in PARTS.values() if p.group == "app" and not p.optional} - known):
        yield warning(
            "not-started",
            "app",
            f"Not started: {', '.join(missing)}.",
            "The monitoring alone has nothing to watch, and alerts on what is absent.",
            patient.command("up", "--detach"),
        )


def contract(patient: Patient) -> Iterator[Finding]:
    """`/metrics` of each service can be parsed, and has what docs/metrics.md lists."""
    if not CONTRACT.exists():
        raise Skipped(f"{CONTRACT} is not there")
    wanted = contract_of(CONTRACT.read_text(encoding="utf-8"))
    for part in (PARTS[name] for name in wanted):
        if part.name not in patient.status or not patient.runs(part.name):
            continue
        status, page = patient.get(part.name, part.metrics or "/metrics")
        if problem := metrics_problem(status, page, wanted[part.name]):
            yield broken(
                "metrics",
                part.name,
                f"/metrics of {part.title} {problem}.",
                "Alerts and dashboards ask for these metrics, and stay silent without them.",
                patient.restart(part.name),
            )


def contract_of(text: str) -> dict[str, set[str]]:
    """Return service → names of metrics, as the table in docs/metrics.md has them."""
    names = [part.name for part in services()]
    table: dict[str, set[str]] = {name: set() for name in names}
    for row in filter(None, map(_ROW.match, text.splitlines())):
        for service in names if row["services"] == "all" else row["services"].split(", "):
            table.setdefault(service, set()).add(row["name"])
    return table


def metrics_problem(status: int, page: str, wanted: set[str]) -> str | None:
    """Return what is wrong with a page of metrics, or None."""
    if status != 200:
        return f"answers {status}"
    try:
        families = {family.name for family in text_string_to_metric_families(page)}
    except ValueError as error:
        return f"cannot be parsed ({error})"
    # The parser takes the ending off a counter's name.
    missing = sorted(
        name for name in wanted if name not in families and name.removesuffix("_total") not in families
    )
    return f"lacks {', '.join(missing)}" if missing else None


def strays(patient: Patient) -> Iterator[Finding]:
    """No process of the stack runs beside its supervisor."""
    supervisor = patient.stack.supervisor.pid()
    for item in leftovers.find(patient.identity, patient.data.redis):
        pid = item.process.pid
        if pid == supervisor:
            continue
        yield warning(
            "stray-process",
            str(pid),
            f"Process {pid} ({item.process.name()}) belongs to this stack, and no supervisor looks after it.",
            "It may hold a port or a file that a part needs, and nothing restarts or stops it.",
            f"kill {pid}" if supervisor else patient.command("down"),
        )


def files(patient: Patient) -> Iterator[Finding]:
    """No process is about to run out of files and sockets."""
    import psutil

    for name, process in patient.processes.items():
        try:
            one = psutil.Process(process.pid) if process.pid else None
            used, most = (one.num_fds(), one.rlimit(psutil.RLIMIT_NOFILE)[0]) if one else (0, 0)
        except psutil.Error:
            continue
        if most > 0 and used > most * _FILES:
            yield warning(
                "open-files",
                name,
                f"{_title(PARTS.get(name), name)} has {used} of {most} files and sockets open.",
                "With none left it refuses connections.",
                patient.restart(name),
            )


def _title(part: Part | None, name: str) -> str:
    return part.title if part else name

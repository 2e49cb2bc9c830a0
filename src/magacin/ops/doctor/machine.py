"""Is there room on the disks, does the clock go right, and are there files left to open?"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.stack.launch_specs import launch_spec

GIB = 1024**3
# Below this share or this much, the next big thing that is written may be the last.
_BROKEN_SHARE, _BROKEN_BYTES = 0.03, GIB // 4
_WARNING_SHARE, _WARNING_BYTES = 0.1, GIB
_BYTES_PER_SAMPLE = 1.7
_CLOCK_SECONDS = 2.0


def room(patient: Patient) -> Iterator[Finding]:
    """Every disk that the stack writes to has room, and names for files left."""
    data = patient.data
    seen: set[int] = set()
    for folder in (data.path, data.postgres, data.redis, data.prometheus, data.logs, data.imports):
        if not folder.exists():
            continue
        device = folder.resolve().stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(folder)
        inodes = os.statvfs(folder)
        left = inodes.f_favail / inodes.f_files if inodes.f_files else 1.0
        if problem := shortage(usage.free, usage.total, left):
            level, what = problem
            make = broken if level == "broken" else warning
            yield make(
                "disk",
                str(folder),
                f"The disk of {folder} {what}.",
                "When it is full, nothing can be acknowledged any more.",
                f"df -h {folder}; see docs/runbooks/DiskFullWithin4Hours.md",
            )


def shortage(free: float, total: float, inodes_left: float) -> tuple[str, str] | None:
    """Return how bad it is and what there is too little of, or None."""
    said = f"has {free / GIB:.1f} of {total / GIB:.1f} GiB left"
    if free < _BROKEN_BYTES or free < total * _BROKEN_SHARE:
        return "broken", said
    if inodes_left < _BROKEN_SHARE:
        return "broken", f"has {inodes_left:.0%} of its inodes left"
    if free < _WARNING_BYTES or free < total * _WARNING_SHARE:
        return "warning", said
    return None


def retention(patient: Patient) -> Iterator[Finding]:
    """Prometheus keeps as much as it was told to, and the disk can hold that."""
    flags = patient.prometheus("status/flags")
    told = dict(
        argument.removeprefix("--").split("=", 1)
        for argument in launch_spec("prometheus", patient.site).argv[1:]
        if "=" in argument
    )
    for flag, convert in (("storage.tsdb.retention.time", duration), ("storage.tsdb.retention.size", size)):
        if convert(flags.get(flag, "")) != convert(told[flag]):
            yield warning(
                "retention",
                flag,
                f"Prometheus runs with {flag}={flags.get(flag)}, not {told[flag]}.",
                "It keeps more than the disk was planned for, or forgets what dashboards show.",
                patient.restart("prometheus"),
            )
    metrics = patient.metrics("prometheus")
    rows = patient.query("rate(prometheus_tsdb_head_samples_appended_total[5m])")
    stored = metrics.get("prometheus_tsdb_storage_blocks_bytes", 0)
    hours = duration(flags.get("storage.tsdb.retention.time", "")) / 3600
    needed = still_needed(
        sum(v for _, v in rows), hours, size(flags.get("storage.tsdb.retention.size", "")), stored
    )
    free = shutil.disk_usage(patient.data.prometheus).free
    if needed > free - _BROKEN_BYTES:
        yield warning(
            "retention-disk",
            "prometheus",
            f"Prometheus may come to need {needed / GIB:.1f} GiB more; {free / GIB:.1f} GiB are free.",
            "The disk fills up before the oldest measurements are due to go.",
            f"give {patient.data.prometheus} a larger disk, or lower the retention",
        )


def still_needed(samples: float, hours: float, most: float, stored: float) -> float:
    """Return how many bytes more the retention may fill, at the present rate of samples."""
    all_ = samples * hours * 3600 * _BYTES_PER_SAMPLE
    if most > 0:
        all_ = min(all_, most)
    return max(0.0, all_ - stored)


def duration(text: str) -> float:
    """Return a duration of Prometheus in seconds, 0 for none."""
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31_536_000}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(ms|[smhdwy])", text))


def size(text: str) -> float:
    """Return a size of Prometheus in bytes, 0 for none. To it, 10GB are 10GiB."""
    match = re.fullmatch(r"([\d.]+)([KMGT]?)(i?B)", text)
    return float(match[1]) * 1024 ** " KMGT".index(match[2] or " ") if match else 0.0


def clocks(patient: Patient) -> Iterator[Finding]:
    """This machine's clock and those of the servers agree."""
    for name, ask in (("Prometheus", _prometheus), ("PostgreSQL", _postgres), ("Redis", _redis)):
        try:
            before = patient.now()
            theirs = ask(patient)
            after = patient.now()
        except Skipped:
            continue
        off = theirs - before if theirs < before else max(0.0, theirs - after)
        if abs(off) > _CLOCK_SECONDS:
            yield broken(
                "clock",
                name,
                f"{name}'s clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this one.",
                "Tokens end too early, alerts come too late, and events are sorted wrongly.",
                "timedatectl set-ntp true   # on both machines",
            )


def _prometheus(patient: Patient) -> float:
    return float(patient.prometheus("query", query="time()")["result"][1])


def _postgres(patient: Patient) -> float:
    return float(patient.value("SELECT extract(epoch FROM clock_timestamp())"))


def _redis(patient: Patient) -> float:
    seconds, microseconds = patient.redis(lambda client: client.time())
    return float(seconds) + float(microseconds) / 1e6


def synchronised(patient: Patient) -> Iterator[Finding]:
    """Something keeps the clock right."""
    del patient
    state = clock_state()
    if state is None:
        raise Skipped("this system does not say whether its clock is kept right")
    if state == _UNSYNCHRONISED:
        yield warning(
            "clock-free",
            "NTP",
            "Nothing keeps this machine's clock right.",
            "It drifts by seconds a day; log-ins and alerts depend on it.",
            "timedatectl set-ntp true",
        )


_UNSYNCHRONISED = 5


def clock_state() -> int | None:
    """Ask the kernel (adjtimex, which changes nothing without modes); None where it cannot be asked."""
    # struct timex is 208 bytes on 64 bits; its first field, the modes, stays 0.
    buffer = ctypes.create_string_buffer(512)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    return int(state) if state >= 0 else None


def system_files(patient: Patient) -> Iterator[Finding]:
    """The system has files left to open."""
    del patient
    try:
        used, _, most = (int(n) for n in Path("/proc/sys/fs/file-nr").read_text().split())
    except (OSError, ValueError) as error:
        raise Skipped("this system does not say how many files are open") from error
    if used > most * 0.9:
        yield warning(
            "system-files",
            "fs.file-max",
            f"{used} of {most} files that this system can have open are open.",
            "With none left every program fails in its own way.",
            "sysctl fs.file-max   # and raise it",
        )

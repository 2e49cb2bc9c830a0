"""Do Prometheus and Alertmanager run what the files say, and does the one reach the other?"""

from __future__ import annotations

import hashlib
import re
import shlex
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from magacin.ops.doctor.findings import Finding, broken, warning
from magacin.ops.doctor.machine import duration
from magacin.ops.doctor.patient import Patient, Skipped
from magacin.stack import logins, render
from magacin.stack.errors import StackError
from magacin.stack.waiting import until

Target = Mapping[str, Any]

_TWO_SCRAPES = 30
_UNLOADED = "Alerts of these rules do not fire, or fire by an older rule."


def rendered(patient: Patient) -> Iterator[Finding]:
    """What the servers read was made of the files as they are now."""
    etc = patient.data.etc
    try:
        _, wanted = render.rendered(
            patient.data,
            patient.site.offset,
            patient.stack.monitoring,
            patient.stack.used(),
        )
    except StackError as error:
        yield broken(
            "notifications-file",
            patient.data.notifications.name,
            " ".join([error.what, *error.details]),
            "The next start or reload will fail.",
            f"mend {patient.data.notifications}, then {patient.command('reload')}",
        )
        return
    changed = sorted(
        name for name, text in wanted.items() if not (etc / name).exists() or (etc / name).read_text() != text
    )
    known = {str(path) for path in render.monitoring_files(etc)} if etc.exists() else set()
    gone = sorted(known - set(wanted))
    if changed or gone:
        yield warning(
            "rendered-older",
            "etc",
            f"{', '.join([*changed, *gone])} in {etc} {'is' if len(changed + gone) == 1 else 'are'} not what "
            "monitoring/ and notifications.yml say now.",
            "A change of them has not come into force.",
            patient.command("reload"),
        )


def reloaded(patient: Patient) -> Iterator[Finding]:
    """Neither server has refused its files, and both have read them since they were written."""
    for name in ("prometheus", "alertmanager"):
        if name not in patient.status or not patient.status[name].healthy:
            continue
        metrics = patient.metrics(name)
        if metrics.get(f"{name}_config_last_reload_successful") != 1:
            yield broken(
                "reload-failed",
                name,
                f"{name} refused its configuration and runs with an older one.",
                "A restart would read the refused file, and fail.",
                patient.command("reload"),
            )


def alertmanager_configuration(patient: Patient) -> Iterator[Finding]:
    """Alertmanager runs its file, byte by byte: it exports a hash of what it has read."""
    patient.require("alertmanager")
    running = patient.metrics("alertmanager").get("alertmanager_config_hash")
    file = patient.data.etc / "alertmanager.yml"
    if running is None or running != hash_of(file.read_bytes()):
        yield broken(
            "alertmanager-configuration",
            file.name,
            f"Alertmanager does not run {file} as it is.",
            "Alerts go by other routes than the file says.",
            patient.command("reload"),
        )


def hash_of(content: bytes) -> float:
    """Return the hash of a file as Alertmanager exports it: 48 bits of MD5, which a float can hold."""
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return float(struct.unpack("<Q", digest[:6] + b"\0\0")[0])


def rules(patient: Patient) -> Iterator[Finding]:
    """The rules that Prometheus has loaded are those of the files, with all that is in them."""
    folder = patient.data.etc
    wanted = _of_files(folder)
    loaded, failing = _loaded(patient, folder)
    differing = [key for key in wanted if key in loaded and not _same(patient, wanted[key], loaded[key])]
    for word, keys in (
        ("has not loaded", [key for key in wanted if key not in loaded]),
        ("has loaded something that is not in the files:", [key for key in loaded if key not in wanted]),
        ("has loaded another version of", differing),
    ):
        if keys:
            files = sorted({key[0] for key in keys})
            names = sorted({key[2] for key in keys})
            yield broken(
                "rules",
                ", ".join(files),
                f"Prometheus {word} {_few(names)} ({', '.join(files)}).",
                _UNLOADED,
                patient.command("reload"),
            )
    for key, error in failing.items():
        yield broken(
            "rule-failing",
            key[2],
            f"The rule {key[2]} ({key[0]}) cannot be evaluated: {error}.",
            "It never fires.",
            f"mend the rule in monitoring/{key[0]}, then {patient.command('reload')}",
        )


Key = tuple[str, str, str, int]


def _of_files(folder: Path) -> dict[Key, Mapping[str, Any]]:
    found: dict[Key, Mapping[str, Any]] = {}
    for file in render.rule_files(folder):
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        for group in content.get("groups", []):
            for number, rule in enumerate(group["rules"]):
                name = rule.get("alert") or rule["record"]
                found[str(file.relative_to(folder)), group["name"], name, number] = {
                    "query": rule["expr"],
                    "labels": rule.get("labels") or {},
                    "annotations": rule.get("annotations") or {},
                    "for": str(rule.get("for", "0s")),
                }
    return found


def _loaded(patient: Patient, folder: Path) -> tuple[dict[Key, Mapping[str, Any]], dict[Key, str]]:
    found: dict[Key, Mapping[str, Any]] = {}
    failing: dict[Key, str] = {}
    for group in patient.prometheus("rules")["groups"]:
        file = Path(group["file"])
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
        for number, rule in enumerate(group["rules"]):
            key = name, group["name"], rule["name"], number
            found[key] = {
                "query": rule["query"],
                "labels": rule.get("labels") or {},
                "annotations": rule.get("annotations") or {},
                "for": f"{rule.get('duration', 0):g}s",
            }
            if rule.get("health") == "err":
                failing[key] = rule.get("lastError", "").rstrip(".")
    return found, failing


def _same(patient: Patient, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["labels"] != other["labels"] or duration(one["for"]) != duration(other["for"]):
        return False
    texts = [{k: " ".join(str(v).split()) for k, v in rule["annotations"].items()} for rule in (one, other)]
    if texts[0] != texts[1]:
        return False
    if "".join(str(one["query"]).split()) == "".join(str(other["query"]).split()):
        return True
    # Prometheus shows an expression in its own hand; it writes the file's the same way when asked.
    return _formatted(patient, str(one["query"])) == _formatted(patient, str(other["query"]))


def _formatted(patient: Patient, expression: str) -> str:
    return str(patient.prometheus("format_query", query=expression))


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def targets(patient: Patient) -> Iterator[Finding]:
    """Every expected target is scraped and up. One whose part is down is said there."""
    content = yaml.safe_load((patient.data.etc / "prometheus.yml").read_text(encoding="utf-8"))
    wanted = {
        target: job["job_name"]
        for job in content["scrape_configs"]
        for group in job.get("static_configs", [])
        for target in group["targets"]
    }
    known = _targets(patient)
    for address, job in wanted.items():
        target = known.get(address)
        if target is None:
            yield broken(
                "target-missing",
                job,
                f"Prometheus does not scrape {job} at {address}.",
                "Nothing of it is measured, and no alert is about it.",
                patient.command("reload"),
            )
        elif _is_down(target) and _is_the_scrape(patient, job) and _is_down(target := _next(patient, target)):
            yield broken(
                "target-down",
                job,
                f"Prometheus cannot scrape {job} at {address}: {target['lastError']}.",
                "Nothing of it is measured.",
                patient.command("logs", job),
            )


def _targets(patient: Patient) -> dict[str, Target]:
    return {target["labels"]["instance"]: target for target in patient.prometheus("targets")["activeTargets"]}


def _is_down(target: Target) -> bool:
    return bool(target["health"] == "down")


def _next(patient: Patient, target: Target) -> Target:
    """Return a target as the next scrape leaves it: the last may be older than what the part answers now.

    A part that took long to start was refused until then, and is well by the time that anybody looks.
    """

    def scraped() -> Target | None:
        now = _targets(patient).get(target["labels"]["instance"], target)
        return now if now["lastScrape"] != target["lastScrape"] else None

    return until(scraped, seconds=_TWO_SCRAPES, every=0.5) or target


def _is_the_scrape(patient: Patient, job: str) -> bool:
    """Say whether the part itself is fine, and has been for long enough to be scraped.

    What was never started is said once for all.
    """
    status = patient.status.get(job)
    return status is not None and status.healthy and status.uptime > _TWO_SCRAPES


def known_alertmanagers(patient: Patient) -> Iterator[Finding]:
    """Prometheus knows this stack's Alertmanager, and no alert got lost on the way lately."""
    address = f"127.0.0.1:{patient.site.port('alertmanager')}"
    active = patient.prometheus("alertmanagers")["activeAlertmanagers"]
    if not any(f"//{address}/" in one["url"] for one in active):
        yield broken(
            "alertmanager-unknown",
            address,
            f"Prometheus does not send its alerts to Alertmanager at {address}.",
            "No alert reaches anybody.",
            patient.command("reload"),
        )


def watchdog(patient: Patient) -> Iterator[Finding]:
    """Alertmanager has the Watchdog, which always fires: so alerts get from the one to the other."""
    patient.require("prometheus")
    alerts = patient.json("alertmanager", "/api/v2/alerts", filter='alertname="Watchdog"')
    if not alerts:
        if _is_young(patient):
            raise Skipped("the stack is too young: the Watchdog is still on its way")
        yield broken(
            "watchdog",
            "Watchdog",
            "Alertmanager does not have the Watchdog, the alert that always fires.",
            "Alerts do not get from Prometheus to Alertmanager, so none reaches anybody.",
            patient.command("logs", "prometheus"),
        )


def _is_young(patient: Patient) -> bool:
    return any(patient.processes[name].uptime < 90 for name in ("prometheus", "alertmanager"))


def silences(patient: Patient) -> Iterator[Finding]:
    """No silence mutes all that is critical, the Watchdog, or something for so long that it is forgotten."""
    alerts = alerts_for_people(patient.data.etc)
    url = patient.site.url("alertmanager")
    login = f"--http.config.file={shlex.quote(str(logins.client_file(patient.data)))}"
    for silence in patient.json("alertmanager", "/api/v2/silences"):
        if silence["status"]["state"] != "active":
            continue
        if problem := silence_problem(silence, datetime.fromtimestamp(patient.now(), UTC), alerts):
            what, why = problem
            yield warning(
                "silence",
                silence["id"],
                f"The silence {silence['id']} by {silence['createdBy'] or 'nobody'} {what}.",
                why,
                f"amtool --alertmanager.url={url} {login} silence expire {silence['id']}",
            )


LONGEST_SILENCE_DAYS = 7


Labels = Mapping[str, str]


def alerts_for_people(folder: Path) -> list[Labels]:
    """Return the labels that the alerts of the rules reach Alertmanager with, as far as the files have them.

    A label that a rule makes of what it measures stays as it is written there, so that it is no value that a
    silence would name.
    """
    settings = yaml.safe_load((folder / "prometheus.yml").read_text(encoding="utf-8"))
    external = settings.get("global", {}).get("external_labels") or {}
    return [
        {**external, **rule["labels"], "alertname": key[2]}
        for key, rule in _of_files(folder).items()
        if "severity" in rule["labels"]
    ]


def silence_problem(
    silence: Mapping[str, Any], now: datetime, alerts: Iterable[Labels]
) -> tuple[str, str] | None:
    """Return what is wrong with a silence of some of these alerts and why that matters, or None."""

    matchers = silence["matchers"]

    def mutes(labels: Labels) -> bool:
        # What an alert has besides, an instance for example, comes from what is measured: who knows?
        return all(m["name"] in labels and _matches(m, labels) for m in matchers)

    known = list(alerts)
    people = [labels for labels in known if labels["severity"] != "none"]
    critical = [labels for labels in people if labels["severity"] == "critical"]
    # The Watchdog has no labels but these.
    watchdog = any(
        all(_matches(m, labels) for m in matchers) for labels in known if labels["alertname"] == "Watchdog"
    )
    everything = bool(people) and all(map(mutes, people))
    if all(_matches_all(matcher) for matcher in matchers) or (everything and watchdog):
        return "mutes every alert there is", "Nobody is told of anything while it lasts."
    if everything:
        return "mutes every alert that is for people", "Nobody is told of anything while it lasts."
    if critical and all(map(mutes, critical)):
        also = " and the Watchdog" if watchdog else ""
        return f"mutes every critical alert{also}", "Nobody is told of what cannot wait while it lasts."
    if watchdog:
        return "mutes the Watchdog", "The heartbeat outside will say that the monitoring is dead."
    days = (datetime.fromisoformat(silence["endsAt"]) - now).total_seconds() / 86400
    if days > LONGEST_SILENCE_DAYS:
        return (
            f"lasts for {days:.0f} more days",
            "By then nobody remembers it, and what it mutes goes unnoticed.",
        )
    return None


def _matches_all(matcher: Mapping[str, Any]) -> bool:
    positive = matcher.get("isEqual", True)
    return bool(positive and matcher["isRegex"] and matcher["value"] in (".*", ".+", "^.*$", "^.+$", ".*.*"))


def _matches(matcher: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(matcher["name"], "")
    if matcher["isRegex"]:
        try:
            found = re.fullmatch(matcher["value"], value) is not None
        except re.error:  # Go knows expressions that Python does not
            return False
    else:
        found = value == matcher["value"]
    return found is bool(matcher.get("isEqual", True))

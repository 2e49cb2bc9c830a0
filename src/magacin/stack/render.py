"""Turns the files in monitoring/, which name hosts as Compose does, into those of a stack on loopback."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from magacin.core.files import write_private
from magacin.stack import alerting, heartbeat, install, logins, notifications, parts, report_mail, secrets
from magacin.stack.errors import StackError
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.parts import LOOPBACK, PARTS, Part
from magacin.stack.paths import ROOT, DataDir
from magacin.stack.site import Site

MONITORING = ROOT / "monitoring"
# Folders and files that Prometheus and Alertmanager read; the rest of monitoring/ is for others.
COPIED = ("prometheus.yml", "alertmanager.yml", "rules", "templates", "targets")

# What links of messages begin with, in templates.
_ALERTMANAGERS_PAGES = "{{ .ExternalURL }}/#"

_RUNBOOK = re.compile(r"\{\{ \$externalURL \}\}/user/(\w+)\.md")
# The link to the query of an alert, and the part of it that the console's Explore takes, as it is escaped.
_QUERY = "{{ .GeneratorURL }}"
_EXPLORED = '{{ reReplaceAll ".*[?&]g0[.]expr=([^&]*).*" "%s/explore?expr=${1}" .GeneratorURL }}'

_NAMES = "|".join(f"{re.escape(name)}:{port}" for name, port in parts.ENDPOINTS)
_HOST = re.compile(rf"(?<![\w.-])({_NAMES})(?![\w-])")


def to_loopback(text: str, offset: int) -> str:
    """Replace `host:port` of our parts, at the ports they have in Compose, and nothing else."""

    def moved(match: re.Match[str]) -> str:
        return f"{LOOPBACK}:{int(match[1].rpartition(':')[2]) + offset}"

    return _HOST.sub(moved, text)


def monitoring_files(source: Path) -> list[Path]:
    """Return the files to render, relative to `source`."""
    found = []
    for name in COPIED:
        path = source / name
        found += [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return [path.relative_to(source) for path in found]


def rule_files(folder: Path) -> list[Path]:
    """Return the files of rules below `folder`, each of which Prometheus must have loaded."""
    return sorted(p for p in (folder / "rules").rglob("*") if p.suffix in (".yml", ".yaml"))


def monitoring(
    data: DataDir, offset: int, source: Path, names: Collection[str] = (), *, check: bool = False
) -> set[str]:
    """Render monitoring/ into the data directory, for a stack with the parts called `names`.

    Returns the names of the files that changed. With `check`, files that promtool or amtool refuse raise
    StackError, and everything stays as it was: a server that is started again by its supervisor reads what it
    last read.
    """
    targets, wanted = rendered(data, offset, source, names)
    if check:
        candidate = data.run / "candidate"
        shutil.rmtree(candidate, ignore_errors=True)
        write_files(candidate, wanted)
        check_monitoring(candidate, source, _secret_paths(data, targets))
    notifications.write_secrets(data.secrets, targets, offset)
    return write_files(data.etc, wanted)


def dashboards_to(text: str, offset: int) -> str:
    """Replace the address of the dashboards that alerts link to, which is what a browser opens."""
    port = parts.PORTS["grafana"]
    return text.replace(f"http://localhost:{port}/", f"http://localhost:{port + offset}/")


def rendered(
    data: DataDir, offset: int, source: Path, names: Collection[str]
) -> tuple[notifications.Targets, dict[str, str]]:
    """Return where notifications go, and the files of monitoring/ as this stack's servers read them.

    Where the heartbeat receiver runs, the Watchdog is sent there, unless notifications.yml has an address for
    it. Where the console runs, links of messages lead there instead of to Alertmanager's own pages; where
    notifications.yml says how people reach it, all links do.
    """
    targets = notifications.read(data.notifications)
    if "heartbeat" in names and targets.settings.heartbeat is None:
        site = Site(data, secrets.Secrets(data.secrets), offset)
        targets = notifications.with_heartbeat(targets, heartbeat.url(site))
    texts = {str(path): (source / path).read_text() for path in monitoring_files(source)}
    wanted = {name: _native(name, text, data, offset, targets) for name, text in texts.items()}
    links = targets.settings.links
    if links is not None:
        wanted = {name: _leading_to(text, links.console, offset) for name, text in wanted.items()}
    elif "console" in names:
        address = f"http://localhost:{parts.PORTS['console'] + offset}"
        wanted = {name: with_pages_of(text, address) for name, text in wanted.items()}
    return targets, wanted


def _leading_to(text: str, console: str, offset: int) -> str:
    """Have every link of a message lead to the console."""
    text = text.replace(f"http://localhost:{parts.PORTS['grafana'] + offset}/", f"{console}/")
    text = _RUNBOOK.sub(rf"{console}/alerts/\1", text)
    return with_pages_of(text, console)


def with_pages_of(text: str, console: str) -> str:
    """Have the links to pages of Alertmanager and Prometheus lead to the console's."""
    return text.replace(_ALERTMANAGERS_PAGES, console).replace(_QUERY, _EXPLORED % console)


def _native(name: str, text: str, data: DataDir, offset: int, targets: notifications.Targets) -> str:
    # Before what the operator wrote is put in: their addresses are theirs.
    text = to_loopback(text, offset)
    if name.startswith("rules/"):
        text = dashboards_to(text, offset)
    if name == "prometheus.yml":
        text = logins.to_native(text, data)
    if name == "alertmanager.yml":
        url_file = targets.settings.heartbeat is None or _reads_url_files()
        text = notifications.apply(text, targets, url_file=url_file)
        text = text.replace(notifications.MOUNTED, f"{data.secrets}/")
    return text


def _reads_url_files() -> bool:
    program = install.find("alertmanager")
    return program is not None and alerting.major_minor(program) >= (0, 26)


def _secret_paths(data: DataDir, targets: notifications.Targets) -> frozenset[str]:
    names = {*notifications.WRITTEN, *targets.secrets}
    return frozenset(str(data.secrets / name) for name in names)


def write_files(folder: Path, wanted: Mapping[str, str]) -> set[str]:
    """Make the files of the monitoring in `folder` those of `wanted`. Returns the names that changed."""
    changed = set()
    for name in COPIED:
        for old in _files(folder / name):
            if str(old.relative_to(folder)) not in wanted:
                old.unlink()
                changed.add(str(old.relative_to(folder)))
    for name, text in wanted.items():
        target = folder / name
        if not target.exists() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_private(target, text)
            changed.add(name)
    return changed


def _files(path: Path) -> Iterable[Path]:
    return [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]


def check_monitoring(folder: Path, source: Path, written: frozenset[str] = frozenset()) -> None:
    """Have promtool and amtool read rendered files, and look where they don't.

    Raises StackError that names file and line in `source`, line by line the same. `written` are paths of
    secrets that are going to be there.
    """
    for program, arguments in (
        ("promtool", ["check", "config", str(folder / "prometheus.yml")]),
        ("amtool", ["check-config", str(folder / "alertmanager.yml")]),
    ):
        done = subprocess.run(
            [str(install.locate(program)), *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = _on_source(done.stdout + done.stderr, folder, source)
            raise StackError(f"{program} refuses the configuration, so nothing was changed.", said)
    if problems := alerting.problems(folder / "alertmanager.yml", source, written):
        raise StackError("Alertmanager could not send alerts with this, so nothing was changed.", *problems)


def _on_source(said: str, folder: Path, source: Path) -> str:
    """Return what a tool said, with our files' names and lines where it has only a part of that."""
    said = said.replace(f"{folder}/", f"{source}/")
    # amtool: "line 13: field url_file not found", and for a template its name without the folder.
    said = re.sub(r"(?m)^(\s*)line (\d+): ", rf"\1{source}/alertmanager.yml:\2: ", said)
    said = re.sub(r"\byaml: line (\d+): ", rf"{source}/alertmanager.yml:\1: ", said)
    return re.sub(r"template: ([\w.-]+\.tmpl:\d+)", rf"{source}/templates/\1", said).strip()


def redis_conf(site: Site) -> str:
    """Return Redis's configuration: every acknowledged write is on disk, and nobody comes in unasked."""
    return f"""\
bind {LOOPBACK}
port {site.port("redis")}
protected-mode yes
requirepass {site.secrets.value("redis-password")}
dir "{site.data.redis}"
daemonize no
logfile ""
appendonly yes
appendfsync always
save ""
# Full is an error that is seen; evicting would silently lose events.
maxmemory 512mb
maxmemory-policy noeviction
"""


def supervisord_conf(site: Site, altered: Mapping[str, LaunchSpec] = MappingProxyType({})) -> str:
    """Return supervisord's configuration for all parts. None starts by itself: `up` starts them in order.

    A part that is in `altered` is started like that instead.
    """
    data = site.data
    user = "user=root\n" if os.geteuid() == 0 else ""
    head = f"""\
[supervisord]
{user}identifier=magacin
nodaemon=true
silent=true
umask=077
directory=/
logfile={_plain(data.log("supervisord"))}
logfile_maxbytes=5MB
logfile_backups=2
pidfile={_plain(data.pid_file)}
childlogdir={_plain(data.logs)}

[unix_http_server]
file={_plain(data.socket())}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:magacin]
supervisor.rpcinterface_factory=magacin.stack.supervisord:make_interface
"""
    specs = {name: altered.get(name) or launch_spec(name, site) for name in PARTS}
    return "\n".join([head, *(_program_section(PARTS[name], spec, site) for name, spec in specs.items())])


def _program_section(part: Part, spec: LaunchSpec, site: Site) -> str:
    environment = ",".join(f"{key}={_quoted(value)}" for key, value in sorted(spec.environment.items()))
    lines = [
        f"[program:{part.name}]",
        f"command={_plain(shlex.join(spec.argv))}",
        f"priority={part.order}",
        "directory=/",
        "autostart=false",
        "autorestart=true",
        # More than a pause has seconds at most (supervisord.py): it is never given up.
        "startretries=100",
        "startsecs=3",
        f"stopsignal={part.stop_signal}",
        f"stopwaitsecs={part.stop_seconds}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_plain(site.data.log(part.name))}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=3",
    ]
    if environment:
        lines.append(f"environment={environment}")
    if spec.user is not None:
        lines.append(f"user={spec.user}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    # supervisord knows no escapes, only two kinds of quotes; DataDir.check_path keeps both out of paths.
    return f"'{_plain(value)}'"


def _plain(value: object) -> str:
    # supervisord expands %(name)s in every value.
    return str(value).replace("%", "%%")


def write_parts(site: Site, names: Iterable[str]) -> None:
    """Write what the gateway's status page shows beside the application: the parts of this stack.

    It is a file because a running gateway does not notice a change of its environment.
    """
    shown = [PARTS[name] for name in sorted(set(names)) if PARTS[name].group == "monitoring"]
    listed = [
        {
            "title": part.title,
            "url": site.url(part.name),
            "health": part.health,
            "open": part.open_path is not None,
        }
        for part in sorted(shown, key=lambda part: part.order)
    ]
    write_private(site.data.etc / "parts.json", json.dumps(listed, indent=2) + "\n")


def write_targets(site: Site, names: Iterable[str]) -> None:
    """Write the files that have parts scraped which only some stacks have; remove those of absent parts."""
    for part in PARTS.values():
        if not part.own_target:
            continue
        file = site.data.etc / f"targets-{part.name}.yml"
        if part.name in names:
            address = parts.address(part.name, site.offset)
            write_private(file, f'- targets: ["{address}"]\n  labels: {{service: {part.name}}}\n')
        else:
            file.unlink(missing_ok=True)


def write_configuration(site: Site, altered: Mapping[str, LaunchSpec] = MappingProxyType({})) -> None:
    """Write the configuration of Redis, the heartbeat receiver, reports by mail and supervisord."""
    heartbeat.write(site)
    report_mail.write(site)
    write_private(site.data.etc / "redis.conf", redis_conf(site))
    write_private(site.data.etc / "supervisord.conf", supervisord_conf(site, altered))

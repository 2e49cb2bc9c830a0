"""Launch specifications: how each part is started. No secret is in a command line or an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from magacin.stack import heartbeat, install, lan, logins, parts, postgres, production, report_mail, webapp
from magacin.stack.parts import LOOPBACK, PARTS
from magacin.stack.paths import ROOT
from magacin.stack.processes import cli, variables
from magacin.stack.secrets import DATABASE, MONITOR_ROLE
from magacin.stack.site import Site


@dataclass(frozen=True)
class LaunchSpec:
    """What supervisord needs to know to run a part: command line, environment, and whose process it is."""

    argv: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None


# What each service is told of: the secrets it reads, and those it calls. The same as in Compose.
_SECRETS: Mapping[str, Sequence[str]] = {
    "api-gateway": ("database-url", "redis-url", "service-token", "jwt-key"),
    "task-service": ("database-url", "redis-url", "service-token", "webhook-key"),
    "import-service": ("database-url", "redis-url", "service-token"),
    "realtime-worker": ("redis-url", "service-token"),
}
_CALLED: Mapping[str, Sequence[str]] = {
    "api-gateway": ("task-service", "import-service", "realtime-worker"),
    "import-service": ("task-service",),
}
# And the files and folders that are its own: the gateway's have what its pages show beside the services.
_OWN: Mapping[str, Callable[[Site], Mapping[str, object]]] = {
    "api-gateway": lambda site: {
        "PARTS_FILE": site.data.etc / "parts.json",
        "DEMO_BADGE_FILE": site.data.demo_badge,
        "APP_DIR": webapp.built("worker"),
        "DESK_DIR": webapp.built("desk"),
        "WALL_DIR": webapp.built("wall"),
        "DATA_DIR": site.data.path,
        **lan.settings(site),
    },
    "task-service": report_mail.environment,
    "import-service": lambda site: {"IMPORT_DIR": site.data.imports},
}


def _service(name: str) -> Callable[[Site], LaunchSpec]:
    def spec(site: Site) -> LaunchSpec:
        settings: dict[str, object] = {"HOST": LOOPBACK, "PORT": site.port(name), **production.settings(site)}
        for secret in _SECRETS[name]:
            settings[f"{_setting(secret)}_FILE"] = site.secrets.file(secret)
        for called in _CALLED.get(name, ()):
            settings[f"{_setting(called)}_URL"] = site.url(called)
        if name in _OWN:
            settings |= _OWN[name](site)
        return LaunchSpec(cli("serve", name), variables(settings))

    return spec


def _setting(name: str) -> str:
    return name.replace("-", "_").upper()


def _inbox(site: Site) -> LaunchSpec:
    [smtp] = PARTS["inbox"].more_ports
    own: dict[str, object] = {"HOST": LOOPBACK, "PORT": site.port("inbox"), "SMTP_PORT": smtp + site.offset}
    own |= production.settings(site)
    return LaunchSpec(cli("serve", "inbox"), variables(own))


def _console(site: Site) -> LaunchSpec:
    own = {
        "HOST": LOOPBACK,
        "PORT": site.port("console"),
        "OPERATOR_PASSWORD_FILE": site.secrets.file("operator-password"),
        "CONSOLE_KEY_FILE": site.secrets.file("console-key"),
        "PROMETHEUS_URL": site.url("prometheus"),
        "ALERTMANAGER_URL": site.url("alertmanager"),
        "MONITORING_USER": logins.MONITORING,
        "MONITORING_PASSWORD_FILE": site.secrets.file("monitoring-password"),
        "PARTS_FILE": site.data.etc / "parts.json",
        "DATA_DIR": site.data.path,
        "WEB_DIR": webapp.built("console"),
        **production.settings(site),
    }
    return LaunchSpec(cli("serve", "console"), variables(own))


def _heartbeat(site: Site) -> LaunchSpec:
    own = {
        "HOST": LOOPBACK,
        "PORT": site.port("heartbeat"),
        "HEARTBEAT_TOKEN_FILE": site.secrets.file("heartbeat-token"),
        "HEARTBEAT_STATE": site.data.path / "heartbeat.json",
        **production.settings(site),
    }
    files = {f"{name}_FILE": site.data.etc / "heartbeat" / name for name in heartbeat.settings(site)}
    return LaunchSpec(cli("serve", "heartbeat"), variables(own | files))


def _demo(site: Site) -> LaunchSpec:
    own = {
        "HOST": LOOPBACK,
        "PORT": site.port("demo"),
        "GATEWAY_URL": site.url("api-gateway"),
        "ADMIN_PASSWORD_FILE": site.data.secrets / "admin-password",
        "DEMO_USERS_FILE": site.data.demo_users,
        "DEMO_BADGE_FILE": site.data.demo_badge,
    }
    return LaunchSpec(cli("serve", "demo"), variables(own))


def _program(name: str) -> str:
    # A part that is not going to be started may be missing; the configuration names it all the same.
    return str(install.find(name) or name)


def _postgres(site: Site) -> LaunchSpec:
    folder = site.data.postgres.resolve()
    server = postgres.server_for(folder)
    return LaunchSpec(
        [str(server or "postgres"), "-D", str(folder)],
        # Its clients decide the time zone and language of what they see; its log is in one of them.
        {"TZ": "UTC", "LC_MESSAGES": "C"},
        postgres.server_user(),
    )


def _redis(site: Site) -> LaunchSpec:
    return LaunchSpec([_program("redis-server"), str(site.data.etc / "redis.conf")])


def _prometheus(site: Site) -> LaunchSpec:
    return LaunchSpec(
        [
            _program("prometheus"),
            f"--config.file={site.data.etc / 'prometheus.yml'}",
            f"--storage.tsdb.path={site.data.prometheus}",
            "--storage.tsdb.retention.time=200h",
            "--storage.tsdb.retention.size=10GB",
            f"--web.listen-address={LOOPBACK}:{site.port('prometheus')}",
            f"--web.external-url={site.url('prometheus')}/",
            f"--web.user-assets={ROOT / 'docs' / 'runbooks'}",
            # No page from elsewhere may read what is here; by default each may.
            "--web.cors.origin=",
            _asking("prometheus", site),
        ]
    )


def _alertmanager(site: Site) -> LaunchSpec:
    return LaunchSpec(
        [
            _program("alertmanager"),
            f"--config.file={site.data.etc / 'alertmanager.yml'}",
            f"--storage.path={site.data.alertmanager}",
            f"--web.listen-address={LOOPBACK}:{site.port('alertmanager')}",
            f"--web.external-url={site.url('alertmanager')}/",
            # Empty: one Alertmanager has nobody to gossip with, and would listen on all addresses for it.
            "--cluster.listen-address=",
            _asking("alertmanager", site),
        ]
    )


def _grafana(site: Site) -> LaunchSpec:
    # Where it is absent, the part is not started; the configuration names it all the same.
    program = install.find_grafana() or Path("grafana")
    home = install.grafana_home(program)
    # From version 9.4 on, grafana-server is a script that says it will go.
    argv = [str(program)] if program.name == "grafana-server" else [str(program), "server"]
    argv += [f"--config={site.data.etc / 'grafana.ini'}", *([f"--homepath={home}"] if home else [])]
    return LaunchSpec(
        [*argv, f"cfg:server.http_addr={LOOPBACK}", f"cfg:server.http_port={site.port('grafana')}"]
    )


def _asking(name: str, site: Site) -> str:
    """Return the option that has a part ask who comes."""
    kind = PARTS[name].login
    assert kind is not None, name  # noqa: S101  narrows the type
    return f"--web.config.file={logins.file(site.data, kind)}"


def _exporter(name: str, *arguments: str) -> Callable[[Site], list[str]]:
    def argv(site: Site) -> list[str]:
        return [_program(name), f"--web.listen-address={LOOPBACK}:{site.port(name)}", *arguments]

    return argv


def _node_exporter(site: Site) -> LaunchSpec:
    # Debian builds it with the systemd collector on, which fails at every scrape where systemd does not run.
    own = ("--no-collector.systemd", _asking("node-exporter", site))
    return LaunchSpec(_exporter("node-exporter", *own)(site))


def _redis_exporter(site: Site) -> LaunchSpec:
    target = f"--redis.addr=redis://{parts.address('redis', site.offset)}"
    passwords = f"--redis.password-file={site.secrets.file('redis-exporter-passwords.json')}"
    return LaunchSpec(_exporter("redis-exporter", target, passwords)(site))


def _postgres_exporter(site: Site) -> LaunchSpec:
    environment = {
        "DATA_SOURCE_URI": f"{parts.address('postgres', site.offset)}/{DATABASE}?sslmode=disable",
        "DATA_SOURCE_USER": MONITOR_ROLE,
        "DATA_SOURCE_PASS_FILE": str(site.secrets.file("postgres-monitor-password")),
    }
    return LaunchSpec(_exporter("postgres-exporter", _asking("postgres-exporter", site))(site), environment)


_SPECS: Mapping[str, Callable[[Site], LaunchSpec]] = {
    "postgres": _postgres,
    "redis": _redis,
    "prometheus": _prometheus,
    "alertmanager": _alertmanager,
    "node-exporter": _node_exporter,
    "redis-exporter": _redis_exporter,
    "postgres-exporter": _postgres_exporter,
    "grafana": _grafana,
    "demo": _demo,
    "inbox": _inbox,
    "console": _console,
    "heartbeat": _heartbeat,
    **{part.name: _service(part.name) for part in parts.services()},
}


def launch_spec(name: str, site: Site) -> LaunchSpec:
    """Return how to start a part of this stack."""
    return _SPECS[name](site)

"""The registry of parts: what Magacin Track consists of, and the one place that knows the ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from magacin.stack.errors import StackError

LOOPBACK = "127.0.0.1"

Group = Literal["app", "monitoring"]
ProbeKind = Literal["postgres", "redis", "http"]
# What is behind a login: a server that does what it is told, or an exporter that says what it has measured.
Login = Literal["server", "exporter"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of a stack.

    Parts of one `phase` start together, and parts of one ten of `order` stop together, highest first.
    `watches` names the part without which this one has nothing to do: it runs where that one runs.
    `expects` is a line that the answer to the health probe must contain. `optional` parts run when asked for.
    A part of which some installations have none brings a file of its own that names it to Prometheus
    (`own_target`): no file, no target, no alert.
    `login` is which users it lets in (stack/logins.py); None is a part without a login of exporter-toolkit's.
    `native_only` parts are not in Compose or Kubernetes, which have something else in their place.
    """

    name: str
    title: str
    group: Group
    phase: int
    order: int
    port: int
    more_ports: tuple[int, ...] = ()
    probe: ProbeKind = "http"
    health: str = "/health"
    metrics: str | None = "/metrics"
    programs: tuple[str, ...] = ()
    watches: str | None = None
    expects: str | None = None
    optional: bool = False
    own_target: bool = False
    login: Login | None = None
    native_only: bool = False
    service: str | None = None
    stop_signal: Literal["TERM", "INT"] = "TERM"
    stop_seconds: int = 20
    open_path: str | None = field(default=None)


STORES, SERVICES, SIMULATOR = 1, 2, 3

_ALL = (
    Part(
        name="postgres",
        title="PostgreSQL",
        group="app",
        phase=STORES,
        order=10,
        port=5432,
        probe="postgres",
        metrics=None,
        programs=("postgres",),
        # Fast shutdown: PostgreSQL takes TERM for "wait until the last client has left".
        stop_signal="INT",
        stop_seconds=120,
    ),
    Part(
        name="redis",
        title="Redis",
        group="app",
        phase=STORES,
        order=11,
        port=6379,
        probe="redis",
        metrics=None,
        programs=("redis-server",),
        stop_seconds=60,
    ),
    Part(
        name="inbox",
        title="Inbox",
        group="monitoring",
        phase=SERVICES,
        order=20,
        port=8025,
        more_ports=(1025,),  # SMTP
        own_target=True,
        service="inbox",
        open_path="/",
    ),
    Part(
        name="heartbeat",
        title="Heartbeat receiver",
        group="monitoring",
        phase=SERVICES,
        order=20,
        port=8026,
        # It watches Prometheus, which therefore does not watch it; and it belongs on another machine.
        metrics=None,
        optional=True,
        service="heartbeat",
    ),
    Part(
        name="alertmanager",
        title="Alertmanager",
        group="monitoring",
        phase=SERVICES,
        order=20,
        port=9093,
        health="/-/ready",
        programs=("alertmanager", "amtool"),
        login="server",
        open_path="/",
    ),
    Part(
        name="prometheus",
        title="Prometheus",
        group="monitoring",
        phase=SERVICES,
        order=21,
        port=9090,
        health="/-/ready",
        programs=("prometheus", "promtool"),
        login="server",
        stop_seconds=60,
        open_path="/",
    ),
    # Runs where somebody has installed it; no package of Debian's has it.
    Part(
        name="grafana",
        title="Grafana",
        group="monitoring",
        phase=SERVICES,
        order=25,
        port=3000,
        health="/api/health",
        own_target=True,
        open_path="/",
    ),
    Part(
        name="console",
        title="Console",
        group="monitoring",
        phase=SERVICES,
        order=25,
        port=3000,
        own_target=True,
        native_only=True,
        service="console",
        open_path="/",
    ),
    Part(
        name="node-exporter",
        title="Node exporter",
        group="monitoring",
        phase=SERVICES,
        order=22,
        port=9100,
        health="/metrics",
        programs=("node-exporter",),
        login="exporter",
    ),
    Part(
        name="redis-exporter",
        title="Redis exporter",
        group="monitoring",
        phase=SERVICES,
        order=23,
        port=9121,
        health="/metrics",
        programs=("redis-exporter",),
        watches="redis",
        expects="redis_up 1",
    ),
    Part(
        name="postgres-exporter",
        title="PostgreSQL exporter",
        group="monitoring",
        phase=SERVICES,
        order=24,
        port=9187,
        health="/metrics",
        programs=("postgres-exporter",),
        login="exporter",
        watches="postgres",
        expects="pg_up 1",
    ),
    Part(
        name="task-service",
        title="Task Service",
        group="app",
        phase=SERVICES,
        order=30,
        port=8001,
        service="tasks",
    ),
    Part(
        name="realtime-worker",
        title="Realtime Worker",
        group="app",
        phase=SERVICES,
        order=31,
        port=8004,
        service="realtime",
    ),
    Part(
        name="import-service",
        title="Import Service",
        group="app",
        phase=SERVICES,
        order=40,
        port=8003,
        service="imports",
    ),
    Part(
        name="api-gateway",
        title="API Gateway",
        group="app",
        phase=SERVICES,
        order=50,
        port=8000,
        service="gateway",
        open_path="/",
    ),
    Part(
        name="demo",
        title="Demo simulator",
        group="app",
        phase=SIMULATOR,
        order=60,
        port=8005,
        metrics=None,
        optional=True,
        service="demo",
    ),
)

PARTS: Mapping[str, Part] = {part.name: part for part in _ALL}

# Every host and port that the files in monitoring/ may name.
PORTS: Mapping[str, int] = {p.name: p.port for p in _ALL}

# What the gateway listens on besides with `up --lan`: TLS for phones, and the page that has them trust it.
LAN_PORT, AUTHORITY_PORT = 8443, 8442

# The same as (host, port), with those ports that are not a part's main one.
ENDPOINTS = (*PORTS.items(), *((p.name, port) for p in _ALL for port in p.more_ports))


def address(name: str, offset: int) -> str:
    """Return `host:port` of a part in a stack whose ports are moved by `offset`."""
    return f"{LOOPBACK}:{PORTS[name] + offset}"


def services() -> list[Part]:
    """Return the services of the application, without the demo, which is a client of them."""
    return [part for part in _ALL if part.service is not None and part.group == "app" and not part.optional]


def check_offset(offset: int) -> None:
    """Raise StackError where some port would leave the range of ports."""
    numbers = [port for _, port in ENDPOINTS]
    lowest, highest = min(numbers), max(numbers)
    if lowest + offset < 1024 or highest + offset > 65535:
        raise StackError(
            f"--port-offset {offset} would put ports at {lowest + offset} to {highest + offset}.",
            f"Choose an offset from {1024 - lowest} to {65535 - highest}.",
        )


def select(
    only: Group | None, *, demo: bool = False, heartbeat: bool = False, running: Iterable[str] = ()
) -> list[Part]:
    """Return the parts to run, in the order of starting. The optional ones are those that are named.

    An exporter watches a store, so it belongs to a stack in which that store runs: with
    `--only monitoring` alone there is none, and with the application running already there is.
    """
    running = set(running)
    asked = {"demo": demo, "heartbeat": heartbeat}
    names = {p.name for p in _ALL if only in (None, p.group) and (not p.optional or asked[p.name])}
    present = names | running
    if "prometheus" in running:
        # The monitoring was started first, without the exporters of what comes now.
        names |= {p.name for p in _ALL if p.watches in names}
    chosen = [p for p in _ALL if p.name in names and (p.watches is None or p.watches in present)]
    return sorted(chosen, key=lambda part: part.order)


def phases(parts: Iterable[Part]) -> list[list[Part]]:
    """Group parts by phase, in order."""
    chosen = list(parts)
    return [[p for p in chosen if p.phase == phase] for phase in sorted({p.phase for p in chosen})]


def stop_stages(parts: Iterable[Part]) -> list[list[Part]]:
    """Group parts in the order of stopping: a caller before what it calls, the stores last."""
    chosen = list(parts)
    tens = sorted({p.order // 10 for p in chosen}, reverse=True)
    return [[p for p in chosen if p.order // 10 == ten] for ten in tens]


def get(name: str) -> Part:
    """Return a part by name; raise StackError that lists the names there are."""
    if name not in PARTS:
        raise StackError(f"there is no part called {name!r}.", f"There are: {', '.join(PARTS)}.")
    return PARTS[name]

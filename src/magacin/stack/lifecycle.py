"""Starting, stopping and looking at a whole stack."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from magacin.core.files import write_private
from magacin.stack import (
    clients,
    grafana,
    heartbeat,
    install,
    leftovers,
    notifications,
    parts,
    ports,
    postgres,
    probes,
    reloading,
    render,
    secrets,
    webapp,
)
from magacin.stack.errors import StackError
from magacin.stack.interrupts import undisturbed
from magacin.stack.launch_specs import LaunchSpec
from magacin.stack.parts import PARTS, Group, Part
from magacin.stack.paths import DataDir, Identity
from magacin.stack.processes import run_cli
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site
from magacin.stack.supervise import Process, Supervisor

# Recovery after a crash reads the log of all that was written; everything else starts within seconds.
START_SECONDS = 120
# A part that has died this often while it was started will not get healthy by waiting.
_STARTS_ALLOWED = 3
_LOG_LINES = 15


Ask = Callable[[Iterable[Part], Site], dict[str, probes.Answer]]


class PartFailedError(StackError):
    """A part did not become healthy."""

    def __init__(self, name: str, why: str, log: Path) -> None:
        last = tail(log, _LOG_LINES)
        super().__init__(f"{name} did not become healthy: {why}", f"The last lines of {log}:", last)
        self.name = name


@dataclass(frozen=True)
class Wish:
    """What `up` was asked for. With `stores`, PostgreSQL and Redis alone, for who works on their data."""

    only: Group | None = None
    stores: bool = False
    demo: bool = False
    heartbeat: bool = False
    port_offset: int | None = None


@dataclass(frozen=True)
class Started:
    """What `up` did: the parts it started (none when all ran already), and whether supervisord too.

    `no_console` is why there is no console although there should be.
    """

    parts: list[Part]
    whole: bool
    new_admin: bool = False
    new_operator: bool = False
    no_console: StackError | None = None


@dataclass(frozen=True)
class PartStatus:
    """How a part is, as probed just now."""

    part: Part
    address: str
    pid: int
    state: str
    healthy: bool
    detail: str
    uptime: int


class Stack:
    """One stack: a data directory, and the processes that belong to it."""

    def __init__(self, data: DataDir, report: Reporter, monitoring: Path = render.MONITORING) -> None:
        self.data = data
        self.monitoring = monitoring
        self.report = report
        self.supervisor = Supervisor(data)

    def site(self) -> Site:
        """Return where this stack is; raise StackError when it was never started."""
        known = self.data.identity()
        if known is None:
            raise StackError(
                f"there is no stack in {self.data.path}.",
                "Start one: ./magacin up   (or say where it is: --data-dir DIR)",
            )
        return Site(self.data, secrets.Secrets(self.data.secrets), known.port_offset)

    def up(self, wish: Wish) -> Started:
        """Start what is wished for and does not run yet, and return when all of it is healthy.

        Raises StackError when that cannot be had; what this call started is stopped again then.
        """
        self.data.check_path()
        offset = self.data.resolve_offset(wish.port_offset)
        parts.check_offset(offset)
        if self.data.identity() is None:
            # Before the first change of all, the directory itself.
            ports.require_free(self.select(wish, set()), offset)
        self.data.create()
        with self.data.lock(self._say_locked):
            return self._up(wish, self.data.remember(offset))

    def _say_locked(self) -> None:
        self.report.doing("Another magacin is starting or stopping this stack; waiting for it")

    def _up(self, wish: Wish, identity: Identity) -> Started:
        was_running = self.supervisor.running()
        if not was_running:
            self._stop_leftovers(identity)
        alive = self.alive()
        chosen = self.select(wish, alive)
        missing = [part for part in chosen if part.name not in alive]
        ports.require_free(missing, identity.port_offset)
        self._install(missing)
        no_console = self._build_pages(missing)
        if no_console is not None:
            chosen, missing = ([p for p in some if p.name != "console"] for some in (chosen, missing))
        new_operator = not (self.data.secrets / "operator-password").exists()
        site = Site(self.data, secrets.ensure(self.data, identity.port_offset), identity.port_offset)
        names = self.used() | {part.name for part in chosen}
        changed = self._configure(site, identity, missing, names)
        try:
            if was_running:
                self.supervisor.update()
            else:
                self.supervisor.launch(identity.id)
            new_admin = self._start(chosen, missing, site)
            self._reload(chosen, missing, changed, site)
        except BaseException:
            # Also on Ctrl-C: a start that was given up leaves nothing running.
            with undisturbed():
                self.report.doing("Stopping what was started")
                self.stop(missing, whole=not was_running)
                if not was_running:
                    # Such as a supervisord that did not answer yet.
                    self._stop_leftovers(identity)
                self.supervisor.reap()
            raise
        return Started(missing, not was_running, new_admin, new_operator, no_console)

    def used(self) -> set[str]:
        """Return the names of the parts that were started, of which some may have been stopped again."""
        return {name for name, process in self.supervisor.processes().items() if process.used}

    def select(self, wish: Wish, alive: set[str]) -> list[Part]:
        """Return the parts that `up` would have run, in a stack in which those called `alive` do."""
        if wish.stores:
            return [part for part in PARTS.values() if part.phase == parts.STORES]
        chosen = parts.select(wish.only, demo=wish.demo, heartbeat=wish.heartbeat, running=alive)
        # Where everything goes to real people, a box that shows it to everybody has no business.
        needs_inbox = notifications.read(self.data.notifications).settings.needs_inbox
        absent = {"console"} if install.find_grafana() else {"grafana"}
        absent |= set() if needs_inbox else {"inbox"}
        return [part for part in chosen if part.name not in absent]

    def _stop_leftovers(self, identity: Identity) -> None:
        left = leftovers.find(identity.id, self.data.redis)
        if left:
            names = ", ".join(str(item) for item in left)
            self.report.doing(f"Stopping what an earlier run left behind: {names}")
            leftovers.stop(left)
            self.report.done(f"Stopped what an earlier run left behind: {names}")

    def _install(self, missing: Iterable[Part]) -> None:
        packages = install.missing_packages(program for part in missing for program in part.programs)
        if not packages:
            return
        self.report.done(f"Installing, without starting any system service: {' '.join(packages)}")
        install.install_packages(packages, self.report.percent)
        self.report.done(f"Installed {len(packages)} packages")

    def _build_pages(self, missing: list[Part]) -> StackError | None:
        """Build the console's pages where it is to start. Returns what went wrong with that.

        A warehouse must be able to work on a day when npm's registry cannot be reached.
        """
        if PARTS["console"] not in missing:
            return None
        try:
            webapp.ensure(self.report)
        except StackError as error:
            return error
        return None

    def _configure(self, site: Site, identity: Identity, missing: list[Part], names: set[str]) -> set[str]:
        self.report.doing("Writing the configuration")
        if PARTS["postgres"] in missing:
            user = postgres.server_user()
            cluster = postgres.place(self.data, identity, user)
            postgres.prepare(cluster, site.secrets, site.port("postgres"), user)
        changed = self._render(names)
        render.write_configuration(site)
        if PARTS["grafana"] in missing:
            grafana.write(site, self.monitoring)
        render.write_parts(site, names)
        render.write_targets(site, names)
        return changed

    def _render(self, names: set[str]) -> set[str]:
        # Without the monitoring's programs there is nothing to check with, and nothing to check for.
        check = bool(install.find("promtool") and install.find("amtool"))
        return render.monitoring(self.data, self.site().offset, self.monitoring, names, check=check)

    def _start(self, chosen: list[Part], missing: list[Part], site: Site) -> bool:
        """Start what is missing, phase by phase. Returns whether the first user was made."""
        new_admin = False
        for phase in parts.phases(chosen):
            new = [part for part in phase if part in missing]
            if any(part in parts.services() for part in new):
                self._migrate(site)
                # Before the demo, which logs in as this user.
                new_admin = self._first_admin(site)
            if PARTS["demo"] in new:
                self._make_demo(site)
            for part in new:
                self.supervisor.start(part.name)
            if PARTS["postgres"] in new:
                # Until our role is there, its probe cannot succeed.
                self._wait([PARTS["postgres"]], site, _bootstrap)
            self._wait(phase, site, probes.probe_all)
            if new:
                self.report.done(f"{', '.join(part.title for part in new)}: healthy")
        return new_admin

    def _wait(self, phase: list[Part], site: Site, ask: Ask) -> None:
        """Return when every part is healthy; raise PartFailedError for the first that will not be."""
        deadline = time.monotonic() + START_SECONDS
        starts: dict[str, set[int]] = {part.name: set() for part in phase}
        waiting = phase
        while True:
            answers = ask(waiting, site)
            states = self.supervisor.processes()
            waiting = [p for p in waiting if not _is_healthy(states[p.name], answers[p.name])]
            if not waiting:
                return
            for part in waiting:
                starts[part.name].add(states[part.name].started_at)
                late = time.monotonic() > deadline
                if why := _hopeless(states[part.name], len(starts[part.name]), answers[part.name], late=late):
                    raise PartFailedError(part.name, why, self.data.log(part.name))
            self.report.doing(f"Waiting for {', '.join(part.title for part in waiting)}")
            time.sleep(0.1)

    def _make_demo(self, site: Site) -> None:
        """Note that work here is made up for show; raise StackError where it may be real.

        The two do not belong into one stack: the demo's workers pick whatever is open.
        """
        known = self.data.identity()
        begun = known is None or not known.production or self.data.demo_users.exists()
        if not begun and postgres.has_orders(site):
            raise StackError(
                f"the stack in {self.data.path} has orders from before any demo, which may be real.",
                "Simulated workers would pick them, and nothing could take that back.",
                "Start it as it is: ./magacin up",
                "Start a demo beside it: ./magacin up --demo --data-dir .magacin-demo --port-offset 10000",
            )
        self.data.not_production()

    def _migrate(self, site: Site) -> None:
        self.report.doing("Bringing the database's tables up to date")
        run_cli(site, "migrate")
        self.report.done("Database tables are up to date")

    def _reload(self, chosen: list[Part], missing: list[Part], changed: set[str], site: Site) -> None:
        """Have a running Prometheus and Alertmanager read files that changed, and see all rules loaded."""
        if changed:
            for part in chosen:
                if part.name in reloading.SERVERS and part not in missing:
                    self._reload_server(part.name, site)
        if PARTS["prometheus"] in chosen:
            self._require_rules(site)

    def _reload_server(self, name: str, site: Site) -> None:
        before, said = reloading.state(name, site), reloading.Said(self.data.log(name))
        self.supervisor.signal(name, "HUP")
        reloading.wait(name, site, before, said)

    def reload(self, servers: Iterable[str] = reloading.SERVERS) -> list[str]:
        """Check the monitoring's files, and have its servers read them. Returns the names of the servers.

        Raises StackError for files that are not right; the servers then go on with what they have.
        """
        site = self.site()
        with self.data.lock(self._say_locked):
            alive = [name for name in servers if self._is_alive(PARTS[name])]
            if not alive:
                raise StackError(f"no monitoring runs in {self.data.path}.", "Start it: ./magacin up")
            self.report.doing("Checking the configuration")
            self._render(self.used())
            if heartbeat.write(site) and self._is_alive(PARTS["heartbeat"]):
                # It reads them when it starts, and remembers what it was waiting for.
                self.supervisor.stop([PARTS["heartbeat"]])
                self.supervisor.start("heartbeat")
            for name in alive:
                self._reload_server(name, site)
            if "prometheus" in alive:
                self._require_rules(site)
        return [PARTS[name].title for name in alive]

    def alive(self) -> set[str]:
        """Return the names of the parts that run, or are about to."""
        return {name for name, process in self.supervisor.processes().items() if process.alive}

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else from starting or stopping parts of this stack."""
        with self.data.lock(self._say_locked):
            yield

    def stop_parts(self, names: Iterable[str]) -> list[str]:
        """Stop single parts of a running stack. Returns the titles of those that were running."""
        chosen = [parts.get(name) for name in names]
        with self.data.lock(self._say_locked):
            stopped = self.supervisor.stop(chosen)
        return [part.title for part in chosen if part.name in stopped]

    def start_parts(self, names: Iterable[str]) -> list[str]:
        """Start single parts of a running stack, and return when they are healthy: their titles."""
        chosen = [parts.get(name) for name in names]
        if not self.supervisor.running():
            raise StackError(f"nothing runs in {self.data.path}.", "Start it: ./magacin up")
        site = self.site()
        with self.data.lock(self._say_locked):
            missing = [part for part in chosen if not self._is_alive(part)]
            if PARTS["console"] in missing:
                webapp.ensure(self.report)
            self._start(missing, missing, site)
        return [part.title for part in missing]

    def relaunch(self, names: Iterable[str], altered: Mapping[str, LaunchSpec]) -> None:
        """Start single parts anew, and return when they are healthy. Those in `altered` run like that.

        `altered` names all parts that are to run otherwise than usual, also those that do so already.
        """
        chosen, site = [parts.get(name) for name in names], self.site()
        with self.data.lock(self._say_locked):
            render.write_configuration(site, altered)
            self.supervisor.stop(chosen)
            self.supervisor.update()
            for part in chosen:
                self.supervisor.start(part.name)
            self._wait(chosen, site, probes.probe_all)

    def inbox_url(self) -> str | None:
        """Return the inbox's address, or None where email or Slack do not end in it."""
        settings = notifications.read(self.data.notifications).settings
        real = settings.email is not None or settings.slack is not None
        return None if real or not self._is_alive(PARTS["inbox"]) else self.site().url("inbox")

    def _require_rules(self, site: Site) -> None:
        """Return when Prometheus has loaded every file of rules; raise StackError naming those it has not."""
        wanted = {path.resolve() for path in render.rule_files(self.data.etc)}
        deadline = time.monotonic() + 10
        while missing := wanted - _loaded_rules(site):
            if time.monotonic() > deadline:
                etc = self.data.etc.resolve()
                names = sorted(str(self.monitoring / path.relative_to(etc)) for path in missing)
                raise StackError(
                    f"Prometheus has not loaded {', '.join(names)}.",
                    "Either rule_files in prometheus.yml does not name it, or it has no rules in it.",
                )
            time.sleep(0.2)

    def _first_admin(self, site: Site) -> bool:
        """Create the user `admin` of a new stack. Returns whether that was done now."""
        password, created = self.data.secrets / "admin-password", self.data.secrets / ".admin-created"
        if created.exists():
            return False
        # It generates the password. Afterwards the user is theirs: one who was removed does not come back.
        run_cli(
            site, "user", "add", "admin", "--role", "admin", "--if-missing", "--password-file", str(password)
        )
        write_private(created, "")
        return True

    def stop(self, chosen: Iterable[Part], *, whole: bool) -> None:
        """Stop parts in order: callers first, stores last. With `whole`, supervisord as well."""
        for stage in parts.stop_stages(PARTS.values() if whole else chosen):
            if not self.supervisor.running():
                return
            self.supervisor.stop(stage)
        if whole and self.supervisor.running():
            self.supervisor.shutdown()

    def down(self) -> bool:
        """Stop everything. Returns whether there was anything to stop."""
        known = self.data.identity()
        if known is None:
            return False
        with self.data.lock(self._say_locked):
            left = leftovers.find(known.id, self.data.redis)
            if not left and not self.supervisor.running():
                return False
            for stage in parts.stop_stages(PARTS.values()):
                alive = [p for p in stage if self._is_alive(p)]
                if alive:
                    self.report.doing(f"Stopping {', '.join(part.title for part in alive)}")
                    self.supervisor.stop(alive)
            self.stop([], whole=True)
            self._stop_leftovers(known)
            self.supervisor.reap()
        return True

    def _is_alive(self, part: Part) -> bool:
        process = self.supervisor.processes().get(part.name)
        return process is not None and process.alive

    def leftovers(self) -> list[str]:
        """Return what still runs although no supervisord looks after it, each as `name (pid 1)`."""
        known = self.data.identity()
        if known is None or self.supervisor.running():
            return []
        return [str(item) for item in leftovers.find(known.id, self.data.redis)]

    def status(self) -> list[PartStatus]:
        """Probe every part that was started; empty when the stack does not run."""
        processes = {name: process for name, process in self.supervisor.processes().items() if process.used}
        if not processes:
            return []
        site = self.site()
        used = [part for part in PARTS.values() if part.name in processes]
        answers = probes.probe_all(used, site)
        return [_status(part, processes[part.name], answers[part.name], site) for part in used]


def _status(part: Part, process: Process, answer: probes.Answer, site: Site) -> PartStatus:
    runs = process.state in ("RUNNING", "STARTING")
    healthy = runs and answer.healthy
    detail = answer.detail if runs else process.error or process.state.lower()
    address = parts.address(part.name, site.offset)
    return PartStatus(part, address, process.pid, process.state.lower(), healthy, detail, process.uptime)


def _bootstrap(_: Iterable[Part], site: Site) -> dict[str, probes.Answer]:
    not_yet = postgres.bootstrap(site)
    return {"postgres": probes.Answer(not_yet is None, not_yet or "")}


def _is_healthy(process: Process, answer: probes.Answer) -> bool:
    return answer.healthy and process.state in ("RUNNING", "STARTING")


def _hopeless(process: Process, starts: int, answer: probes.Answer, *, late: bool) -> str | None:
    """Return why waiting on makes no sense, or None."""
    if process.state in ("FATAL", "EXITED", "STOPPED", "UNKNOWN"):
        return process.error or f"it ended with status {process.exit_status}."
    if starts >= _STARTS_ALLOWED:
        return f"it was started {starts} times and ended each time, last with status {process.exit_status}."
    return f"not within {START_SECONDS} s: {answer.detail}." if late else None


def _loaded_rules(site: Site) -> set[Path]:
    with contextlib.suppress(OSError, ValueError):
        found = clients.http(f"{site.url('prometheus')}/api/v1/rules").json()
        return {Path(group["file"]).resolve() for group in found["data"]["groups"]}
    return set()


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a file, or a word on why there are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 400 * lines))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(empty)"


# A function that watches: called with a line for each thing that happened.
Watcher = Callable[[str], None]


def watch(supervisor: Supervisor, tell: Watcher, *, seconds: float = 2.0) -> None:
    """Return when supervisord is gone; tell of each part that was started again in between."""
    pids: dict[str, int] = {}
    while processes := supervisor.processes():
        for name, process in processes.items():
            if process.pid and process.pid != pids.get(name, process.pid):
                tell(f"{name} ended and was started again (pid {process.pid})")
            if process.pid:
                pids[name] = process.pid
        time.sleep(seconds)

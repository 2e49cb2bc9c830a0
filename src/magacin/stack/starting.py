"""Starting parts: in order, with what has to be done in between, and until they are healthy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from magacin.core.files import write_private
from magacin.stack import install, notifications, parts, postgres, probes
from magacin.stack.errors import StackError
from magacin.stack.lan import Lan
from magacin.stack.parts import PARTS, Group, Part
from magacin.stack.paths import DataDir
from magacin.stack.processes import run_cli, signs_of_life
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site
from magacin.stack.status import is_healthy
from magacin.stack.supervise import Process, Supervisor
from magacin.stack.waiting import Patience, for_all, machine_is_busy

# A part that neither logs nor works for so long will not get healthy by waiting.
QUIET_SECONDS = 120
# Recovery after a crash reads the log of all that was written; everything else starts within seconds.
LONGEST_SECONDS = 900
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
    """What `up` was asked for. With `stores`, PostgreSQL and Redis alone, for who works on their data.

    Without a word on `production` it is as the data directory remembers.
    """

    only: Group | None = None
    stores: bool = False
    demo: bool = False
    heartbeat: bool = False
    port_offset: int | None = None
    lan: Lan | None = None
    production: bool | None = None


@dataclass(frozen=True)
class Started:
    """What `up` did: the parts it started (none when all ran already), and whether supervisord too.

    `no_pages` is why there are no pages of the console and of the application, or old ones.
    """

    parts: list[Part]
    whole: bool
    new_admin: bool = False
    new_operator: bool = False
    no_pages: StackError | None = None


def select(wish: Wish, data: DataDir, alive: set[str]) -> list[Part]:
    """Return the parts that `up` would have run, in a stack in which those called `alive` do."""
    if wish.stores:
        return [part for part in PARTS.values() if part.phase == parts.STORES]
    chosen = parts.select(wish.only, demo=wish.demo, heartbeat=wish.heartbeat, running=alive)
    # Where everything goes to real people, a box that shows it to everybody has no business.
    needs_inbox = notifications.read(data.notifications).settings.needs_inbox
    absent = {"console"} if install.find_grafana() else {"grafana"}
    absent |= set() if needs_inbox else {"inbox"}
    return [part for part in chosen if part.name not in absent]


class Starter:
    """Starts the parts of one stack."""

    def __init__(self, supervisor: Supervisor, site: Site, report: Reporter) -> None:
        self._supervisor = supervisor
        self._site = site
        self._report = report

    def start(self, chosen: list[Part], missing: list[Part]) -> bool:
        """Start what is missing, phase by phase. Returns whether the first user was made."""
        new_admin = False
        for phase in parts.phases(chosen):
            new = [part for part in phase if part in missing]
            if any(part in parts.services() for part in new):
                self._migrate()
                # Before the demo, which logs in as this user.
                new_admin = self._first_admin()
            if PARTS["demo"] in new:
                self._make_demo()
            for part in new:
                self._supervisor.start(part.name)
            if any(part.service for part in missing):
                # While the stores start, and the tables are brought up to date.
                self._supervisor.prepare()
            if PARTS["postgres"] in new:
                # Until our role is there, its probe cannot succeed.
                self.wait([PARTS["postgres"]], _bootstrap)
            self.wait(phase)
            if new:
                self._report.done(f"{', '.join(part.title for part in new)}: healthy")
        return new_admin

    def wait(self, phase: list[Part], ask: Ask = probes.probe_all) -> None:
        """Return when every part is healthy; raise PartFailedError for the first that will not be."""
        starts: dict[str, set[int]] = {part.name: set() for part in phase}
        patience = {part.name: Patience(QUIET_SECONDS, LONGEST_SECONDS) for part in phase}

        def still(left: list[Part], _late: bool) -> list[Part]:
            answers, states = ask(left, self._site), self._supervisor.processes()
            left = [part for part in left if not is_healthy(states[part.name], answers[part.name])]
            for part in left:
                process, log = states[part.name], self._site.data.log(part.name)
                starts[part.name].add(process.started_at)
                patience[part.name].look(partial(signs_of_life, process.pid, log))
                over = patience[part.name].why_over()
                if why := _hopeless(process, len(starts[part.name]), answers[part.name], over):
                    raise PartFailedError(part.name, why, log)
            return left

        for_all(phase, still, self._report, named=lambda part: part.title, seconds=LONGEST_SECONDS, every=0.1)

    def _make_demo(self) -> None:
        """Note that work here is made up for show; raise StackError where it may be real.

        The two do not belong into one stack: the demo's workers pick whatever is open.
        """
        data = self._site.data
        known = data.identity()
        begun = known is None or not known.production or data.demo_users.exists()
        if not begun and postgres.has_orders(self._site):
            raise StackError(
                f"the stack in {data.path} has orders from before any demo, which may be real.",
                "Simulated workers would pick them, and nothing could take that back.",
                "Start it as it is: ./magacin up",
                "Start a demo beside it: ./magacin up --demo --data-dir .magacin-demo --port-offset 10000",
            )
        data.not_production()

    def _migrate(self) -> None:
        self._report.doing("Bringing the database's tables up to date")
        run_cli(self._site, "migrate")
        self._report.done("Database tables are up to date")

    def _first_admin(self) -> bool:
        """Create the user `admin` of a new stack. Returns whether that was done now."""
        created = self._site.secrets.file(".admin-created")
        if created.exists():
            return False
        # It generates the password. Afterwards the user is theirs: one who was removed does not come back.
        options = ("--role", "admin", "--if-missing", "--password-file")
        run_cli(self._site, "user", "add", "admin", *options, str(self._site.secrets.file("admin-password")))
        write_private(created, "")
        return True


def _bootstrap(_: Iterable[Part], site: Site) -> dict[str, probes.Answer]:
    not_yet = postgres.bootstrap(site)
    return {"postgres": probes.Answer(not_yet is None, not_yet or "")}


def _hopeless(process: Process, starts: int, answer: probes.Answer, over: str | None) -> str | None:
    """Return why waiting on makes no sense, or None; `over` is why its time is over, if it is."""
    if process.state in ("FATAL", "EXITED", "STOPPED", "UNKNOWN"):
        return process.error or f"it ended with status {process.exit_status}."
    if starts >= _STARTS_ALLOWED:
        return f"it was started {starts} times and ended each time, last with status {process.exit_status}."
    return f"{over}: {answer.detail}. {machine_is_busy()}".rstrip() if over else None


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a file, or a word on why there are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 400 * lines))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(empty)"

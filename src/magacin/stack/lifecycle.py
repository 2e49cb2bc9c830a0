"""One whole stack: what can be done with it, each by a module of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from magacin.stack import (
    heartbeat,
    lan,
    leftovers,
    logins,
    notifications,
    parts,
    ports,
    preparing,
    production,
    reloading,
    render,
    report_mail,
    secrets,
    silences,
    status,
    webapp,
)
from magacin.stack.errors import StackError
from magacin.stack.interrupts import undisturbed
from magacin.stack.lan import Lan
from magacin.stack.launch_specs import LaunchSpec
from magacin.stack.parts import PARTS, Part
from magacin.stack.paths import DataDir, Identity
from magacin.stack.reloading import Reloader
from magacin.stack.reporter import Reporter
from magacin.stack.site import Site
from magacin.stack.starting import Started, Starter, Wish, select
from magacin.stack.status import PartStatus
from magacin.stack.supervise import Supervisor


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
        if wish.lan is not None and wish.only == "monitoring":
            raise StackError("--lan is about the API Gateway.", "Leave --only monitoring out.")
        offset = self.data.resolve_offset(wish.port_offset)
        parts.check_offset(offset)
        if self.data.identity() is None:
            # Before the first change of all, the directory itself.
            ports.require_free(select(wish, self.data, set()), offset, wish.lan)
        self.data.create()
        with self.held():
            return self._up(wish, self.data.remember(offset))

    def held(self) -> AbstractContextManager[None]:
        """Keep everybody else from starting or stopping parts of this stack."""
        return self.data.lock(
            lambda: self.report.doing("Another magacin is starting or stopping this stack; waiting for it")
        )

    def _up(self, wish: Wish, identity: Identity) -> Started:
        was_running = self.supervisor.running()
        if not was_running:
            leftovers.clear(identity.id, self.data.redis, self.report)
        alive = self.alive()
        production.require_possible(self.data, wish.production, demo=wish.demo, alive=alive)
        if wish.lan is not None and production.wanted(self.data, wish.production):
            wish = replace(wish, lan=replace(wish.lan, plain=False))
        chosen = select(wish, self.data, alive)
        missing = [part for part in chosen if part.name not in alive]
        opening = self._lan(wish, missing)
        ports.require_free(missing, identity.port_offset, opening)
        preparing.install_programs(missing, self.report)
        no_pages = preparing.build_pages(missing, self.report)
        if no_pages is not None:
            chosen, missing = ([p for p in some if p.name != "console"] for some in (chosen, missing))
        new_operator = not (self.data.secrets / "operator-password").exists()
        site = Site(self.data, secrets.ensure(self.data, identity.port_offset), identity.port_offset)
        names = self.used() | {part.name for part in chosen}
        production.remember(self.data, wish.production)
        if PARTS["api-gateway"] in missing:
            lan.prepare(self.data, wish.lan)
        self.report.doing("Writing the configuration")
        # A demo that is going to be refused must not open what is closed.
        logins.write(site, demo="demo" in self.used())
        changed = preparing.configure(site, identity, missing, names, self.monitoring)
        try:
            if was_running:
                self.supervisor.update()
            else:
                self.supervisor.launch(identity.id)
            new_admin = self._starter(site).start(chosen, missing)
            logins.write(site, demo="demo" in names)
            running = [part.name for part in chosen if part not in missing]
            self._reloader(site).reload([name for name in running if changed and name in reloading.SERVERS])
            if PARTS["prometheus"] in chosen:
                self._reloader(site).require_rules()
            if PARTS["alertmanager"] in chosen:
                silences.put_back_kept(site, self.report)
        except BaseException:
            # Also on Ctrl-C: a start that was given up leaves nothing running.
            with undisturbed():
                self.report.doing("Stopping what was started")
                self.stop(missing, whole=not was_running)
                if not was_running:
                    # Such as a supervisord that did not answer yet.
                    leftovers.clear(identity.id, self.data.redis, self.report)
                self.supervisor.reap()
            raise
        return Started(missing, not was_running, new_admin, new_operator, no_pages)

    def _lan(self, wish: Wish, missing: list[Part]) -> Lan | None:
        """Return what the gateway, where it starts now, opens for phones; raise StackError if it cannot."""
        if wish.lan is None or PARTS["api-gateway"] in missing:
            return wish.lan
        if lan.read(self.data) != wish.lan:
            raise StackError(
                "the API Gateway runs already, and otherwise than with this --lan.",
                "Stop it first, for some seconds: ./magacin stop api-gateway",
            )
        return None

    def used(self) -> set[str]:
        """Return the names of the parts that were started, of which some may have been stopped again."""
        return {name for name, process in self.supervisor.processes().items() if process.used}

    def _starter(self, site: Site) -> Starter:
        return Starter(self.supervisor, site, self.report)

    def _reloader(self, site: Site) -> Reloader:
        return Reloader(self.supervisor, site, self.monitoring)

    def reload(self, servers: Iterable[str] = reloading.SERVERS) -> list[str]:
        """Check the monitoring's files, and have its servers read them. Returns the names of the servers.

        Raises StackError for files that are not right; the servers then go on with what they have.
        """
        site = self.site()
        with self.held():
            running = self.alive()
            alive = [name for name in servers if name in running]
            if not alive:
                raise StackError(f"no monitoring runs in {self.data.path}.", "Start it: ./magacin up")
            self.report.doing("Checking the configuration")
            preparing.render_monitoring(site, self.monitoring, self.used())
            report_mail.write(site)
            if heartbeat.write(site) and "heartbeat" in running:
                # It reads them when it starts, and remembers what it was waiting for.
                self.supervisor.stop([PARTS["heartbeat"]])
                self.supervisor.start("heartbeat")
            self._reloader(site).reload(alive)
            if "prometheus" in alive:
                self._reloader(site).require_rules()
        return [PARTS[name].title for name in alive]

    def alive(self) -> set[str]:
        """Return the names of the parts that run, or are about to."""
        return {name for name, process in self.supervisor.processes().items() if process.alive}

    def stop_parts(self, names: Iterable[str]) -> list[str]:
        """Stop single parts of a running stack. Returns the titles of those that were running."""
        chosen = [parts.get(name) for name in names]
        with self.held():
            stopped = self.supervisor.stop(chosen)
        return [part.title for part in chosen if part.name in stopped]

    def start_parts(self, names: Iterable[str]) -> list[str]:
        """Start single parts of a running stack, and return when they are healthy: their titles."""
        chosen = [parts.get(name) for name in names]
        if not self.supervisor.running():
            raise StackError(f"nothing runs in {self.data.path}.", "Start it: ./magacin up")
        site = self.site()
        with self.held():
            alive = self.alive()
            missing = [part for part in chosen if part.name not in alive]
            if PARTS["console"] in missing:
                webapp.ensure(self.report)
            self._starter(site).start(missing, missing)
        return [part.title for part in missing]

    def relaunch(self, names: Iterable[str], altered: Mapping[str, LaunchSpec]) -> None:
        """Start single parts anew, and return when they are healthy. Those in `altered` run like that.

        `altered` names all parts that are to run otherwise than usual, also those that do so already.
        """
        chosen, site = [parts.get(name) for name in names], self.site()
        with self.held():
            render.write_configuration(site, altered)
            self.supervisor.stop(chosen)
            self.supervisor.update()
            for part in chosen:
                self.supervisor.start(part.name)
            self._starter(site).wait(chosen)

    def inbox_url(self) -> str | None:
        """Return the inbox's address, or None where email or Slack do not end in it."""
        settings = notifications.read(self.data.notifications).settings
        real = settings.email is not None or settings.slack is not None
        return None if real or "inbox" not in self.alive() else self.site().url("inbox")

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
        with self.held():
            left = leftovers.find(known.id, self.data.redis)
            if not left and not self.supervisor.running():
                return False
            for stage in parts.stop_stages(PARTS.values()):
                names = self.alive()
                alive = [part for part in stage if part.name in names]
                if alive:
                    self.report.doing(f"Stopping {', '.join(part.title for part in alive)}")
                    self.supervisor.stop(alive)
            self.stop([], whole=True)
            leftovers.clear(known.id, self.data.redis, self.report)
            self.supervisor.reap()
            lan.forget(self.data)
        return True

    def leftovers(self) -> list[str]:
        """Return what still runs although no supervisord looks after it, each as `name (pid 1)`."""
        known = self.data.identity()
        if known is None or self.supervisor.running():
            return []
        return [str(item) for item in leftovers.find(known.id, self.data.redis)]

    def status(self) -> list[PartStatus]:
        """Probe every part that was started; empty when the stack does not run."""
        return status.statuses(self.supervisor, self.site)

"""Follows one alert from the metric to the person's mailbox and channel, and to the end of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NoReturn, TypeVar

from magacin.contracts.inbox import MessageDetail, MessageKind
from magacin.drills.drill import Proof
from magacin.drills.expected import TOLD
from magacin.drills.observer import Observer, RuleAlert, SentAlert, View, messages
from magacin.drills.results import ProofResult, Stage, timed
from magacin.drills.timing import Timing
from magacin.stack.waiting import machine_is_busy

T = TypeVar("T")
# How many times its floor something may take before nobody waits for it any more, besides a fixed time.
_PATIENCE_FACTOR = 3.0
# So many scrapes may be late before one is said to be missing.
_SCRAPES_MISSED = 3
_RUNBOOK = re.compile(r"https?://\S+/user/\w+\.md")


class StageFailed(Exception):
    """A stage was not reached, or not as it has to be; the result has it already."""


class Follower:
    """One alert of one drill. `tell` hears of each stage as it is reached."""

    def __init__(
        self, observer: Observer, timing: Timing, proof: Proof, tell: Callable[[ProofResult, Stage], None]
    ) -> None:
        self.result = ProofResult(proof.alert, proof.severity, proof.service)
        self.observer = observer
        self.timing = timing
        self.proof = proof
        self._tell = tell
        self.lost = False
        """Whether the alert did not get on at some stage: there is nothing more to follow then."""
        self._started = datetime.now(UTC)
        """What came before is not about this drill: set again when all is quiet."""
        self._anchor: datetime | None = None
        self._was_kept_back = False
        self._receivers = ""
        """Whom Alertmanager sends it to, as last seen: on a busy machine an alert lapses now and then."""
        labels = {"alertname": proof.alert, "severity": proof.severity, "service": proof.service}
        self._route = timing.route(labels)

    @property
    def _moves(self) -> float:
        return self.proof.moves.at(self.timing)

    def fault_is_there(self) -> None:
        """Count the stages from now on."""
        self._anchor = datetime.now(UTC)

    def is_about(self) -> bool:
        """Say whether the alert is pending or firing, or was told, as far as is known now."""
        view = self.observer.view
        return self._rule(view) is not None or self._sent(view) is not None

    async def quiet(self) -> None:
        """Wait until nobody knows of the alert any more; raise StageFailed when it stays."""
        floor = self.timing.firing(self.proof.alert, 0) + self._route.group_interval
        told = self._sent(self.observer.view) is not None

        def find(view: View) -> bool | None:
            return None if self._rule(view) or self._sent(view) or self._kept_back(view) else True

        if await self._until(find, floor) is None:
            critical = self._kept_back(self.observer.view)
            why = f"{critical} fires, and keeps it back" if critical else "it is pending or firing already"
            self._fail("quiet before", floor, f"{why}, before the fault")
        if told:
            # Until its end has been told, Alertmanager takes a new beginning for the old one going on.
            await asyncio.sleep(self._route.group_interval + self.timing.evaluation)
        # A message of an alert that was still about came until now, and proves nothing about this one.
        self._started = datetime.now(UTC)

    async def until_firing(self) -> None:
        """Follow it to Prometheus' firing; raise StageFailed where the way ends."""
        proof, timing = self.proof, self.timing
        at = await self._signal()
        self._reach("metric moved", at, timing.moved(self._moves), proof.signal_at(timing.speed))
        pending = await self._rule_is("rule pending", ("pending", "firing"), timing.pending(self._moves))
        self._reach(
            "rule pending",
            pending.active_at,
            timing.pending(self._moves),
            f"value {float(pending.value):.4g}",
        )
        floor = timing.firing(proof.alert, self._moves)
        firing = await self._rule_is("firing", ("firing",), floor)
        self._check_labels(firing)
        self._reach("firing", self.observer.view.at, floor, _labels(firing))

    async def until_told(self, undone: datetime | None = None) -> None:
        """Follow it from firing to the person; from `undone` on where the fault kept the message back."""
        firing = self.timing.firing(self.proof.alert, self._moves)
        if undone is not None:
            # Prometheus sends what it could not when it sends again what goes on firing.
            self._anchor, firing = undone, self.timing.resend + self.proof.returns.at(self.timing)
        sent = await self._until(self._sent, firing + self.timing.evaluation)
        if sent is None:
            self._fail("Alertmanager has it", firing, "it does not know the alert")
        self._receivers = ", ".join(sent.receivers)
        self._reach("Alertmanager has it", self.observer.view.at, firing, f"for {self._receivers}")
        floor = firing + self._route.group_wait
        await asyncio.gather(
            self._message(MessageKind.EMAIL, "email", "firing", floor),
            self._message(MessageKind.SLACK, "Slack", "firing", floor),
        )

    async def until_over(self, undone: datetime) -> None:
        """Follow the end of it to the person."""
        clears = self.proof.clears.at(self.timing)
        floor = self.timing.over(self.proof.alert, clears) + self._route.group_interval
        await asyncio.gather(
            self._message(MessageKind.EMAIL, "email resolved", "resolved", floor, undone),
            self._message(MessageKind.SLACK, "Slack resolved", "resolved", floor, undone),
        )

    async def _signal(self) -> datetime:
        floor = self.timing.moved(self._moves)
        expression = self.proof.signal_at(self.timing.speed)
        deadline = time.monotonic() + patience(self.timing, floor)
        while time.monotonic() < deadline:
            if await self.observer.query(expression):
                return datetime.now(UTC)
            await asyncio.sleep(min(0.5, self.timing.scrape / 3))
        return self._fail("metric moved", floor, f"`{expression}` has no value{await self._late_scrapes()}")

    async def _late_scrapes(self) -> str:
        """Say whose metrics Prometheus itself has not read lately: what they say is of before."""
        late = await self.observer.query(f"time() - timestamp(up) > {_SCRAPES_MISSED * self.timing.scrape:g}")
        ages = {one["metric"].get("job", "?"): float(one["value"][1]) for one in late}
        if not ages:
            return ""
        said = ", ".join(f"{job} for {age:.0f} s" for job, age in sorted(ages.items()))
        return f"; Prometheus has not scraped {said}. {machine_is_busy()}".rstrip()

    async def _rule_is(self, stage: str, states: tuple[str, ...], floor: float) -> RuleAlert:
        def find(view: View) -> RuleAlert | None:
            rule = self._rule(view)
            return rule if rule and rule.state in states else None

        found = await self._until(find, floor)
        if found is None:
            self._fail(stage, floor, self._instead())
        return found

    def _instead(self) -> str:
        """Return what there is instead of the alert that should be."""
        same = [alert for alert in self.observer.view.rules if alert.name == self.proof.alert]
        if not same:
            return "Prometheus has no such alert"
        return "Prometheus has " + "; ".join(f"{alert.state} {_labels(alert)}" for alert in same)

    def _rule(self, view: View) -> RuleAlert | None:
        wanted = (self.proof.alert, self.proof.service)
        return next((a for a in view.rules if (a.name, a.labels.get("service")) == wanted), None)

    def _kept_back(self, view: View) -> str | None:
        """Return the critical alert that would keep this warning back already, or None."""
        if self.proof.severity != "warning":
            return None
        keeping = (
            alert.name
            for alert in view.sent
            if alert.labels.get("severity") == "critical"
            and alert.labels.get("service") == self.proof.service
        )
        return next(keeping, None)

    def _sent(self, view: View) -> SentAlert | None:
        wanted = (self.proof.alert, self.proof.service)
        return next((a for a in view.sent if (a.name, a.labels.get("service")) == wanted), None)

    def _check_labels(self, alert: RuleAlert) -> None:
        if alert.labels.get("severity") != self.proof.severity:
            self._fail(
                "firing", None, f"it fires with {_labels(alert)}, instead of severity={self.proof.severity}"
            )

    async def _message(
        self, kind: MessageKind, stage: str, status: str, floor: float, since: datetime | None = None
    ) -> None:
        after = since or self._anchor or self._started

        def find(view: View) -> MessageDetail | None:
            sent = self._sent(view)
            self._was_kept_back |= sent is not None and bool(sent.inhibited_by)
            # A message may have been on its way while the fault was being caused or undone.
            found = messages(
                view,
                kind,
                alert=self.proof.alert,
                service=self.proof.service,
                status=status,
                after=after - timedelta(seconds=5) if since else self._started,
            )
            return found[0] if found else None

        message = await self._until(find, floor)
        if message is None:
            self._fail(stage, floor, self._why_not(kind, status), end=since is not None)
        if wrong := await self._wrong(message):
            self._fail(stage, floor, wrong, end=since is not None)
        seen = f"{', '.join(message.recipients)}: {message.subject}"
        self._reach(stage, message.received_at, floor, seen, since)

    def _why_not(self, kind: MessageKind, status: str) -> str:
        sent = self._sent(self.observer.view)
        if self._was_kept_back:
            # Also when it was so for a moment only: then Alertmanager had its turn and said nothing.
            return "no message: Alertmanager keeps it back because of another alert"
        if status == "resolved":
            rule = self._rule(self.observer.view)
            return f"no message; Prometheus has it {rule.state}" if rule else "no message"
        lapsed = "" if sent else ", and does not know the alert any more"
        return f"no {kind.value} in the inbox; Alertmanager sends it to {self._receivers}{lapsed}"

    async def _wrong(self, message: MessageDetail) -> str | None:
        """Return what is wrong with a message: whom it went to, what it says, what it links to."""
        told = TOLD[self.proof.severity]
        wanted = told.recipient if message.kind is MessageKind.EMAIL else told.channel
        if message.recipients != [wanted]:
            return f"it went to {', '.join(message.recipients) or 'nobody'}, instead of {wanted}"
        if f"{self.proof.alert}: {self.proof.service}" not in message.subject:
            return f"its subject is {message.subject!r}"
        if message.severity != self.proof.severity:
            return f"it says severity {message.severity}, instead of {self.proof.severity}"
        return await self._wrong_link(message)

    async def _wrong_link(self, message: MessageDetail) -> str | None:
        found = _RUNBOOK.search(message.text)
        if found is None or not found[0].endswith(f"/{self.proof.alert}.md"):
            return f"it has no link to the runbook, but {found[0] if found else 'none at all'}"
        status, page = await self.observer.page(found[0])
        if status == 0:
            return f"the runbook at {found[0]} cannot be opened: {page or 'no answer'}"
        if status != 200 or self.proof.alert not in page:
            return f"the runbook at {found[0]} answers {status}"
        return None

    async def _until(self, find: Callable[[View], T | None], floor: float) -> T | None:
        return await self.observer.until(find, time.monotonic() + patience(self.timing, floor))

    def _reach(self, name: str, at: datetime, floor: float, seen: str, since: datetime | None = None) -> None:
        anchor = since or self._anchor or self._started
        self._note(timed(name, at, anchor, floor, seen, end=since is not None))

    def _fail(self, name: str, floor: float | None, seen: str, *, end: bool = False) -> NoReturn:
        now = datetime.now(UTC)
        anchor = self._anchor or self._started
        seconds = (now - anchor).total_seconds()
        self.lost = True
        self._note(Stage(name, "failed", now, seconds, floor, seen, "end" if end else "fault"))
        raise StageFailed(name)

    def _note(self, stage: Stage) -> None:
        self.result.stages.append(stage)
        self._tell(self.result, stage)


def patience(timing: Timing, floor: float) -> float:
    """Return how long something with this floor is waited for."""
    return timing.patience + _PATIENCE_FACTOR * floor


def _labels(alert: RuleAlert) -> str:
    shown = ("severity", "service", "instance")
    return ", ".join(f"{name}={alert.labels[name]}" for name in shown if name in alert.labels)

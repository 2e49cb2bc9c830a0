"""What a drill is: the alerts that it proves, the fault that it causes, what must not disturb it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from magacin.drills import speed
from magacin.drills.expected import Severity
from magacin.drills.timing import Timing
from magacin.stack.parts import PARTS, services

if TYPE_CHECKING:
    from magacin.drills.rig import Rig
    from magacin.drills.scope import Scope

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
STORES = frozenset({"postgres", "redis"})
# What drills share or take for themselves, besides the parts of a stack.
SCANS, EVENTS, RELAY, IMPORTS = "scans", "events", "relay", "imports"
RULES, ROUTES, DELIVERIES = "rules", "routes", "deliveries"


@dataclass(frozen=True)
class Delay:
    """A time that a fault needs by itself: `real` seconds go with the speed, `fixed` ones do not."""

    real: float = 0.0
    fixed: float = 0.0

    def at(self, timing: Timing) -> float:
        """Return it in seconds."""
        return timing.scaled(self.real) + self.fixed


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An alert that a drill makes fire.

    `severity` and `service` are what it must come with, whatever its rule says. `signal` is true as soon as
    the metric has moved; its durations, and the numbers in `seconds`, are real ones. `moves` is how long the
    fault takes to show in the metric, `clears` how long the alert goes on when the fault is over, and
    `returns` how long it takes until messages get through again, where the fault keeps them back.
    """

    alert: str
    severity: Severity
    service: str
    signal: str
    seconds: frozenset[str] = frozenset()
    moves: Delay = Delay()
    clears: Delay = Delay()
    returns: Delay = Delay()

    def signal_at(self, speed_: float) -> str:
        """Return the signal at a speed."""
        return speed.expression(self.signal, speed_, self.seconds)


class Drill(ABC):
    """One fault, and the alerts that must come of it.

    `holds` is what nobody else may use meanwhile, `uses` what has to stay whole. A critical alert keeps back
    the warnings of its service, so a drill that needs those does not run together with it: that follows
    from `proves`.
    """

    name: ClassVar[str]
    """What the fault is, in a few words with dashes."""
    proves: ClassVar[tuple[Proof, ...]]
    holds: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset()
    keeps: ClassVar[frozenset[str] | None] = None
    """What of this it still needs when its fault is over and the end of its alerts is awaited; None: all."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Arrangements (arrangements.py) that stand while any drill that needs them runs."""
    first: ClassVar[int] = 0
    """Drills that take long begin before others: the larger, the earlier."""
    ends_when_firing: ClassVar[bool] = False
    """Whether the fault itself keeps messages back, so that they come only when it is over."""

    def __init__(self, rig: Rig, scope: Scope) -> None:
        self.rig = rig
        self.scope = scope

    @classmethod
    def alerts(cls) -> tuple[str, ...]:
        """Return the names of the alerts it proves."""
        return tuple(dict.fromkeys(proof.alert for proof in cls.proves))

    @classmethod
    def impossible(cls) -> str | None:
        """Return why it cannot be done on this machine, or None."""
        return None

    async def prepare(self) -> None:
        """Set up what the fault needs, while all is still well."""
        return

    @abstractmethod
    async def cause(self) -> None:
        """Cause the fault, and return when it is there. What goes on goes on in the scope's background."""

    async def end(self) -> None:
        """End the fault. What was written down in the journal is undone by itself, after this."""
        return

    async def resolve(self) -> None:
        """Help the alert to its end, once the fault is over: fresh scans after failed ones, for example."""
        return

    async def whole(self) -> list[str]:
        """Return what is wrong with the application after all, besides what is looked at in every drill."""
        return []

    @property
    def timing(self) -> Timing:
        """The waiting times in force."""
        return self.rig.timing


@dataclass(frozen=True)
class Claim:
    """What a drill needs for itself, or whole: less, once its fault is over."""

    drill: type[Drill]
    fault_is_over: bool = False

    @property
    def holds(self) -> frozenset[str]:
        """What nobody else may use."""
        return self._still(self.drill.holds)

    @property
    def uses(self) -> frozenset[str]:
        """What has to stay whole. Every alert goes through Prometheus and Alertmanager."""
        return self._still(self.drill.uses) | (frozenset({PROMETHEUS, ALERTMANAGER}) - self.holds)

    def _still(self, names: frozenset[str]) -> frozenset[str]:
        keeps = self.drill.keeps if self.fault_is_over else None
        return names if keeps is None else names & keeps

    def disturbs(self, other: Claim) -> bool:
        """Say whether the two drills would disturb each other."""
        if self.holds & (other.holds | other.uses) or other.holds & self.uses:
            return True
        one, two = self.drill, other.drill
        return bool(silences(one) & speaks(two) or silences(two) & speaks(one))


def undisturbed_parts(parts: Iterable[str], own: Claim, others: Iterable[Claim]) -> set[str]:
    """Return those of a stack's parts that no other drill breaks at this moment, or works with.

    What a drill claims for itself is among them. Those whose health report says that something else is away
    go with it where somebody else holds that.
    """
    claims = list(others)
    taken = {name for claim in claims for name in claim.holds | claim.uses} - own.holds - own.uses
    held = {name for claim in claims for name in claim.holds}
    return set(parts) - taken - {name for broken in held for name in _reporting(broken)}


def _reporting(name: str) -> set[str]:
    """Return the parts that are not healthy where another one is not."""
    found = {part.name for part in PARTS.values() if part.watches == name}
    if name in STORES:
        found |= {part.name for part in services()}
    return found | ({"api-gateway"} if name == "task-service" else set())


def silences(drill: type[Drill]) -> set[str]:
    """Return the services whose warnings are kept back while a drill runs."""
    return {proof.service for proof in drill.proves if proof.severity == "critical"}


def speaks(drill: type[Drill]) -> set[str]:
    """Return the services whose warnings must not be kept back while a drill runs."""
    return {proof.service for proof in drill.proves if proof.severity == "warning"}


@dataclass
class Registry:
    """All drills, by name."""

    drills: dict[str, type[Drill]] = field(default_factory=dict)

    def add(self, drill: type[Drill]) -> type[Drill]:
        """Register a drill: a decorator."""
        self.drills[drill.name] = drill
        return drill


REGISTRY = Registry()

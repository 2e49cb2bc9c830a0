"""What a drill is: the alerts that it proves, the fault that it causes, what must not disturb it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from magacin.drills import speed
from magacin.drills.expected import Severity
from magacin.drills.rig import Rig
from magacin.drills.scope import Scope
from magacin.drills.timing import Timing
from magacin.stack.paths import DataDir

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
    the metric has moved; its durations are real ones. `seconds` are numbers in signal or rule that are
    durations too, as they are written there. `moves` is how long the fault takes to show in the metric,
    `clears` how long the condition goes on when the fault is over, and `returns` how long it takes until
    messages get through again, where the fault keeps them back.
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
    """What the fault is, in a few words with dashes: the name of its file."""
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

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.name = cls.__module__.rpartition(".")[2].replace("_", "-")

    @classmethod
    def title(cls) -> str:
        """Return what the fault is, in a sentence: the first line of its docstring."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    @classmethod
    def alerts(cls) -> tuple[str, ...]:
        """Return the names of the alerts it proves."""
        return tuple(dict.fromkeys(proof.alert for proof in cls.proves))

    @classmethod
    def impossible(cls) -> str | None:
        """Return why it cannot be done on this machine, or None."""
        return None

    @classmethod
    def unfit(cls, _data: DataDir) -> str | None:
        """Return why it cannot be done on the stack in this data directory, or None."""
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

"""What drills need for themselves, so that those that run at the same time do not disturb each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from magacin.drills.drill import ALERTMANAGER, PROMETHEUS, STORES, Drill
from magacin.stack.parts import PARTS, services


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


class Claims:
    """What each drill of a run needs at this moment. `parts` have to run when a drill is over."""

    def __init__(self, parts: Iterable[str] = ()) -> None:
        self.parts = frozenset(parts)
        self.now: dict[type[Drill], Claim] = {}

    def concerning(self, drill: type[Drill]) -> set[str]:
        """Return the parts that a drill has to leave whole: those of another are its own to bring back."""
        others = [claim for kind, claim in self.now.items() if kind is not drill]
        return undisturbed_parts(self.parts, self.now.get(drill, Claim(drill)), others)

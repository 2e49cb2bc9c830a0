"""What came of drills, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from magacin.drills.timing import Timing, tolerated

Verdict = Literal["ok", "late", "failed", "skipped"]


@dataclass
class Stage:
    """One step on the way of an alert. `seconds` and `floor` count from the fault, or from its end.

    `seen` says what was seen, in a failed stage instead of what should have been.
    """

    name: str
    verdict: Verdict
    at: datetime
    seconds: float
    floor: float | None = None
    seen: str = ""
    counts_from: Literal["fault", "end"] = "fault"


def timed(name: str, at: datetime, anchor: datetime, floor: float, seen: str, *, end: bool = False) -> Stage:
    """Return a stage that was reached, as in time or late."""
    seconds = max(0.0, (at - anchor).total_seconds())
    verdict: Verdict = "ok" if seconds <= tolerated(floor) else "late"
    return Stage(name, verdict, at, seconds, floor, seen, "end" if end else "fault")


@dataclass
class ProofResult:
    """How far one alert came."""

    alert: str
    severity: str
    service: str
    stages: list[Stage] = field(default_factory=list)

    @property
    def failed(self) -> Stage | None:
        """The stage that failed, or None."""
        return next((stage for stage in self.stages if stage.verdict == "failed"), None)


@dataclass
class DrillResult:
    """One drill: its alerts, and the stages that are about the fault as a whole."""

    drill: str
    title: str
    started_at: datetime
    ended_at: datetime | None = None
    fault_at: datetime | None = None
    undone_at: datetime | None = None
    proofs: list[ProofResult] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    skipped: str = ""

    def all_stages(self) -> list[tuple[str, Stage]]:
        """Return every stage with the alert that it is about, or an empty name."""
        own = [("", stage) for stage in self.stages]
        return own + [(proof.alert, stage) for proof in self.proofs for stage in proof.stages]

    @property
    def failures(self) -> list[tuple[str, Stage]]:
        """The stages that failed."""
        return [item for item in self.all_stages() if item[1].verdict == "failed"]

    @property
    def verdict(self) -> Verdict:
        """What came of it as a whole."""
        if self.skipped:
            return "skipped"
        if self.failures:
            return "failed"
        return "late" if any(stage.verdict == "late" for _, stage in self.all_stages()) else "ok"


@dataclass
class Report:
    """What came of a run."""

    run: str
    speed: float
    started_at: datetime
    ended_at: datetime | None = None
    results: list[DrillResult] = field(default_factory=list)
    timing: Timing | None = None
    interrupted: bool = False
    named: bool = False
    """Whether its drills were asked for by name, and not all there are."""

    @property
    def failed(self) -> bool:
        """Whether any stage of any drill failed, or the run did not come to its end."""
        return self.interrupted or any(result.verdict == "failed" for result in self.results)

    @property
    def skipped(self) -> bool:
        """Whether a drill that was asked for by name was not run, or none was."""
        skipped = [result.verdict == "skipped" for result in self.results]
        return any(skipped) if self.named else all(skipped)

    @property
    def verdict(self) -> Literal["ok", "failed", "skipped"]:
        """What came of it as a whole."""
        if self.failed:
            return "failed"
        return "skipped" if self.skipped else "ok"

"""What came of a run, for machines and for people: receipt.json and receipt.html."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2

from magacin.core.files import write_private
from magacin.drills.results import DrillResult, ProofResult, Report, Stage
from magacin.drills.timeline import draw
from magacin.drills.timing import TOLERANCE_SECONDS, TOLERANCE_SHARE
from magacin.stack.paths import make_private

JSON, HTML = "receipt.json", "receipt.html"
VERSION = 2
MARKS = {"ok": "✓", "late": "~", "failed": "✗", "skipped": "-"}
_COLORS = {
    "ok": "#15803d",
    "late": "#a15c00",
    "failed": "#b42318",
    "skipped": "#5c6660",
    "pending": "#e0a63c",
    "firing": "#d4553f",
}
SCHEMA = Path(__file__).with_name("receipt.schema.json")


def write(report: Report, drills: Path) -> Path:
    """Write both into a folder of their own, and return it."""
    folder = drills / report.run
    make_private(folder)
    content = as_dict(report)
    write_private(folder / JSON, json.dumps(content, indent=2) + "\n")
    write_private(folder / HTML, as_page(report))
    return folder


def as_page(report: Report) -> str:
    """Return a report as a page that needs nothing else."""
    loader = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    ended = report.ended_at or report.started_at
    return environment.get_template(HTML).render(
        report=report,
        failed=sum(result.verdict == "failed" for result in report.results),
        skipped=sum(result.verdict == "skipped" for result in report.results),
        took=f"{(ended - report.started_at).total_seconds():.0f} s",
        tolerance_seconds=TOLERANCE_SECONDS,
        tolerance_share=TOLERANCE_SHARE,
        marks=MARKS,
        colors=_COLORS,
        draw=draw,
        numbers=_numbers,
        stage=_stage_of,
    )


def _numbers(result: DrillResult) -> dict[str, int]:
    """Return the numbers that stages have in the picture, by name and time."""
    stages = [stage for proof in result.proofs for stage in proof.stages]
    return {f"{stage.name}{stage.at}": number for number, stage in enumerate(stages, 1)}


def _stage_of(proof: ProofResult | None, name: str) -> Stage | None:
    stages = proof.stages if proof else []
    return next((stage for stage in stages if stage.name == name and stage.verdict != "failed"), None)


def as_dict(report: Report) -> dict[str, Any]:
    """Return a report as receipt.json has it."""
    timing = report.timing
    return {
        "schema": "magacin-drill-receipt",
        "version": VERSION,
        "run": report.run,
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat() if report.ended_at else None,
        "verdict": report.verdict,
        "interrupted": report.interrupted,
        "speed": report.speed,
        "tolerance": {"seconds": TOLERANCE_SECONDS, "share": TOLERANCE_SHARE},
        "intervals": {"scrape": timing.scrape, "evaluation": timing.evaluation} if timing else None,
        "drills": [_drill(result) for result in sorted(report.results, key=lambda one: one.started_at)],
    }


def _drill(result: DrillResult) -> dict[str, Any]:
    return {
        "drill": result.drill,
        "title": result.title,
        "verdict": result.verdict,
        "skipped": result.skipped or None,
        "started_at": result.started_at.isoformat(),
        "fault_at": result.fault_at.isoformat() if result.fault_at else None,
        "undone_at": result.undone_at.isoformat() if result.undone_at else None,
        "ended_at": result.ended_at.isoformat() if result.ended_at else None,
        "stages": [_stage(stage) for stage in result.stages],
        "alerts": [
            {
                "alert": proof.alert,
                "severity": proof.severity,
                "service": proof.service,
                "stages": [_stage(stage) for stage in proof.stages],
            }
            for proof in result.proofs
        ],
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "verdict": stage.verdict,
        "at": stage.at.isoformat(),
        "seconds": round(stage.seconds, 3),
        "counts_from": stage.counts_from,
        "floor": None if stage.floor is None else round(stage.floor, 3),
        "seen": stage.seen,
    }

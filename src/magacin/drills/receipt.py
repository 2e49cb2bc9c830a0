"""What came of a run, for machines and for people: receipt.json and receipt.html."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from magacin.drills.results import DrillResult, Stage
from magacin.drills.session import Report
from magacin.drills.timing import TOLERANCE_SECONDS, TOLERANCE_SHARE
from magacin.stack.paths import make_private, write_private

JSON, HTML = "receipt.json", "receipt.html"
VERSION = 1
SCHEMA = Path(__file__).with_name("receipt.schema.json")


def write(report: Report, drills: Path) -> Path:
    """Write both into a folder of their own, and return it."""
    folder = drills / report.run
    make_private(folder)
    content = as_dict(report)
    write_private(folder / JSON, json.dumps(content, indent=2) + "\n")
    return folder


def as_dict(report: Report) -> dict[str, Any]:
    """Return a report as receipt.json has it."""
    timing = report.timing
    return {
        "schema": "magacin-drill-receipt",
        "version": VERSION,
        "run": report.run,
        "started_at": report.started_at.isoformat(),
        "ended_at": report.ended_at.isoformat() if report.ended_at else None,
        "verdict": "failed" if report.failed else "ok",
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

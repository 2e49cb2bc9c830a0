"""The process that draws: a job comes in as JSON, a PDF goes out."""

from __future__ import annotations

import json
import os
import sys

from pydantic import TypeAdapter

from magacin.core.printing.badges import draw_badges
from magacin.core.printing.canvas import CannotPrint, Paper
from magacin.core.printing.jobs import BadgesJob, Job, LabelsJob
from magacin.core.printing.labels import draw_labels
from magacin.core.printing.pick_lists import draw_pick_lists
from magacin.core.printing.press import REFUSED


def drawn(job: Job) -> bytes:
    """Return a job as a PDF; raise `CannotPrint`."""
    paper = Paper()
    if isinstance(job, LabelsJob):
        draw_labels(paper, job)
    elif isinstance(job, BadgesJob):
        draw_badges(paper, job)
    else:
        draw_pick_lists(paper, job)
    return paper.finished()


def main() -> int:
    """Read a job, write the PDF, return the status for the system."""
    os.nice(5)  # people who scan come first
    job: Job = TypeAdapter[Job](Job).validate_json(sys.stdin.buffer.read())
    try:
        content = drawn(job)
    except CannotPrint as refused:
        sys.stdout.write(json.dumps({"message": str(refused), "codes": refused.codes}))
        return REFUSED
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

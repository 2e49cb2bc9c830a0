"""What a job is on its way: a file that is to be one, one that is worked on, a part of one that was sent."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from magacin.contracts.imports import RECOGNISED, JobStatus, ReadingOptions


class LeaseLost(Exception):
    """Another process has taken the job over; what this one was about to write must not be written."""

    def __init__(self, job_id: int) -> None:
        super().__init__(f"job {job_id} is another process's now")


@dataclass(frozen=True, slots=True)
class NewJob:
    """A file in the spool that is to be imported."""

    spool_name: str
    filename: str
    format: str
    source: str
    submitted_by: str
    partial: bool
    release: bool
    replace: bool = False
    reading: ReadingOptions = RECOGNISED
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process works on, and the lease that proves it."""

    id: int
    lease: uuid.UUID
    spool_name: str
    filename: str
    format: str
    submitted_by: str
    status: JobStatus
    partial: bool
    release: bool
    replace: bool
    reading: ReadingOptions
    sent_position: int
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What the Task Service answered for the requisitions up to `position`, by the names of counts.

    `held` are those that wait for somebody to decide, as their table has them; `numbers` are all of them.
    `rejects` are rows that it refused, as the table of rejects has them.
    """

    position: int
    counts: Mapping[str, int]
    notes: Sequence[str]
    held: Sequence[Mapping[str, Any]] = ()
    numbers: Sequence[str] = ()
    rejects: Sequence[Mapping[str, Any]] = ()

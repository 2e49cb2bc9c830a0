"""Cleans up after a drill that was killed. Each command on a stack looks first whether there is one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from magacin.drills.journal import DrillRuns, Entry, Journal, exclusive
from magacin.drills.undo import Mender, NotYet
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack


@dataclass
class Recovered:
    """What was undone, what has to wait until the stack runs, and what could not be undone and why."""

    undone: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, str]] = field(default_factory=list)


def recover(stack: Stack) -> Recovered | None:
    """Undo what a drill has left behind. None while a drill is at work: then nothing is left behind."""
    try:
        with exclusive(stack.data):
            return undo_all(Journal(stack.data), Mender(stack))
    except DrillRuns:
        return None


def undo_all(journal: Journal, mender: Mender) -> Recovered:
    """Undo everything in a journal, the newest first. One that fails keeps none of the others from it."""
    result = Recovered()
    for entry in journal.open():
        try:
            mender.undo(entry)
        except NotYet:
            result.waiting.append(entry)
        except (StackError, OSError, json.JSONDecodeError) as error:
            result.failed.append((entry, str(error)))
        else:
            journal.done(entry)
            result.undone.append(entry)
    return result

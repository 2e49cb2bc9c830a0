"""Cleans up after a drill that was killed. Each command on a stack looks first whether there is one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from magacin.drills.journal import DrillRuns, Entry, Journal, exclusive
from magacin.drills.undo import NotYet, Undoer
from magacin.stack.errors import StackError
from magacin.stack.lifecycle import Stack


@dataclass
class Leftovers:
    """What was undone, what has to wait until the stack runs, and what could not be undone and why."""

    undone: list[Entry] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    failed: list[tuple[Entry, str]] = field(default_factory=list)


def undo(stack: Stack) -> Leftovers | None:
    """Undo what a drill has left behind. None while a drill is at work: then nothing is left behind."""
    try:
        with exclusive(stack.data):
            return undo_all(Journal(stack.data), Undoer(stack))
    except DrillRuns:
        return None


def undo_all(journal: Journal, undoer: Undoer) -> Leftovers:
    """Undo everything in a journal, the newest first. One that fails keeps none of the others from it."""
    result = Leftovers()
    for entry in journal.open():
        try:
            undoer.undo(entry)
        except NotYet:
            result.waiting.append(entry)
        except (StackError, OSError, json.JSONDecodeError) as error:
            result.failed.append((entry, str(error)))
        else:
            journal.done(entry)
            result.undone.append(entry)
    return result

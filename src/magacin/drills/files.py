"""The monitoring's files while drills run: at another speed, and with what a drill changes in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from magacin.drills import speed
from magacin.stack import render
from magacin.stack.lifecycle import Stack

# Returns the files, by name, as they are to be for a drill.
Edit = Callable[[dict[str, str]], dict[str, str]]


class MonitoringFiles:
    """Renders `source` at a speed, with edits on top, and puts it in place of the usual configuration.

    `seconds` has the numbers in rules that are durations (`faults.seconds`).
    The folder that it writes is like monitoring/, so that it is checked, rendered and reloaded the usual way.
    """

    def __init__(self, stack: Stack, source: Path, speed_: float, seconds: speed.Constants) -> None:
        self.folder = stack.data.drills / "monitoring"
        self._stack = Stack(stack.data, stack.report, monitoring=self.folder)
        texts = {str(path): (source / path).read_text() for path in render.monitoring_files(source)}
        self._files = speed.monitoring(texts, speed_, seconds)
        self._edits: dict[str, Edit] = {}

    def texts(self) -> dict[str, str]:
        """Return the files as they are to be now."""
        files = dict(self._files)
        for edit in self._edits.values():
            files = edit(files)
        return files

    def put(self, servers: Iterable[str] = ("prometheus", "alertmanager")) -> None:
        """Write the files, and have the servers read them. Raises StackError for what they refuse."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, text in self.texts().items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._stack.reload(servers)

    def add(self, name: str, edit: Edit) -> None:
        """Add an edit, for the next time that the files are put in place."""
        self._edits[name] = edit

    def edit(self, name: str, edit: Edit, servers: Iterable[str]) -> None:
        """Add an edit, and put the files in place."""
        self._edits[name] = edit
        try:
            self.put(servers)
        except BaseException:
            del self._edits[name]
            raise

    def undo(self, name: str, servers: Iterable[str]) -> None:
        """Take an edit away, and put the files in place: also what somebody changed by hand is as it was."""
        self._edits.pop(name, None)
        self.put(servers)


def always_working_time(files: dict[str, str]) -> dict[str, str]:
    """Return the rules of a warehouse that works day and night: a drill need not wait for Monday."""
    for name, value in (("shifts_of_desk_hold", "0"), ("shift_length_hours", "24"), ("shift_weekdays", "7")):
        files = with_setting(files, name, value)
    return files


def with_setting(files: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Return the rules with another value for a setting."""
    settings = "rules/settings.yml"
    return {**files, settings: set_setting(files[settings], name, value)}


def set_setting(text: str, name: str, value: str) -> str:
    """Return settings.yml with another value for a setting."""
    pattern = rf"(record: site:{name}:setting\s+expr: vector\()[^)]*\)"
    changed, count = re.subn(pattern, rf"\g<1>{value})", text)
    if count != 1:
        raise ValueError(f"settings.yml has {count} settings {name}")
    return changed

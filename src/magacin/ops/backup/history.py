"""The history of a Prometheus that runs, as it is in one moment, and putting it where another one reads it.

Its blocks never change, and its log of what is in no block yet is only ever added to. Hard links to all of
them cost neither time nor room, and keep what it deletes meanwhile: docs/decisions/0124.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from magacin.stack.errors import StackError

_LOG = "wal"
_BLOCK = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
# Its own snapshots lie there, too; it looks at nothing in it.
_SNAPSHOTS, _OURS = "snapshots", "magacin-"
# It takes apart what it has read together every two hours, within a second.
_ATTEMPTS = 20
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK})


@contextmanager
def frozen(history: Path) -> Iterator[Path | None]:
    """Give a folder with the history in a Prometheus's folder, whether that runs or not; None for no history.

    Raises StackError where it cannot be had.
    """
    if not is_there(history):
        yield None
        return
    _sweep(history / _SNAPSHOTS)
    target = history / _SNAPSHOTS / f"{_OURS}{os.getpid()}"
    try:
        _link_all(history, target)
        yield target
    finally:
        shutil.rmtree(target, ignore_errors=True)


def is_there(history: Path) -> bool:
    """Tell whether a Prometheus has ever written into a folder."""
    return (history / _LOG).is_dir()


def blocks(history: Path) -> list[str]:
    """Return the blocks in a Prometheus's folder; the first comes after two to three hours."""
    return [name for name in _names(history) if _BLOCK.fullmatch(name)]


def _sweep(snapshots: Path) -> None:
    """Remove what backups left that were killed outright: it would keep blocks that are long deleted."""
    for left in snapshots.glob(f"{_OURS}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(_OURS))):
            shutil.rmtree(left, ignore_errors=True)


def _link_all(history: Path, target: Path) -> None:
    for _ in range(_ATTEMPTS):
        shutil.rmtree(target, ignore_errors=True)
        try:
            # In this order: what goes from the log into a block in between is in both, and counts once.
            before = _names(history / _LOG)
            _link(history / _LOG, before, target / _LOG)
            _link(history, blocks(history), target)
            if _names(history / _LOG)[: len(before)] == before:
                return
        except FileNotFoundError:
            continue  # it has just put parts of it together, and deleted them
        except OSError as error:
            raise StackError(
                f"the history of Prometheus in {history} cannot be read ({error.strerror}).",
                "Leave it out: ./magacin backup --no-history",
            ) from error
    raise StackError(
        f"the history of Prometheus in {history} did not hold still; no backup was written.",
        "Try once more, or leave it out: ./magacin backup --no-history",
    )


def _names(folder: Path) -> list[str]:
    """Return what is in a folder and finished; what Prometheus is still writing or deleting has a suffix."""
    return sorted(path.name for path in folder.iterdir() if ".tmp" not in path.name)


def _link(source: Path, names: Iterable[str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        if (source / name).is_dir():
            _link(source / name, [path.name for path in (source / name).iterdir()], target / name)
        else:
            _link_file(source / name, target / name)


def _link_file(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)

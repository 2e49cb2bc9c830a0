"""What goes wrong with a stack, as a person is told it."""

from __future__ import annotations

import sys


class StackError(Exception):
    """Something the person at the terminal can act on: what happened, then what to do about it."""

    def __init__(self, what: str, *details: str) -> None:
        super().__init__(what)
        self.what = what
        self.details = details

    def print(self) -> None:
        """Write it to standard error."""
        sys.stdout.flush()
        sys.stderr.write(f"magacin: {self.what}\n")
        for detail in self.details:
            sys.stderr.writelines(f"  {line}\n" for line in detail.splitlines())
        sys.stderr.flush()

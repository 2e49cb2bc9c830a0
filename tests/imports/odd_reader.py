"""The reading program when something goes wrong: what, it finds in a file, a line for each attempt."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from magacin.imports import reader
from magacin.imports.parsers.registry import inspect


def inspected(*arguments: Any) -> Any:
    file = Path(sys.argv[1])
    deed, *left = file.read_text().splitlines() or [""]
    file.write_text("\n".join(left))
    if deed == "break":
        raise ZeroDivisionError("x")
    if deed == "fail the disk":
        raise OSError(5, "Input/output error")
    if deed == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "hang":
        time.sleep(3600)
    return inspect(*arguments)


if __name__ == "__main__":
    reader.inspect = inspected  # type: ignore[attr-defined, assignment]  # from outside, and less exact
    reader.main()

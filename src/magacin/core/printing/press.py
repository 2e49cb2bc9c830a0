"""Has something printed, by a process of its own: no scan waits while a thousand labels are drawn."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from magacin.core.errors import DependencyUnavailable, Unprocessable
from magacin.core.printing.jobs import Job

REFUSED = 3
"""With this the process says that what is wrong is what was to be printed; it says what."""

_PROGRAM = [sys.executable, "-m", "magacin.core.printing"]
# Where things are, and never a password.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
_SECONDS = 60
# One at a time: each takes a processor for itself.
_THREADS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="press")


class Unprintable(Unprocessable):
    """What was to be printed cannot be."""

    code = "unprintable"


async def print_pdf(job: Job) -> bytes:
    """Return what was printed; raise `Unprintable`, or `DependencyUnavailable` where it takes too long."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _print, job.model_dump_json().encode())


def _print(job: bytes) -> bytes:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            _PROGRAM, input=job, capture_output=True, timeout=_SECONDS, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        reason = f"was not done after {_SECONDS} s; print less at once"
        raise DependencyUnavailable("printing", reason=reason) from error
    if done.returncode == REFUSED:
        said = json.loads(done.stdout)
        raise Unprintable(said["message"], details={"codes": said["codes"]})
    if done.returncode != 0:
        raise RuntimeError(f"printing broke ({done.returncode}): {_last_line(done.stderr)}")
    return done.stdout


def _last_line(written: bytes) -> str:
    # No more than this: the lines before have the code around an error, and a badge may be in that.
    return written.decode(errors="replace").strip().rpartition("\n")[2][:200]

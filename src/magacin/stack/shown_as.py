"""The command line and the environment that a process shows in /proc, for one that became another program.

`ps`, `pgrep` and what looks for leftovers see what they would have seen had the program been executed. The
kernel is told where both lie now; unlike a title that is written over the old ones, they may be longer.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# linux/prctl.h
_PR_SET_MM, _PR_SET_MM_MAP = 35, 14
_NO_FILE = 2**32 - 1


class _Map(ctypes.Structure):
    """linux/prctl.h, struct prctl_mm_map: where the kernel takes the parts of a process to be."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in ("start_code", "end_code", "start_data", "end_data")),
        *((name, ctypes.c_uint64) for name in ("start_brk", "brk", "start_stack")),
        *((name, ctypes.c_uint64) for name in ("arg_start", "arg_end", "env_start", "env_end", "auxv")),
        ("auxv_size", ctypes.c_uint32),
        ("exe_fd", ctypes.c_uint32),
    )


# The kernel reads them whenever somebody asks: they stay where they are as long as the process lives.
_shown: list[Any] = []


def show_as(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Have this process show another command line and environment; raise OSError where that cannot be.

    It is refused where the kernel was built without CONFIG_CHECKPOINT_RESTORE, and by some sandboxes.
    """
    arguments = _block(argv)
    variables = _block(f"{name}={value}" for name, value in environment.items())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
    # By proc(5), which counts from 1; a program's name, the second, may have blanks and brackets.
    stat = ["", "", "", *Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()]
    layout = _Map(
        start_code=int(stat[26]),
        end_code=int(stat[27]),
        start_data=int(stat[45]),
        end_data=int(stat[46]),
        start_brk=int(stat[47]),
        brk=libc.sbrk(0),
        start_stack=int(stat[28]),
        arg_start=ctypes.addressof(arguments),
        arg_end=ctypes.addressof(arguments) + len(arguments),
        env_start=ctypes.addressof(variables),
        env_end=ctypes.addressof(variables) + len(variables),
        exe_fd=_NO_FILE,
    )
    asked = [ctypes.c_ulong(_PR_SET_MM_MAP), ctypes.byref(layout), ctypes.c_ulong(ctypes.sizeof(layout))]
    _shown.append((arguments, variables))
    if libc.prctl(_PR_SET_MM, *asked, ctypes.c_ulong(0)):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _block(texts: Iterable[str]) -> Any:
    content = b"".join(os.fsencode(text) + b"\0" for text in texts)
    return ctypes.create_string_buffer(content, len(content))

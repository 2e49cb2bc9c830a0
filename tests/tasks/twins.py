"""What the worker's application makes of codes and operations: its own code, run by Node.js."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from magacin.stack import webapp
from tests.stack.test_lifecycle import Recorder


class Twin:
    """The application's rules in a process of their own, asked by a line of JSON each."""

    def __enter__(self) -> Self:
        node = webapp.ready(Recorder())
        self._process = subprocess.Popen(
            [node.program, "scripts/judge-lines.mjs"],
            cwd=webapp.WEB,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
        assert self._process.returncode == 0 or error is not None

    def _ask(self, kind: str, **asked: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"kind": kind, **asked}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the application's rules failed; what they said is above"
        return json.loads(answer)

    def read(self, codes: Sequence[str], settings: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the readings of codes."""
        found: list[dict[str, Any]] = self._ask("read", codes=codes, settings=settings)
        return found

    def identify(self, heads: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the application identifier that each text begins with, and its format."""
        found: list[dict[str, Any] | None] = self._ask("identify", heads=heads)
        return found

    def judge(self, snapshot: dict[str, Any], operations: Sequence[dict[str, Any]], **known: Any) -> Any:
        """Return the answers to operations, and the tasks as they are after them."""
        return self._ask("judge", snapshot=snapshot, operations=operations, known=known)

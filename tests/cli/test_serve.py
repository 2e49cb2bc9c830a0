from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from magacin.cli import serve


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What would have been served, with the folder for metrics at that moment."""
    seen: list[tuple[object, ...]] = []

    def record(*arguments: object) -> None:
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        seen.append((*arguments, folder and Path(folder).is_dir() and not list(Path(folder).iterdir())))

    monkeypatch.setattr(serve, "_run", record)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return seen


def test_one_worker_needs_no_folder(runs: list[tuple[object, ...]]) -> None:
    serve.serve("task-service", host="127.0.0.1", port=None, workers=1)
    assert runs == [("tasks", "127.0.0.1", 8001, 1, None)]
    assert os.environ["MAGACIN_PORT"] == "8001"


def test_several_workers_get_a_fresh_folder_that_goes_afterwards(runs: list[tuple[object, ...]]) -> None:
    serve.serve("api-gateway", host="::1", port=0, workers=2)
    assert runs == [("gateway", "::1", 0, 2, True)]
    assert not Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).exists()


def test_the_folder_is_set_before_prometheus_client_is_imported() -> None:
    """In a process of its own, because this one has imported it already."""
    import subprocess

    program = textwrap.dedent(
        """
        import sys
        from magacin.cli import serve
        serve._run = lambda *_: print("prometheus_client" in sys.modules)
        serve.serve("realtime-worker", host="127.0.0.1", port=1, workers=2)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

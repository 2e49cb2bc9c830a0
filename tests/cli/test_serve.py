from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest

from magacin.cli import serve
from magacin.core.settings import load_settings
from magacin.gateway.settings import GatewaySettings
from magacin.stack import secrets
from magacin.stack.errors import StackError
from magacin.stack.paths import DataDir


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[object, ...]]:
    """What would have been served, with the folder for metrics at that moment."""
    seen: list[tuple[object, ...]] = []

    def record(*arguments: object) -> None:
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        seen.append((*arguments, folder and Path(folder).is_dir() and not list(Path(folder).iterdir())))

    monkeypatch.setattr(serve, "_run", record)
    own = {key: value for key, value in os.environ.items() if not key.startswith("MAGACIN_")}
    monkeypatch.setattr(os, "environ", own | {"MAGACIN_DATA_DIR": str(tmp_path / "data")})
    return seen


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A stack whose ports are moved, in the usual place."""
    data = DataDir(tmp_path / "data")
    data.create()
    secrets.ensure(data, data.remember(10000).port_offset)
    return data


def test_one_worker_needs_no_folder(runs: list[tuple[object, ...]]) -> None:
    serve.serve("task-service", host="127.0.0.1", port=None, workers=1)
    assert runs == [("tasks", "127.0.0.1", 8001, 1, None)]
    assert os.environ["MAGACIN_PORT"] == "8001"


class TestBesideAStack:
    def test_it_takes_the_place_of_the_part(self, runs: list[tuple[object, ...]], data: DataDir) -> None:
        serve.serve("api-gateway", host="127.0.0.1", port=None, workers=1)
        assert runs[0][2] == 18000
        assert os.environ["MAGACIN_JWT_KEY_FILE"] == str(data.secrets / "jwt-key")
        settings = load_settings(GatewaySettings)
        assert settings.port == 18000
        assert str(settings.task_service_url) == "http://127.0.0.1:18001/"
        assert settings.database_url.get_secret_value() == (data.secrets / "database-url").read_text().strip()

    def test_an_environment_with_settings_is_left_alone(
        self, runs: list[tuple[object, ...]], data: DataDir
    ) -> None:
        os.environ["MAGACIN_REDIS_URL_FILE"] = "/elsewhere"
        serve.serve("task-service", host="127.0.0.1", port=None, workers=1)
        assert runs[0][2] == 8001
        assert "MAGACIN_DATABASE_URL_FILE" not in os.environ

    @pytest.mark.parametrize("name", ["inbox", "console"])
    def test_a_part_of_another_stack_asks_this_one_for_nothing(
        self, runs: list[tuple[object, ...]], data: DataDir, name: str
    ) -> None:
        os.environ["MAGACIN_STACK"] = "0123456789abcdef"
        before = {key for key in os.environ if key.startswith("MAGACIN_")}
        serve.serve(name, host="127.0.0.1", port=7, workers=1)
        added = {key for key in os.environ if key.startswith("MAGACIN_")} - before
        assert added == {"MAGACIN_HOST", "MAGACIN_PORT", "MAGACIN_WORKERS"}

    def test_what_is_set_wins_over_a_stack_that_is_named(
        self, runs: list[tuple[object, ...]], data: DataDir
    ) -> None:
        os.environ |= {"MAGACIN_REDIS_URL": "redis://elsewhere", "MAGACIN_PORT": "7"}
        serve.serve("task-service", host="127.0.0.1", port=7, workers=1, data_dir_option=data.path)
        assert runs[0][2] == 7
        assert "MAGACIN_REDIS_URL_FILE" not in os.environ
        assert os.environ["MAGACIN_DATABASE_URL_FILE"] == str(data.secrets / "database-url")

    def test_a_stack_that_is_named_must_be_there(
        self, runs: list[tuple[object, ...]], tmp_path: Path
    ) -> None:
        with pytest.raises(StackError, match="there is no stack in"):
            serve.serve("task-service", workers=1, data_dir_option=tmp_path / "none")


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

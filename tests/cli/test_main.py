from __future__ import annotations

import importlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from magacin import __version__
from magacin.cli import main

MAGACIN = [sys.executable, "-P", "-m", "magacin.cli"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MAGACIN, *arguments], capture_output=True, text=True, check=False, cwd="/")


class TestCommands:
    @pytest.mark.parametrize("name", main.COMMANDS)
    def test_each_has_a_module_with_an_app_and_a_page_of_help(self, name: str) -> None:
        module = importlib.import_module(f"magacin.cli.{main.COMMANDS[name].module}")
        assert isinstance(module.app, typer.Typer)
        done = run(name, "--help")
        assert done.returncode == 0, done.stderr
        assert f"Usage: magacin {name}" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80
        # Types of Python, and options that are the program's, are nothing for this page.
        assert not re.search(r"<list|<int|<str|<path|-completion", done.stdout)
        if "--data-dir" in done.stdout:
            words = " ".join(done.stdout.split())
            assert "[default: MAGACIN_DATA_DIR, else .magacin in the checkout]" in words

    def test_each_module_is_a_command(self) -> None:
        folder = Path(main.__file__).parent
        files = [*folder.glob("*.py"), *(file.parent for file in folder.glob("*/__init__.py"))]
        modules = {file.stem for file in files if not file.stem.startswith("_")} - {"main"}
        assert modules == {command.module for command in main.COMMANDS.values()}

    def test_help_lists_all_and_loads_none(self) -> None:
        program = (
            "import sys; sys.argv = ['magacin', '--help']\n"
            "from magacin.cli.main import main\n"
            "try: main()\n"
            "finally: print('LOADED', sorted(m for m in sys.modules if m.startswith('magacin.cli.')\n"
            "    or m in ('sqlalchemy', 'uvicorn', 'psutil', 'redis')))\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "LOADED ['magacin.cli.main']" in done.stdout
        for name in main.COMMANDS:
            assert f" {name} " in done.stdout

    def test_an_unknown_command_is_a_usage_error(self) -> None:
        done = run("strat")
        assert done.returncode == 2
        assert "No such command 'strat'" in done.stderr

    def test_version(self) -> None:
        assert run("--version").stdout == f"magacin {__version__}\n"


class TestStackCommands:
    def test_status_of_nothing(self, tmp_path: Path) -> None:
        done = run("status", "--data-dir", str(tmp_path / "none"))
        assert (done.returncode, done.stderr) == (3, "")
        assert "Nothing runs in" in done.stdout
        done = run("status", "--json", "--data-dir", str(tmp_path / "none"))
        assert (done.returncode, json.loads(done.stdout)) == (3, [])
        assert not (tmp_path / "none").exists()

    def test_down_of_nothing_is_fine(self, tmp_path: Path) -> None:
        done = run("down", "--data-dir", str(tmp_path / "none"))
        assert (done.returncode, done.stderr) == (0, "")

    def test_logs_of_an_unknown_part(self, tmp_path: Path) -> None:
        done = run("logs", "postgress", "--data-dir", str(tmp_path))
        assert done.returncode == 1
        assert done.stderr.startswith("magacin: there is no part called 'postgress'.\n  There are: postgres,")

    def test_logs_shows_the_last_lines(self, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "redis.log").write_text("one\ntwo\nthree\n")
        assert run("logs", "redis", "-n", "2", "--data-dir", str(tmp_path)).stdout == "two\nthree\n"

    def test_serve_of_an_unknown_service(self) -> None:
        done = run("serve", "postgres")
        assert done.returncode == 1
        known = "inbox, heartbeat, console, task-service, realtime-worker, import-service, api-gateway, demo"
        assert f"There are: {known}." in done.stderr

    @pytest.mark.parametrize(
        "command",
        ["up", "down", "status", "reload", "migrate", "logs redis", "stop redis", "start redis", "user list"],
    )
    def test_a_data_directory_that_is_a_file_is_refused(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "file").touch()
        done = run(*command.split(), "--data-dir", str(tmp_path / "file"))
        assert done.returncode == 1
        assert done.stderr.startswith(
            f"magacin: {tmp_path}/file cannot be a data directory (Not a directory)"
        )

    def test_migrate_without_a_stack_says_what_to_do(self, tmp_path: Path) -> None:
        done = run("migrate", "--data-dir", str(tmp_path))
        assert done.returncode == 1
        assert "Start the stack first" in done.stderr
        assert "Traceback" not in done.stderr

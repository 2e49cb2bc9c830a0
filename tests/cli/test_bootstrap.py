"""The bootstrap script, on a small checkout of its own with nothing to install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from magacin.stack.paths import ROOT


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout") / "with a space"
    package = root / "src" / "magacin" / "cli"
    package.mkdir(parents=True)
    (root / "src" / "magacin" / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import os, sys\nprint(os.getcwd(), sys.argv[1:])\n")
    (root / "requirements.txt").touch()
    (root / "requirements-dev.txt").write_text("-r requirements.txt\n")
    shutil.copy(ROOT / "magacin", root)
    return root


def run(checkout: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path or f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin"}
    return subprocess.run(
        [checkout / "magacin", *arguments],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


class TestBootstrap:
    """In this order: each finds what the one before has left."""

    def test_two_at_once_set_up_once(self, checkout: Path) -> None:
        starts = [
            subprocess.Popen(
                [checkout / "magacin", "x"],
                cwd="/",
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        said = [start.communicate() for start in starts]
        assert [start.returncode for start in starts] == [0, 0]
        assert [out for out, _ in said] == ["/ ['x']\n"] * 2
        assert "".join(err for _, err in said).count("Installing Python packages") == 1

    def test_compiled_code_is_kept_for_the_next(
        self, checkout: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.rmtree(checkout / "src" / "magacin" / "__pycache__", ignore_errors=True)
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
        assert run(checkout).returncode == 0
        assert (checkout / "src" / "magacin" / "__pycache__").is_dir()

    def test_then_it_is_silent_and_keeps_arguments_whole(self, checkout: Path) -> None:
        done = run(checkout, "up", "--data-dir", "a b", "*")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "/ ['up', '--data-dir', 'a b', '*']\n"

    def test_a_link_to_it_works(self, checkout: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(checkout / "magacin")
        done = subprocess.run([tmp_path / "link"], cwd="/", capture_output=True, text=True, check=True)
        assert done.stdout == "/ []\n"

    def test_new_requirements_are_installed(self, checkout: Path) -> None:
        (checkout / "requirements.txt").write_text("# changed\n")
        assert "Installing Python packages from requirements.txt" in run(checkout).stderr
        assert run(checkout).stderr == ""

    @pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
    def test_test_has_requirements_of_its_own_beside_the_others(self, checkout: Path, changed: str) -> None:
        with (checkout / changed).open("a") as file:
            file.write("# changed once more\n")
        assert "Installing Python packages from requirements-dev.txt" in run(checkout, "test").stderr
        for command in ("test", "check", "bench", "up"):
            assert run(checkout, command).stderr == ""

    def test_an_interrupted_set_up_is_made_anew(self, checkout: Path) -> None:
        (checkout / ".venv" / ".magacin-installing").touch()
        (checkout / ".venv" / "half").touch()
        done = run(checkout)
        assert "Making .venv anew" in done.stderr
        assert done.returncode == 0
        assert not (checkout / ".venv" / "half").exists()

    def test_a_requirement_without_its_hash_is_refused_with_pips_words(self, checkout: Path) -> None:
        (checkout / "requirements.txt").write_text("typer\n")
        done = run(checkout)
        assert done.returncode == 1
        assert "--require-hashes" in done.stderr
        assert "magacin: the Python packages could not be installed." in done.stderr
        assert done.stdout == ""

    def test_no_python_is_said_with_what_to_install(self, checkout: Path, tmp_path: Path) -> None:
        for tool in ("sh", "readlink", "dirname", "sha256sum", "cut", "cat"):
            (tmp_path / tool).symlink_to(str(shutil.which(tool)))
        done = run(checkout, path=str(tmp_path))
        assert done.returncode == 1
        assert "no Python 3.11 or newer found on PATH" in done.stderr
        assert "apt-get install python3 python3-venv" in done.stderr


def test_no_package_is_pinned_twice() -> None:
    def names(file: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))

    assert names("requirements.txt")
    assert names("requirements-dev.txt")
    assert not names("requirements.txt") & names("requirements-dev.txt")
    assert (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").startswith("-r requirements.txt\n")


def test_ci_runs_the_tests_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert script.rstrip().endswith("exec ./magacin test")

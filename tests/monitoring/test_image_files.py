"""The Dockerfile: what can be shown of it without an engine. No image is built here."""

from __future__ import annotations

import fnmatch
import re
import shlex
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from magacin.stack.parts import services
from magacin.stack.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTRUCTIONS = [
    tuple(line.split(None, 1))
    for line in DOCKERFILE.splitlines()
    if line.strip() and not line.startswith("#")
]
FINAL_STAGE = INSTRUCTIONS[max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]


def arguments(word: str, instructions: list[tuple[str, ...]] = FINAL_STAGE) -> list[str]:
    return [rest for found, rest in instructions if found == word]


def test_base_images_are_pinned_and_the_same() -> None:
    assert {rest.split()[0] for rest in arguments("FROM", INSTRUCTIONS)} == {"${PYTHON_IMAGE}"}
    [image] = arguments("ARG", INSTRUCTIONS)
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", image)


def test_runs_as_an_unprivileged_user_and_is_probed() -> None:
    assert arguments("USER") == ["10001:10001"]
    assert arguments("ENTRYPOINT") == ['["magacin"]']
    assert arguments("CMD") == ['["serve", "api-gateway"]']
    [probe] = arguments("HEALTHCHECK")
    assert "'/health'" in probe


def test_exposes_the_ports_of_the_services() -> None:
    [ports] = arguments("EXPOSE")
    assert ports.split() == sorted(str(part.port) for part in services())


def probe_program() -> str:
    """Return the Python program of the image's health check."""
    [probe] = arguments("HEALTHCHECK")
    program = re.search(r'"-c",\s+"(.+)"\]$', probe)
    assert program, probe
    return program[1]


def test_the_probe_fails_when_nobody_answers() -> None:
    # Port 1 of loopback: nobody listens there.
    done = subprocess.run(
        [sys.executable, "-c", probe_program()],
        env={"MAGACIN_PORT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ConnectionRefusedError" in done.stderr


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    allowed = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    for rest in arguments("COPY", INSTRUCTIONS):
        if rest.startswith("--from"):
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which does not exist"
            assert source in allowed, f"the Dockerfile copies {source}, which .dockerignore hides"


def test_secrets_stay_out_of_the_build() -> None:
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert patterns[1] == "*", "everything is ignored that is not named"
    for secret in (".env", ".magacin-docker", ".magacin", ".git"):
        assert not any(
            fnmatch.fnmatch(secret, pattern[1:]) for pattern in patterns if pattern.startswith("!")
        )


def test_the_build_backend_is_cut_out_of_the_lock() -> None:
    """The Dockerfile's awk program finds the pins of hatchling and of all it needs, with their hashes."""
    script = re.search(r"awk ('.+?')", DOCKERFILE)
    assert script
    [program] = shlex.split(script[1])
    done = subprocess.run(
        ["awk", program, "requirements.txt", "requirements-dev.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(re.findall(r"^([\w-]+)==", done.stdout, re.MULTILINE)) == _needed_by("hatchling")
    assert all(line.startswith("    --hash=") or "==" in line for line in done.stdout.splitlines())


def _needed_by(package: str) -> set[str]:
    """Return the package and, all the way down, what it requires on this Python."""
    requirements = [Requirement(text) for text in metadata.requires(package) or []]
    needed = [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return {package}.union(*(_needed_by(name) for name in needed))


def test_the_wheel_holds_everything_the_services_need(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    wanted = {
        str(path.relative_to(source))
        for path in (source / "magacin").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert wanted <= packed, f"missing: {sorted(wanted - packed)}"


def test_the_installed_package_serves_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"}
    for command in (["--version"], ["serve", "--help"], ["migrate", "--help"]):
        done = subprocess.run(
            [sys.executable, "-m", "magacin.cli", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

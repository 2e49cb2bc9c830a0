"""README's commands on a Debian that has nothing, as root and as somebody with sudo."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.fresh.machine import enter, unpacked

pytestmark = pytest.mark.fresh

STEPS = Path(__file__).with_name("first_steps.sh")
# What depends on the versions of servers, and can be run in minutes.
TESTS = (
    "tests/monitoring/test_prometheus_files.py",
    "tests/monitoring/test_templates.py",
    "tests/stack/test_reload.py",
)


# It ends when nothing is done any more (tests/patient.py), and not after a time.
@pytest.mark.timeout(0)
@pytest.mark.parametrize("user", ["root", "picker"])
@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_what_readme_says_works(
    release: str, user: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert os.geteuid() == 0, "A machine is made by root: sudo ./magacin test --fresh"
    root, log = unpacked(release, tmp_path), tmp_path / "log"
    try:
        status = enter(root, STEPS, user, *TESTS, log=log)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    said = log.read_text(errors="replace")
    assert status == 0, said[-6000:]
    facts = dict(re.findall(r"^FACT (\S+)=(\S+)$", said, re.MULTILINE))
    with capsys.disabled():
        print(f"\n{release}, {user}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))
    assert facts.keys() >= {"up_seconds", "second_up_seconds", "prometheus"}

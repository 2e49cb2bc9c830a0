"""The protocol between devices, gateway, batcher, database and planning, gone through in every order by Spin.

`ledger.pml` says what is in the model and what it leaves out. `README.md` says what it found.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from magacin.stack import install

pytestmark = [pytest.mark.long, pytest.mark.timeout(7_200)]
_MODEL = Path(__file__).with_name("ledger.pml")
PLANS = ("SPLIT", "REPLAN_ELSEWHERE", "REPLAN_THERE")


def _search(folder: Path, *defined: str) -> str:
    """Search all states of the model with these names defined; return what the verifier says."""
    spin, compiler = install.locate("spin"), install.locate("gcc")
    model = shutil.copy(_MODEL, folder)
    commands: list[list[str]] = [
        [str(spin), *(f"-D{name}" for name in defined), "-a", str(model)],
        # Safety is all that is asked. Collapsed states are compressed, none is taken for another.
        [str(compiler), "-O2", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=8000", "-o", "pan", "pan.c"],
    ]
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    found = subprocess.run(
        [folder / "pan", "-m1000000", "-w26", "-n"], cwd=folder, capture_output=True, text=True
    )
    return found.stdout


def _states(said: str) -> int:
    """Return how many states were gone through; fail unless these are all."""
    assert "Search not completed" not in said, said
    assert "max search depth too small" not in said, said
    assert "assertion violations\t+" in said, said
    assert re.search(r"errors: 0$", said, re.MULTILINE), said
    stored = re.search(r"(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored", said)
    assert stored is not None, said
    return int(float(stored.group(1)))


@pytest.mark.parametrize("plan", PLANS)
def test_no_order_breaks_the_ledger(tmp_path: Path, plan: str) -> None:
    said = _search(tmp_path, f"WANTED={plan}")
    print(said)
    assert _states(said) > 1_000_000


# A scan of line 0 and an undo of it by the one device, an undo of the same and another scan by the other.
_TWO_UNDOS = "ONLY=115"


@pytest.mark.parametrize(
    ("left_out", "broken"),
    [
        ("NO_IDEMPOTENCE", "recorded"),
        ("UNDO_TWICE", "picked|taken_back"),
        ("READ_BEFORE_LOCK", "picked"),
        ("LOCK_AS_SENT", "wants"),
        ("ANSWER_BEFORE_COMMIT", "recorded"),
        ("PLAN_TWICE", "planned"),
    ],
)
def test_what_the_protocol_rests_on_cannot_be_left_out(tmp_path: Path, left_out: str, broken: str) -> None:
    choice = [_TWO_UNDOS] if left_out == "UNDO_TWICE" else []
    said = _search(tmp_path, "WANTED=SPLIT", "STEP_BY_STEP", left_out, *choice)
    violated = re.search(r"pan:1: assertion violated (.*)", said)
    assert violated is not None, said
    assert re.search(broken, violated.group(1)), violated.group(1)

"""Everything at once on a stack of its own, with a drill in it: nothing is lost, and nothing is left open.

`./magacin bench soak` does the same for half an hour with a drill of each kind, and looks at memory as well.
"""

from __future__ import annotations

import pytest
from benchmarks.build import HERE
from benchmarks.soak import soak
from benchmarks.stack import BenchStack

from tests.e2e.conftest import magacin, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

# Two drills take about as long as this on a quiet machine.
_SECONDS = 60
_DRILLS = ("redis-stopped", "service-killed")


async def test_books_balance_and_nothing_grows() -> None:
    with running() as stack:
        found = await soak(BenchStack(stack.data_dir, stack.offset, HERE), _SECONDS, _DRILLS)
        doctor = magacin("doctor", "--data-dir", str(stack.data_dir), check=False)

    # In a minute a process that was just started still fills its caches.
    assert [one for one in found if one.met is False and not one.name.startswith("memory")] == []
    worked = {one.name: one.value for one in found}
    for what in ("pieces that were acknowledged", "orders that were imported", "events at screens"):
        assert worked[what], what
    assert doctor.returncode != 1, doctor.stdout  # what is broken, other than what is only to be known

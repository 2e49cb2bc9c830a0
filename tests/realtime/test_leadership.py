"""Who leads: on a real Redis, with holders that live, died, or are somewhere else."""

from __future__ import annotations

import asyncio
import os

from redis.asyncio import Redis

from magacin.realtime.leadership import Leadership
from tests.realtime.conftest import eventually

KEY = "test:leader"


async def hold(redis: Redis, name: str) -> None:
    await redis.set(KEY, name, px=60_000)


def named(machine: str, pid: int, started: str) -> str:
    return f"{machine}|{pid}|{started}|0123456789ab"


async def test_one_leads_and_the_other_stands_by(redis: Redis) -> None:
    first, second = Leadership(redis, KEY), Leadership(redis, KEY)
    assert await first.ensure()
    assert not await second.ensure()
    assert second.other == first.name
    assert (first.held, second.held) == (True, False)
    assert await first.ensure()


async def test_giving_up_lets_the_other_lead(redis: Redis) -> None:
    first, second = Leadership(redis, KEY), Leadership(redis, KEY)
    await first.ensure()
    await first.release()
    assert not first.held
    assert await second.ensure()
    await first.release()  # of what is no longer its own
    assert await redis.get(KEY) == second.name.encode()


async def test_a_lease_that_is_not_renewed_runs_out(redis: Redis) -> None:
    first, second = Leadership(redis, KEY, lease_seconds=0.3), Leadership(redis, KEY)
    await first.ensure()
    await eventually(second.ensure, "the lease runs out")
    assert not first.held


async def test_a_holder_that_died_on_this_machine_is_succeeded_at_once(redis: Redis) -> None:
    machine = Leadership(redis, KEY).name.split("|")[0]
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    await hold(redis, named(machine, process.pid, "12345"))
    assert await Leadership(redis, KEY).ensure()


async def test_a_process_id_that_was_given_out_again_is_not_the_holder(redis: Redis) -> None:
    machine = Leadership(redis, KEY).name.split("|")[0]
    await hold(redis, named(machine, os.getpid(), "1"))
    assert await Leadership(redis, KEY).ensure()


async def test_a_holder_elsewhere_is_never_taken_for_dead(redis: Redis) -> None:
    await hold(redis, named("another-machine", 2**22 + 1, "1"))
    assert not await Leadership(redis, KEY).ensure()


async def test_a_name_that_nobody_understands_is_left_alone(redis: Redis) -> None:
    await hold(redis, "somebody")
    assert not await Leadership(redis, KEY).ensure()


async def test_leading_on_is_no_new_term(redis: Redis) -> None:
    leadership = Leadership(redis, KEY, lease_seconds=600)
    await leadership.ensure()
    await leadership.ensure()
    assert leadership.term == 1


async def test_leading_anew_is_a_new_term(redis: Redis) -> None:
    leadership = Leadership(redis, KEY, lease_seconds=0.3)
    await leadership.ensure()
    assert leadership.term == 1
    await asyncio.sleep(0.4)
    await leadership.ensure()
    assert leadership.term == 2

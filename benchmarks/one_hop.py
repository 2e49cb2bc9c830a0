"""Scans through gateway and Task Service, against a bare application that makes the same writes."""

from __future__ import annotations

import asyncio

from benchmarks.load import LoadResult, run_load
from benchmarks.peers.serving import Peer, serving
from benchmarks.pgbench import make_tables
from benchmarks.report import Measurement
from benchmarks.scans import CLIENTS, ROUNDS, scan_all, scanner
from benchmarks.stack import BenchStack


def measure(stack: BenchStack) -> list[Measurement]:
    """Alternate the two, so that a noisy neighbour disturbs both, and compare the medians."""
    ours, theirs = [], []
    with serving("one_hop", stack.postgres_environment()) as peer:
        for _ in range(ROUNDS):
            make_tables(stack, clients=CLIENTS)
            theirs.append(asyncio.run(_scan(peer)))
            ours.append(asyncio.run(scan_all(stack)))
    whole, bare = (sorted(runs, key=lambda run: run.rate)[ROUNDS // 2] for runs in (ours, theirs))
    return [
        Measurement("scans by a bare application, one hop", bare.rate, "/s"),
        Measurement("scans through gateway and Task Service", whole.rate, "/s"),
        Measurement("scans, times those of the bare application", whole.rate / bare.rate, ""),
        Measurement(
            "p99, times that of the bare application", whole.quantile(0.99) / bare.quantile(0.99), ""
        ),
    ]


async def _scan(peer: Peer) -> LoadResult:
    url = f"{peer.url}/api/scan"
    clients = [scanner(url, "none", number, "85123A") for number in range(1, CLIENTS + 1)]
    result = await run_load(url, clients, warm_up=2, seconds=10)
    if set(result.statuses) != {200}:
        raise SystemExit(f"The bare application did not accept every scan: {dict(result.statuses)}")
    return result

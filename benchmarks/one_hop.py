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
    """Take each in turn, so that a noisy neighbour disturbs all, and compare the medians."""
    ours: list[LoadResult] = []
    theirs: dict[str, list[LoadResult]] = {"uvicorn": [], "granian": []}
    for _ in range(ROUNDS):
        for server, runs in theirs.items():
            with serving("one_hop", stack.postgres_environment(), server=server) as peer:
                make_tables(stack, clients=CLIENTS)
                runs.append(asyncio.run(_scan(peer)))
        ours.append(asyncio.run(scan_all(stack)))
    whole = _middle(ours)
    compared = [Measurement("scans through gateway and Task Service", whole.rate, "/s")]
    for server, runs in theirs.items():
        bare = _middle(runs)
        compared += [
            Measurement(f"scans by a bare application, one hop, on {server}", bare.rate, "/s"),
            Measurement(f"scans, times those on {server}", whole.rate / bare.rate, ""),
            Measurement(f"p99, times that on {server}", whole.quantile(0.99) / bare.quantile(0.99), ""),
        ]
    return compared


def _middle(runs: list[LoadResult]) -> LoadResult:
    return sorted(runs, key=lambda run: run.rate)[ROUNDS // 2]


async def _scan(peer: Peer) -> LoadResult:
    url = f"{peer.url}/api/scan"
    clients = [scanner(url, "none", number, "85123A") for number in range(1, CLIENTS + 1)]
    result = await run_load(url, clients, warm_up=2, seconds=10)
    if set(result.statuses) != {200}:
        raise SystemExit(f"The bare application did not accept every scan: {dict(result.statuses)}")
    return result

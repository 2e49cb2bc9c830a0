"""One worker delivers and counts; the others stand by. Why: docs/decisions/0040.

The lock is a key in the same Redis as the stream, so whoever can reach the stream can reach the lock.
It only chooses; what keeps the order is that entries are handed out by a script that checks it (consumer.py).
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import structlog
from redis.asyncio import Redis

from magacin.core.redis import translate_unavailable

log = structlog.get_logger(__name__)

LEASE_SECONDS = 5.0

# KEYS: lock. ARGV: my name, lease in ms, name of a holder that is known to be dead.
# Returns my name when I hold the lock now, else the holder's.
# Also in a Redis that is full: it is the leader who makes room, by reading and trimming the stream.
_ACQUIRE = """#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""

_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Leadership:
    """The lock as one worker sees it. `term` grows each time this worker becomes the leader anew."""

    def __init__(self, redis: Redis, key: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.name = f"{_machine()}|{os.getpid()}|{_started(os.getpid())}|{uuid.uuid4().hex[:12]}"
        self.key = key
        self.lease_ms = int(lease_seconds * 1000)
        self.term = 0
        self.other: str | None = None
        self._redis = redis
        self._lease = lease_seconds
        self._until = 0.0
        self._acquire = redis.register_script(_ACQUIRE)
        self._release = redis.register_script(_RELEASE)

    @property
    def held(self) -> bool:
        """Whether this worker leads, as far as it can know without asking."""
        return time.monotonic() < self._until

    async def ensure(self) -> bool:
        """Take or renew the lock as needed; return whether this worker leads."""
        if self._until - time.monotonic() > self._lease * 0.6:
            return True
        asked_at = time.monotonic()
        holder = await self._ask("")
        if holder != self.name and _is_dead(holder):
            # After a crash on this machine the successor need not wait for the lease to run out.
            holder = await self._ask(holder)
        if holder == self.name:
            self.extended(asked_at)
            return True
        self._stand_by(holder)
        return False

    def extended(self, asked_at: float) -> None:
        """Note that Redis renewed the lease on a request sent at `asked_at` (monotonic clock)."""
        if not self.held:
            self.term += 1
            log.info("leadership_taken", worker=self.name, term=self.term)
        self.other = None
        self._until = asked_at + self._lease

    def lost(self) -> None:
        """Note that Redis refused us as the leader."""
        self._until = 0.0

    async def release(self) -> None:
        """Give the lock up, so that another worker need not wait for the lease to run out."""
        self._until = 0.0
        async with translate_unavailable():
            await self._release(keys=[self.key], args=[self.name])

    async def _ask(self, dead: str) -> str:
        async with translate_unavailable():
            reply = await self._acquire(keys=[self.key], args=[self.name, self.lease_ms, dead])
        return str(reply, "utf-8")

    def _stand_by(self, holder: str) -> None:
        self._until = 0.0
        if self.other != holder:
            log.info("standing_by", worker=self.name, leader=holder)
        self.other = holder


def _machine() -> str:
    """Name the kernel and the PID namespace: within them, a process id means the same to everybody."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return uuid.uuid4().hex  # not Linux: nobody can be shown to be dead, the lease has to run out


def _started(pid: int) -> str:
    """Return when the process started, in ticks; empty when it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _is_dead(holder: str) -> bool:
    machine, _, rest = holder.partition("|")
    pid, _, rest = rest.partition("|")
    started = rest.partition("|")[0]
    return machine == _machine() and pid.isdigit() and _started(int(pid)) != started

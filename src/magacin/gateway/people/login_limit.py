"""Failed logins are counted per name and per client address; too many, and both have to wait.

The counts are in Redis, so that they hold for all gateways together. While Redis is away each process
counts for itself: people must be able to log in, and guessing stays slow.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from magacin.core.attempts import AttemptCounts
from magacin.core.errors import DependencyUnavailable, TooManyRequests
from magacin.core.redis import translate_unavailable

log = structlog.get_logger(__name__)

_PREFIX = "magacin:login:"
# A Redis that hangs must not keep people from logging in: after this each process counts for itself.
_PATIENCE_SECONDS = 1.0

# Counts an attempt under every key, or under none when one is at its limit. Returns the milliseconds to
# wait, 0 when the attempt may go on. One script, so that a hundred attempts at once cannot slip through.
_RESERVE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[i + 1]) then
    return math.max(redis.call('PTTL', key), 1)
  end
end
for _, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return 0
"""

# Never recreates a counter that ran out meanwhile: it would then count below zero, and for ever.
_TAKE_BACK = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""
_REFUND = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
if KEYS[2] then redis.call('DEL', KEYS[2]) end
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was let through and counted as a failure until it succeeds."""

    address_key: str
    user_key: str | None
    counted_alone: bool = False

    @property
    def keys(self) -> list[str]:
        """Return the keys under which it is counted, the address's first."""
        return [self.address_key, self.user_key] if self.user_key else [self.address_key]


class LoginLimit:
    """Lets a login through, or says how long to wait."""

    def __init__(self, redis: Redis, *, window_seconds: int, per_user: int, per_address: int) -> None:
        self._redis = redis
        self._window = window_seconds
        self._per_user = per_user
        self._per_address = per_address
        self._own = AttemptCounts(window_seconds)
        self._reserving = redis.register_script(_RESERVE)
        self._taking_back = redis.register_script(_TAKE_BACK)
        self._refunding = redis.register_script(_REFUND)

    @asynccontextmanager
    async def attempt(
        self, address: str, username: str | None = None, counted: str = "failed logins"
    ) -> AsyncIterator[None]:
        """Count an attempt while it is made, and for good where it fails.

        Raise `TooManyRequests` when there were too many before it. What nobody could judge is no failure: a
        shift that tries again and again while PostgreSQL is away can log in once it is back.
        Without a name it counts for the address alone: a badge has no name, and wrong PINs are counted
        elsewhere, so that they keep nobody from using the password. `counted` is what people are told that
        there were too many of.
        """
        attempt = await self._reserve(address, username, counted)
        try:
            yield
        except DependencyUnavailable:
            await self._take_back(attempt)
            raise
        await self._refund(attempt)

    async def _reserve(self, address: str, username: str | None, counted: str) -> Attempt:
        attempt = Attempt(_key("address", address), _key("user", username) if username is not None else None)
        try:
            async with translate_unavailable(), asyncio.timeout(_PATIENCE_SECONDS):
                wait = await self._reserving(
                    keys=attempt.keys, args=[self._window * 1000, self._per_address, self._per_user]
                )
            seconds = int(wait) / 1000
        except DependencyUnavailable as error:
            log.warning("login_limit_counts_alone", reason=error.message)
            attempt = replace(attempt, counted_alone=True)
            seconds = self._reserve_alone(attempt)
        if seconds > 0:
            retry_after = math.ceil(seconds)
            raise TooManyRequests(
                f"Too many {counted}. Try again in {retry_after} seconds.", retry_after=retry_after
            )
        return attempt

    async def _take_back(self, attempt: Attempt) -> None:
        """Uncount one attempt; what failed before it stays."""
        if attempt.counted_alone:
            for key in attempt.keys:
                self._own.take_back(key)
        else:
            await self._uncount(self._taking_back, attempt)

    async def _refund(self, attempt: Attempt) -> None:
        """Take a successful login off the counts; what failed for that name before is forgotten."""
        if attempt.user_key:
            self._own.forget(attempt.user_key)
        if attempt.counted_alone:
            # A shift logs in from one address, with Redis or without.
            self._own.take_back(attempt.address_key)
        await self._uncount(self._refunding, attempt)

    async def _uncount(self, script: AsyncScript, attempt: Attempt) -> None:
        try:
            async with translate_unavailable(), asyncio.timeout(_PATIENCE_SECONDS):
                await script(keys=attempt.keys)
        except DependencyUnavailable as error:
            log.warning("login_limit_not_refunded", reason=error.message)

    def _reserve_alone(self, attempt: Attempt) -> float:
        limits = zip(attempt.keys, (self._per_address, self._per_user), strict=False)
        wait = max(self._own.wait(key, limit) for key, limit in limits)
        if not wait:
            for key in attempt.keys:
                self._own.add(key)
        return wait


def _key(kind: str, value: str) -> str:
    # Whatever a client sends as a name becomes a short key, and no name is readable in Redis.
    return f"{_PREFIX}{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}"

"""Failed logins are counted per name and per client address; too many, and both have to wait.

The counts are in Redis, so that they hold for all gateways together. While Redis is away each process
counts for itself: people must be able to log in, and guessing stays slow.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from dataclasses import dataclass, replace

import structlog
from redis.asyncio import Redis

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
_REFUND = """
redis.call('DEL', KEYS[1])
if tonumber(redis.call('GET', KEYS[2]) or '0') > 0 then redis.call('DECR', KEYS[2]) end
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that was let through and counted as a failure until it succeeds."""

    user_key: str
    address_key: str
    counted_alone: bool = False


class LoginLimit:
    """Lets a login through, or says how long to wait."""

    def __init__(self, redis: Redis, *, window_seconds: int, per_user: int, per_address: int) -> None:
        self._redis = redis
        self._window = window_seconds
        self._per_user = per_user
        self._per_address = per_address
        self._own = AttemptCounts(window_seconds)
        self._reserve = redis.register_script(_RESERVE)
        self._refund = redis.register_script(_REFUND)

    async def reserve(self, username: str, address: str) -> Attempt:
        """Count an attempt; raise `TooManyRequests` when there were too many before it."""
        attempt = Attempt(_key("user", username), _key("address", address))
        try:
            async with translate_unavailable(), asyncio.timeout(_PATIENCE_SECONDS):
                wait = await self._reserve(
                    keys=[attempt.user_key, attempt.address_key],
                    args=[self._window * 1000, self._per_user, self._per_address],
                )
            seconds = int(wait) / 1000
        except DependencyUnavailable as error:
            log.warning("login_limit_counts_alone", reason=error.message)
            attempt = replace(attempt, counted_alone=True)
            seconds = self._reserve_alone(attempt)
        if seconds > 0:
            retry_after = math.ceil(seconds)
            raise TooManyRequests(
                f"Too many failed logins. Try again in {retry_after} seconds.", retry_after=retry_after
            )
        return attempt

    async def refund(self, attempt: Attempt) -> None:
        """Take a successful login off the counts; what failed for that name before is forgotten."""
        self._own.forget(attempt.user_key)
        if attempt.counted_alone:
            # A shift logs in from one address, with Redis or without.
            self._own.take_back(attempt.address_key)
        try:
            async with translate_unavailable(), asyncio.timeout(_PATIENCE_SECONDS):
                await self._refund(keys=[attempt.user_key, attempt.address_key])
        except DependencyUnavailable as error:
            log.warning("login_limit_not_refunded", reason=error.message)

    def _reserve_alone(self, attempt: Attempt) -> float:
        wait = max(
            self._own.wait(attempt.user_key, self._per_user),
            self._own.wait(attempt.address_key, self._per_address),
        )
        if not wait:
            self._own.add(attempt.user_key)
            self._own.add(attempt.address_key)
        return wait


def _key(kind: str, value: str) -> str:
    # Whatever a client sends as a name becomes a short key, and no name is readable in Redis.
    return f"{_PREFIX}{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}"

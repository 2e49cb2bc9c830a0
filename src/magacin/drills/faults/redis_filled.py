"""Redis is close to its memory limit."""

from __future__ import annotations

from magacin.drills.drill import Drill, Proof

_KEY = "magacin:drill:filling"
_LIMIT = 64 * 1024 * 1024
_SHARE = 0.87
# Should nobody remove it, it goes by itself.
_SECONDS = 3600


class RedisFilled(Drill):
    """Redis gets a small limit, and a key that takes most of it."""

    proves = (
        Proof(
            alert="RedisMemoryHigh",
            severity="warning",
            service="redis",
            signal="redis_memory_used_bytes / redis_memory_max_bytes > 0.8",
        ),
    )
    uses = frozenset({"redis", "redis-exporter"})

    async def cause(self) -> None:
        """Set the limit, and fill up to it with room for the events of the others."""
        redis = self.rig.redis()
        try:
            before = (await redis.config_get("maxmemory"))["maxmemory"]
            used = int((await redis.info("memory"))["used_memory"])
            what = "give Redis its memory limit back"
            self.scope.remember("redis", what, settings={"maxmemory": before}, delete=[_KEY])
            limit = max(_LIMIT, 2 * used)
            # One command, which its log of writes has in a few bytes.
            await redis.setrange(_KEY, round(limit * _SHARE) - used, b"x")
            await redis.expire(_KEY, _SECONDS)
            await redis.config_set("maxmemory", limit)
        finally:
            await redis.aclose()

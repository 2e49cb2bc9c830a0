"""Password hashes: argon2id, computed away from the event loop and a few at a time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from magacin.contracts.auth import MAX_PASSWORD_LENGTH

T = TypeVar("T")

# OWASP's recommended minimum: 19 MiB, two passes, one lane. A gateway shares its cores with the scans, and
# passwords have at least 12 characters. Raising these rehashes everybody at their next login.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
# More at a time would only take the cores from the scans.
_THREADS = 2


class Passwords:
    """Hashes and verifies. `close` waits for what is under way."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="argon2")
        # Verified for names that do not exist, so that the time of an answer does not tell which do.
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    async def hash(self, password: SecretStr) -> str:
        """Return the hash to store."""
        return await self._run(lambda: self._hasher.hash(password.get_secret_value()))

    async def verify(self, known: str | None, password: SecretStr) -> bool:
        """Tell whether the password fits; takes as long for a user who does not exist (`None`)."""
        given = password.get_secret_value()[:MAX_PASSWORD_LENGTH]
        return await self._run(lambda: self._fits(known or self._nobody, given)) and known is not None

    def outdated(self, known: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known)

    def close(self) -> None:
        """Give the threads back."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _fits(self, known: str, given: str) -> bool:
        try:
            return self._hasher.verify(known, given)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

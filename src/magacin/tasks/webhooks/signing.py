"""Secrets of webhooks, and the signatures that are made with them (https://www.standardwebhooks.com).

No secret is stored. It is made of a random seed, which is in the table, and a key, which is not: whoever
reads the table, or a backup of it, cannot sign. Why so: docs/decisions/0138.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic import SecretStr
from standardwebhooks import Webhook

SEED_BYTES = 24


class WrongKey(Exception):
    """The secret was made with another key than the service has now."""


def new_seed() -> bytes:
    """Return what a new secret is made of."""
    return secrets.token_bytes(SEED_BYTES)


def message_id(event_id: UUID) -> str:
    """Return how receivers know an event."""
    return f"msg_{event_id.hex}"


@dataclass(frozen=True)
class Signatures:
    """Makes secrets, and signs with them; `key` is the service's."""

    key: SecretStr

    @property
    def mark(self) -> bytes:
        """Return what tells this key from others."""
        return self._made(b"mark")[:8]

    def secret(self, seed: bytes) -> str:
        """Return the secret of a seed, as its receiver is shown it."""
        return f"whsec_{base64.b64encode(self._made(b'secret', seed)).decode()}"

    def headers(
        self, id_: str, body: str, *, seed: bytes, former: bytes | None, mark: bytes
    ) -> Mapping[str, str]:
        """Return the headers that sign a body now, by the former secret as well where there is one.

        Raises `WrongKey`.
        """
        if not hmac.compare_digest(mark, self.mark):
            raise WrongKey
        now = datetime.now(UTC)
        signed = [Webhook(self.secret(one)).sign(id_, now, body) for one in (seed, former) if one]
        return {
            "webhook-id": id_,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signed),
        }

    def _made(self, purpose: bytes, seed: bytes = b"") -> bytes:
        key = self.key.get_secret_value().encode()
        return hmac.digest(key, b"magacin webhook " + purpose + b" " + seed, "sha256")

"""What is kept of the tokens that we make."""

from __future__ import annotations

import hashlib

from pydantic import SecretStr


def token_hash(token: str | SecretStr) -> bytes:
    """Return what is kept of a token that we made: whoever reads the table cannot use it.

    Ours are random, of 128 bits or more: they need no salt and no slowness, since nobody can guess them.
    """
    text = token if isinstance(token, str) else token.get_secret_value()
    return hashlib.sha256(text.encode()).digest()

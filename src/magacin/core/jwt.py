"""PyJWT, without the library that it loads for signatures by key pairs: ours are HMACs.

It loads cryptography wherever that is installed, 9 MiB in each process. None in `sys.modules` has Python
find no such module (https://docs.python.org/3/reference/import.html#the-module-cache).
"""

from __future__ import annotations

import sys

_loaded = sys.modules.get("cryptography")
sys.modules["cryptography"] = None  # type: ignore[assignment]
try:
    import jwt
finally:
    del sys.modules["cryptography"]
    if _loaded is not None:
        sys.modules["cryptography"] = _loaded

__all__ = ["jwt"]

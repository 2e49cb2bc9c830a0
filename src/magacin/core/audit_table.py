"""The table of the audit log, for whoever makes it: a superuser, to whom SQL alone is enough.

What writes entries is `core.audit`.
"""

from __future__ import annotations

from pathlib import Path

SCHEMA = "audit"
DEFINITION = Path(__file__).with_name("audit.sql").read_text(encoding="utf-8")
"""The statements by which a superuser makes the log, or puts its owner and rights right again."""

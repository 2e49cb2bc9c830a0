"""What we use of biip: check digits, UPC-E, and the table of application identifiers.

When it is imported, biip also unpacks a table of all companies' prefixes, which takes 15 MiB and says whom a
number was given to. Nobody here asks for that, so it is left out: biip takes all prefixes for unknown ones.
"""

from __future__ import annotations

import sys
from types import ModuleType


class _Unknown:
    """A kind of prefix of which biip knows none."""

    @classmethod
    def extract(cls, _: str) -> None:
        """Return that the prefix is unknown."""


_PREFIXES = ModuleType("biip.gs1_prefixes")
_PREFIXES.GS1Prefix = _PREFIXES.GS18Prefix = _PREFIXES.GS1CompanyPrefix = _Unknown  # type: ignore[attr-defined]  # it is empty
sys.modules.setdefault("biip.gs1_prefixes", _PREFIXES)

# Below what has to be in place before.
from biip import BiipException  # noqa: E402
from biip.checksums import gs1_standard_check_digit  # noqa: E402
from biip.gs1_application_identifiers import GS1ApplicationIdentifier  # noqa: E402
from biip.upc import Upc  # noqa: E402

__all__ = ["BiipException", "GS1ApplicationIdentifier", "Upc", "gs1_standard_check_digit"]

"""What a scanned code can mean; docs/scanning.md shows each kind with examples.

Pure functions; whether the article exists is the repository's to say.
"""

from __future__ import annotations

from magacin.tasks.codes.code import Code, Label, pieces
from magacin.tasks.codes.gtins import gtin14, normalise_barcode, same_codes
from magacin.tasks.codes.reading import named, read_code
from magacin.tasks.codes.rules import CodeRules, MeasureRule

__all__ = [
    "Code",
    "CodeRules",
    "Label",
    "MeasureRule",
    "gtin14",
    "named",
    "normalise_barcode",
    "pieces",
    "read_code",
    "same_codes",
]

"""Units of measure, as programs abbreviate them: one piece has some fifty names."""

from __future__ import annotations

import re

# C62 and H87 are UN/ECE Recommendation 20's for one and for a piece, as electronic invoices have them.
# fmt: off
_PIECE = frozenset((
    "piece", "pieces", "pc", "pcs", "pce", "each", "ea", "unit", "units", "un", "no", "nos", "c62",
    "h87", "stk", "st", "stck", "stück", "stueck", "kom", "komad", "komada", "ком", "комад", "комада",
    "kpl", "styck", "stuk", "stuks", "pièce", "pièces", "pza", "pieza", "ud", "uds", "unidad",
    "unidades", "pz", "pezzo", "pezzi", "sztuka", "szt", "sztuki", "ks", "kus", "kusy", "kos", "db",
    "darab", "buc", "bucată", "adet", "ad", "τεμ", "τεμάχιο", "шт", "штука", "штук", "бр", "個", "个",
    "件", "개",
))
# fmt: on


def same_unit(one: str, other: str) -> bool:
    """Tell whether two names are of one unit: the same but for case and marks, or both mean a piece."""
    return _key(one) == _key(other)


def _key(unit: str) -> str:
    name = re.sub(r"[\W_]+", "", unit.casefold())
    return "piece" if name in _PIECE else name

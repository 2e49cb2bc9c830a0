"""Which column means what: by its name, in the words that order files use, or by a given mapping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from magacin.contracts.imports import Column
from magacin.imports.parsers.table import Layout, UnreadableFile
from magacin.imports.parsers.text import printable

REQUIRED = (Column.REQUISITION, Column.SKU, Column.QUANTITY)

Mapped = Mapping[Column, str]
_MAX_COLUMNS = 1_000

# In the order of preference: of two names for the same meaning the one that stands first here wins.
# Names are compared without case, accents, blanks and punctuation.
SYNONYMS: dict[Column, tuple[str, ...]] = {
    Column.REQUISITION: (
        "requisition", "requisition number", "requisition no", "requisition id",
        "order number", "order no", "order nr", "order id", "order", "purchase order", "po number", "po",
        "invoice no", "invoice number", "invoice nr", "invoice", "document number", "document no",
        "document", "trebovanje", "broj trebovanja", "trebovanje broj", "nalog", "broj naloga", "porudžbina",
        "broj porudžbine", "narudžbina", "broj narudžbine", "narudžba", "broj narudžbe", "broj dokumenta",
        "dokument", "faktura", "broj fakture",
        "требовање", "број требовања", "налог", "број налога", "поруџбина", "број поруџбине",
    ),
    Column.SKU: (
        "sku", "stock code", "article number", "article no", "article code", "article id",
        "item number", "item no", "item code", "item id", "product code", "product number", "product no",
        "product id", "material", "material number", "part number", "part no", "code", "article", "item",
        "šifra", "šifra artikla", "šifra robe", "šifra proizvoda", "artikal", "artikl",
        "шифра", "шифра артикла", "артикал",
    ),
    Column.QUANTITY: (
        "quantity", "qty", "required quantity", "ordered quantity", "quantity ordered", "order quantity",
        "required", "pieces", "pcs", "units", "count", "amount",
        "količina", "kol", "tražena količina", "naručena količina", "komada", "kom",
        "количина", "кол", "комада",
    ),
    Column.DESCRIPTION: (
        "description", "item description", "article description", "product description", "article name",
        "item name", "product name", "name", "title", "text", "product",
        "naziv", "naziv artikla", "naziv robe", "naziv proizvoda", "opis", "opis artikla",
        "назив", "назив артикла", "опис",
    ),
    Column.BARCODE: (
        "barcode", "bar code", "gtin", "ean", "ean13", "ean code", "ean number", "upc", "gtin ean",
        "barkod", "bar kod", "бар код", "баркод",
    ),
    Column.DESTINATION: (
        "destination", "deliver to", "delivery address", "ship to", "store", "shop", "branch", "location",
        "customer name", "customer", "recipient", "country",
        "odredište", "prodavnica", "objekat", "mesto isporuke", "kupac", "primalac", "poslovnica",
        "одредиште", "продавница", "објекат", "купац",
    ),
}  # fmt: skip


class ColumnsNotFound(UnreadableFile):
    """The header lacks a column that is needed, or names one twice."""


def normalise(name: str) -> str:
    """Return a column name without what people write differently: case, accents, blanks, punctuation."""
    # đ has no decomposition, and people without its key write it as d or dj.
    folded = name.casefold().replace("đ", "d").replace("dj", "d")
    decomposed = unicodedata.normalize("NFKD", folded)
    return re.sub(r"[\W_]+", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


_RANKS: dict[Column, dict[str, int]] = {
    column: {normalise(name): rank for rank, name in reversed(list(enumerate(names)))}
    for column, names in SYNONYMS.items()
}


def recognise(header: Sequence[str], mapping: Mapped | None = None) -> Layout:
    """Return where each meaning stands; raise `ColumnsNotFound` with what was found and expected."""
    names = [name.strip() for name in header]
    if len(names) > _MAX_COLUMNS:
        raise UnreadableFile(f"The header has {len(names):,} columns; at most {_MAX_COLUMNS:,} make sense.")
    positions = _mapped(names, mapping or {})
    taken = set(positions.values())
    for column in Column:
        if column not in positions:
            found = _best(names, column, taken)
            if found is not None:
                positions[column] = found
                taken.add(found)
    missing = [column for column in REQUIRED if column not in positions]
    if missing:
        raise ColumnsNotFound(_missing_message(names, missing))
    ordered = {column: positions[column] for column in Column if column in positions}
    return Layout(
        positions=ordered,
        names={column: printable(names[position]) for column, position in ordered.items()},
        width=len(names),
        unused=[printable(name)[:64] for i, name in enumerate(names) if i not in taken and name][:50],
    )


def _mapped(names: Sequence[str], mapping: Mapped) -> dict[Column, int]:
    positions = {column: _find(names, column, wanted) for column, wanted in mapping.items()}
    if len(set(positions.values())) < len(positions):
        raise ColumnsNotFound("The mapping gives one column of the file two meanings. Give each its own.")
    return positions


def _find(names: Sequence[str], column: Column, wanted: str) -> int:
    exact = [i for i, name in enumerate(names) if name == wanted.strip()]
    found = exact or [i for i, name in enumerate(names) if name and normalise(name) == normalise(wanted)]
    if not found:
        raise ColumnsNotFound(
            f"The mapping looks for the {column.value} in the column {wanted!r}, which the file lacks. "
            f"Its columns are: {_listed(names)}."
        )
    if len(found) > 1:
        raise ColumnsNotFound(f"The file has {len(found)} columns named {wanted!r}. Rename all but one.")
    return found[0]


def _best(names: Sequence[str], column: Column, taken: set[int]) -> int | None:
    ranks = _RANKS[column]
    found = sorted(
        (ranks[normalise(name)], i)
        for i, name in enumerate(names)
        if i not in taken and normalise(name) in ranks
    )
    if len(found) > 1 and found[0][0] == found[1][0]:
        raise ColumnsNotFound(
            f"Two columns are named {names[found[0][1]]!r}, and either could be the {column.value}. "
            "Rename one of them, or give a mapping."
        )
    return found[0][1] if found else None


def _missing_message(names: Sequence[str], missing: Sequence[Column]) -> str:
    wanted = "; ".join(f"{column.value} (for example {_examples(column)})" for column in missing)
    return (
        f"The header lacks {wanted}. Its columns are: {_listed(names)}. "
        "Rename the columns, or give a mapping such as "
        f"{missing[0].value}={next((name for name in names if name), 'NAME')!r}."
    )


def _examples(column: Column) -> str:
    return ", ".join(SYNONYMS[column][:3])


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:30] if name]
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return (", ".join(shown) or "none") + more

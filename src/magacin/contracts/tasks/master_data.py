"""Articles and locations by the thousand: all of them as files, and articles from rows of one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Payload, examples

ARTICLE_COLUMNS = ("sku", "description", "barcode", "pieces", "level")
"""Of an article a row for each of its barcodes; one without any where it has none."""
LOCATION_COLUMNS = ("code", "zone", "aisle", "sequence")

MOST_ROWS, MOST_REJECTS = 10_000, 200

# As it stands in a file. What is wrong with it costs the row, and is told with the others.
_Written = Annotated[str, Field(max_length=500)]


class ArticleRow(Payload):
    """A row of a file of articles; an empty cell leaves what is there."""

    row: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] = Field(
        description="Its number in the file, for people."
    )
    sku: _Written
    description: _Written = ""
    barcode: _Written = ""
    pieces: _Written = Field(default="", description="Whole pieces that one scan of the barcode counts.")
    level: _Written = Field(default="", description="each, inner, case or pallet.")


class ArticleRows(Payload):
    """Rows of a file of articles, in the columns in which they are saved. All of them count, or none."""

    model_config = examples(
        {
            "rows": [
                {"row": 2, "sku": "WATER-15", "description": "Mineral water 1.5 l"},
                {"row": 3, "sku": "WATER-15", "barcode": "WATER-CASE", "pieces": "6", "level": "case"},
            ]
        }
    )

    rows: Annotated[list[ArticleRow], Field(min_length=1, max_length=MOST_ROWS)]


class LocationRow(Payload):
    """A row of a file of locations; an empty cell leaves what is there."""

    row: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
    location: _Written
    zone: _Written = ""
    aisle: _Written = ""
    sequence: _Written = Field(default="", description="Needed of one that is new.")


class ImportedRows(Payload):
    """Rows of an import that was handed in `by` somebody. Each counts by itself, or is rejected."""

    by: Annotated[str, Field(min_length=1, max_length=200)]
    preview: bool = Field(default=False, description="Say what would happen, and change nothing.")


class ImportedArticles(ImportedRows):
    """Rows of a file of articles, as they come from the file."""

    chunks: list[list[ArticleRow]]


class ImportedLocations(ImportedRows):
    """Rows of a file of locations, as they come from the file."""

    chunks: list[list[LocationRow]]


class RowsTaken(BaseModel):
    """What became of rows, or would become of them: each is in one of the three."""

    rows_changed: int = Field(description="Rows by which something is another than before.")
    rows_unchanged: int = Field(description="Rows that say what is there already.")
    rejects: list[RowReject]


class RowsMode(BaseModel):
    """Whether to import."""

    preview: bool = Field(default=False, description="Say what would happen, and change nothing.")


class RowReject(BaseModel):
    """What is wrong with a row."""

    row: int
    column: str
    message: str
    value: str
    subject: str = Field(default="", description="The article or location that the row names.")


class RowsOutcome(BaseModel):
    """What became of rows, or would become of them."""

    rows: int
    rows_rejected: int
    articles_created: int
    articles_described: int = Field(description="Of those that were there: called otherwise now.")
    barcodes_added: int
    barcodes_changed: int = Field(description="Of those that were there: they count other pieces now.")
    rejects: list[RowReject] = Field(description=f"The first {MOST_REJECTS} of them.")


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ARTICLES_AS_CSV = Endpoint(
    "GET",
    "/api/master-data/articles.csv",
    "All articles with their barcodes as CSV",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_READ,
    media_type="text/csv",
    bulk=True,
)
ARTICLES_AS_XLSX = Endpoint(
    "GET",
    "/api/master-data/articles.xlsx",
    "All articles with their barcodes as a workbook",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_READ,
    media_type=_XLSX,
    bulk=True,
)
LOCATIONS_AS_CSV = Endpoint(
    "GET",
    "/api/master-data/locations.csv",
    "All locations as CSV",
    role=Role.SUPERVISOR,
    media_type="text/csv",
    bulk=True,
)
LOCATIONS_AS_XLSX = Endpoint(
    "GET",
    "/api/master-data/locations.xlsx",
    "All locations as a workbook",
    role=Role.SUPERVISOR,
    media_type=_XLSX,
    bulk=True,
)
IMPORT_ARTICLES = Endpoint(
    "POST",
    "/api/master-data/articles",
    "Create and describe articles and their barcodes by the thousand",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.ARTICLE_SAVED, Action.BARCODE_ADDED, Action.BARCODE_CHANGED),
    query=RowsMode,
    body=ArticleRows,
    answer=RowsOutcome,
    errors=(409,),
)
TAKE_ARTICLES = Endpoint(
    "POST",
    "/internal/master-data/articles",
    "Take rows of an import of articles",
    role=None,
    audited=(Action.ARTICLE_SAVED, Action.BARCODE_ADDED, Action.BARCODE_CHANGED),
    body=ImportedArticles,
    answer=RowsTaken,
    errors=(409,),
)
TAKE_LOCATIONS = Endpoint(
    "POST",
    "/internal/master-data/locations",
    "Take rows of an import of locations",
    role=None,
    audited=(Action.LOCATION_SAVED,),
    body=ImportedLocations,
    answer=RowsTaken,
)

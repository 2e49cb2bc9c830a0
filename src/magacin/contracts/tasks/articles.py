"""Articles and their barcodes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from magacin.contracts.actions import Action
from magacin.contracts.badges import no_badge
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.order_files import MAX_SKU_LENGTH
from magacin.contracts.payloads import PLAIN, Composed, Page, Paging, Payload, Quantity, Seen, Text, examples

Sku = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SKU_LENGTH, pattern=PLAIN),
    Composed,
]
Barcode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=48, pattern=PLAIN), Composed
]
# What is to be kept; what is only looked for may be anything.
NewSku = Annotated[Sku, Seen, AfterValidator(no_badge)]
NewBarcode = Annotated[Barcode, Seen, AfterValidator(no_badge)]
SkuPath = Annotated[Sku, Field(description="An article's SKU; a slash in it is sent as %2F.")]
NewSkuPath = Annotated[SkuPath, Seen, AfterValidator(no_badge)]
BarcodePath = Annotated[Barcode, Field(description="A barcode, in any form that a scan of it could have.")]


class ArticleIn(Payload):
    """An article's description, as set by a supervisor."""

    model_config = examples({"description": "Mineral water 1.5 l"})

    description: Text = ""


class PackLevel(StrEnum):
    """What a barcode stands for, from the smallest to the largest."""

    EACH = "each"
    INNER = "inner"
    CASE = "case"
    PALLET = "pallet"


class PackContent(Payload):
    """What a pack holds: so many packs of another barcode of the same article."""

    code: Barcode
    count: Quantity


class PackIn(Payload):
    """How many pieces a barcode stands for. A pack is told by its pieces, or by the packs that it holds."""

    model_config = examples(
        {"pieces": 6, "level": "case"},
        {"contains": {"code": "14006381333938", "count": 4}, "level": "pallet"},
    )

    pieces: Quantity | None = Field(default=None, description="Whole pieces; 1 where nothing is said.")
    contains: PackContent | None = Field(
        default=None, description="Instead of pieces. What counts are its pieces as they are now."
    )
    level: PackLevel | None = Field(
        default=None, description="`each` for a single piece and `case` for more, where nothing is said."
    )

    @model_validator(mode="after")
    def _is_told_once(self) -> Self:
        if self.pieces is not None and self.contains is not None:
            raise ValueError("pieces and contains exclude each other")
        if self.level is PackLevel.EACH and (self.contains is not None or (self.pieces or 1) > 1):
            raise ValueError("each is a single piece; inner, case and pallet have more")
        return self


class BarcodeIn(PackIn):
    """A barcode to add to an article: a GTIN in any of its forms, or an in-house code."""

    model_config = examples(
        {"code": "4006381333931"}, {"code": "14006381333938", "pieces": 6, "level": "case"}
    )

    code: NewBarcode


class Pack(BaseModel):
    """A barcode that stands for a pack; one scan of it counts its pieces."""

    code: str
    pieces: int
    level: PackLevel


class Article(BaseModel):
    """An article with its barcodes; GTINs are shown in their 14-digit form."""

    sku: str
    description: str
    barcodes: list[str]
    packs: list[Pack] = Field(description="Those of the barcodes that are not of a single piece.")


class ArticleQuery(Paging):
    """Which articles to list."""

    query: Annotated[
        str,
        Field(max_length=100, pattern=r"^[^\x00]*$", description="Part of the SKU or the description."),
    ] = ""


LIST_ARTICLES = Endpoint(
    "GET",
    "/api/articles",
    "Articles",
    role=Role.WORKER,
    scope=Scope.ARTICLES_READ,
    query=ArticleQuery,
    answer=Page[Article],
)
GET_ARTICLE = Endpoint(
    "GET",
    "/api/articles/{sku:path}",
    "One article with its barcodes",
    role=Role.WORKER,
    scope=Scope.ARTICLES_READ,
    parameters={"sku": SkuPath},
    answer=Article,
)
# Before the article's own, whose SKU may have slashes.
SET_PACK = Endpoint(
    "PUT",
    "/api/articles/{sku:path}/barcodes/{code}",
    "Say how many pieces a barcode stands for",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.BARCODE_CHANGED,),
    parameters={"sku": SkuPath, "code": BarcodePath},
    body=PackIn,
    answer=Article,
    errors=(409,),
)
PUT_ARTICLE = Endpoint(
    "PUT",
    "/api/articles/{sku:path}",
    "Create or describe an article",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.ARTICLE_SAVED,),
    parameters={"sku": NewSkuPath},
    body=ArticleIn,
    answer=Article,
    errors=(409,),
)
ADD_BARCODE = Endpoint(
    "POST",
    "/api/articles/{sku:path}/barcodes",
    "Add a barcode to an article",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.BARCODE_ADDED,),
    parameters={"sku": SkuPath},
    body=BarcodeIn,
    answer=Article,
    status=201,
    errors=(409,),
)
REMOVE_BARCODE = Endpoint(
    "DELETE",
    "/api/articles/{sku:path}/barcodes/{code}",
    "Remove a barcode",
    role=Role.SUPERVISOR,
    scope=Scope.ARTICLES_WRITE,
    audited=(Action.BARCODE_REMOVED,),
    parameters={"sku": SkuPath, "code": BarcodePath},
    status=204,
    errors=(409,),
)

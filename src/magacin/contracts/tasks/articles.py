"""Articles and their barcodes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, Page, Paging, Payload, Text

MAX_SKU_LENGTH = 64

Sku = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SKU_LENGTH, pattern=PLAIN)
]
Barcode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=48, pattern=PLAIN)]
SkuPath = Annotated[Sku, Field(description="An article's SKU; a slash in it is sent as %2F.")]
BarcodePath = Annotated[Barcode, Field(description="A barcode, in any form that a scan of it could have.")]


class ArticleIn(Payload):
    """An article's description, as set by a supervisor."""

    description: Text = ""


class BarcodeIn(Payload):
    """A barcode to add to an article: a GTIN in any of its forms, or an in-house code."""

    code: Barcode


class Article(BaseModel):
    """An article with its barcodes; GTINs are shown in their 14-digit form."""

    sku: str
    description: str
    barcodes: list[str]


class ArticleQuery(Paging):
    """Which articles to list."""

    query: Annotated[
        str,
        Field(max_length=100, pattern=r"^[^\x00]*$", description="Part of the SKU or the description."),
    ] = ""


LIST_ARTICLES = Endpoint(
    "GET", "/api/articles", "Articles", role=Role.WORKER, query=ArticleQuery, answer=Page[Article]
)
GET_ARTICLE = Endpoint(
    "GET",
    "/api/articles/{sku:path}",
    "One article with its barcodes",
    role=Role.WORKER,
    parameters={"sku": SkuPath},
    answer=Article,
)
PUT_ARTICLE = Endpoint(
    "PUT",
    "/api/articles/{sku:path}",
    "Create or describe an article",
    role=Role.SUPERVISOR,
    parameters={"sku": SkuPath},
    body=ArticleIn,
    answer=Article,
    errors=(409,),
)
ADD_BARCODE = Endpoint(
    "POST",
    "/api/articles/{sku:path}/barcodes",
    "Add a barcode to an article",
    role=Role.SUPERVISOR,
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
    parameters={"sku": SkuPath, "code": BarcodePath},
    status=204,
    errors=(409,),
)

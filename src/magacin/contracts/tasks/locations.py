"""Locations: where articles lie, in the order in which a round through the warehouse passes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, Composed, Page, Paging, Payload, Text
from magacin.contracts.tasks.articles import SkuPath

LocationCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=PLAIN), Composed
]
LocationPath = Annotated[LocationCode, Field(description="A location's code; a slash in it is sent as %2F.")]


class LocationIn(Payload):
    """A location as a supervisor describes it."""

    zone: Text = ""
    aisle: Text = ""
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = Field(
        description="Where a round through the warehouse comes past it: the lowest first."
    )


class Location(BaseModel):
    """A location."""

    code: str
    zone: str
    aisle: str
    sequence: int


class ArticleLocationsIn(Payload):
    """All places of an article. An empty list takes the article out of all of them."""

    locations: Annotated[list[LocationCode], Field(max_length=100)]


class ArticleLocations(BaseModel):
    """The places of an article, in walking order."""

    sku: str
    locations: list[Location]


LIST_LOCATIONS = Endpoint(
    "GET", "/api/locations", "Locations", role=Role.WORKER, query=Paging, answer=Page[Location]
)
PUT_LOCATION = Endpoint(
    "PUT",
    "/api/locations/{code:path}",
    "Create or describe a location",
    role=Role.SUPERVISOR,
    parameters={"code": LocationPath},
    body=LocationIn,
    answer=Location,
)
REMOVE_LOCATION = Endpoint(
    "DELETE",
    "/api/locations/{code:path}",
    "Remove a location at which nothing lies",
    role=Role.SUPERVISOR,
    parameters={"code": LocationPath},
    status=204,
    errors=(409,),
)
GET_ARTICLE_LOCATIONS = Endpoint(
    "GET",
    "/api/articles/{sku:path}/locations",
    "Where an article lies",
    role=Role.WORKER,
    parameters={"sku": SkuPath},
    answer=ArticleLocations,
)
PUT_ARTICLE_LOCATIONS = Endpoint(
    "PUT",
    "/api/articles/{sku:path}/locations",
    "Say where an article lies",
    role=Role.SUPERVISOR,
    parameters={"sku": SkuPath},
    body=ArticleLocationsIn,
    answer=ArticleLocations,
)

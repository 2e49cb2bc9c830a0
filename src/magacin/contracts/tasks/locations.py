"""Locations: where articles lie, in the order in which a round through the warehouse passes them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role
from magacin.contracts.payloads import PLAIN, Composed, Page, Paging, Payload, Text, examples
from magacin.contracts.tasks.articles import SkuPath

LocationCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=PLAIN), Composed
]
LocationPath = Annotated[LocationCode, Field(description="A location's code; a slash in it is sent as %2F.")]


class LocationIn(Payload):
    """A location as a supervisor describes it."""

    model_config = examples({"zone": "Cold store", "aisle": "A", "sequence": 120})

    zone: Text = ""
    aisle: Text = ""
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = Field(
        description="Where a round through the warehouse comes past it: the lowest first."
    )


class LocationQuery(Paging):
    """Which locations to list."""

    query: Annotated[
        str, Field(max_length=100, pattern=r"^[^\x00]*$", description="Part of the code, zone or aisle.")
    ] = ""


class Location(BaseModel):
    """A location."""

    code: str
    zone: str
    aisle: str
    sequence: int


class ArticleLocationsIn(Payload):
    """All places of an article. An empty list takes the article out of all of them."""

    model_config = examples({"locations": ["A-12", "B-03"]})

    locations: Annotated[list[LocationCode], Field(max_length=100)]


class ArticleLocations(BaseModel):
    """The places of an article, in walking order."""

    sku: str
    locations: list[Location]


LIST_LOCATIONS = Endpoint(
    "GET", "/api/locations", "Locations", role=Role.WORKER, query=LocationQuery, answer=Page[Location]
)
PUT_LOCATION = Endpoint(
    "PUT",
    "/api/locations/{code:path}",
    "Create or describe a location",
    role=Role.SUPERVISOR,
    audited=(Action.LOCATION_SAVED,),
    parameters={"code": LocationPath},
    body=LocationIn,
    answer=Location,
)
REMOVE_LOCATION = Endpoint(
    "DELETE",
    "/api/locations/{code:path}",
    "Remove a location at which nothing lies",
    role=Role.SUPERVISOR,
    audited=(Action.LOCATION_REMOVED,),
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
    audited=(Action.ARTICLE_PLACED,),
    parameters={"sku": SkuPath},
    body=ArticleLocationsIn,
    answer=ArticleLocations,
)

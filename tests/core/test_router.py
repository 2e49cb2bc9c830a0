"""Handlers that do something else than their endpoint declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import pytest
from fastapi import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import Response

from magacin.core.endpoint import Endpoint, Id
from magacin.core.router import Disagreement, Json, Router

Colour = Annotated[str, Field(max_length=10)]


class Shelf(BaseModel):
    height: int


class Filter(BaseModel):
    full: bool = False


SHELVES = Endpoint("GET", "/shelves", "Shelves", tag="shelves", query=Filter, answer=list[Shelf])
SHELF = Endpoint("GET", "/shelves/{shelf_id}", "One shelf", tag="shelves", answer=Shelf)
PAINT = Endpoint(
    "PUT",
    "/shelves/{shelf_id}/{colour:path}",
    "Paint a shelf",
    tag="shelves",
    parameters={"colour": Colour},
    status=204,
)
BUILD = Endpoint("POST", "/shelves", "Build a shelf", tag="shelves", body=Shelf, answer=Shelf, status=201)
HASTY = replace(BUILD, status=200)


def handled(endpoint: Endpoint, handler: Callable[..., Any]) -> APIRoute:
    router = Router()
    router.handles(endpoint)(handler)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    return route


async def shelves(wanted: Annotated[Filter, Query()]) -> list[Shelf]:
    raise NotImplementedError


async def shelf(shelf_id: Id) -> Shelf:
    raise NotImplementedError


async def paint(shelf_id: Id, colour: Colour) -> None:
    raise NotImplementedError


async def build(wanted: Shelf) -> Shelf:
    raise NotImplementedError


async def hasty(wanted: Shelf) -> Json[Shelf]:
    raise NotImplementedError


async def nameless(shelf_id: int) -> Shelf:
    raise NotImplementedError


async def silent(shelf_id: Id) -> Response:
    raise NotImplementedError


async def careless() -> list[Shelf]:
    raise NotImplementedError


async def curious(wanted: Annotated[Filter, Query()], empty: bool = True) -> list[Shelf]:
    raise NotImplementedError


async def idle() -> Shelf:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("endpoint", "handler"),
    [(SHELVES, shelves), (SHELF, shelf), (PAINT, paint), (BUILD, build), (HASTY, hasty)],
)
def test_a_handler_that_does_what_is_declared(endpoint: Endpoint, handler: Callable[..., Any]) -> None:
    route = handled(endpoint, handler)
    assert (route.path_format, route.methods) == (endpoint.template, {endpoint.method})
    assert (route.status_code, route.response_model) == (endpoint.status, endpoint.answer)


@pytest.mark.parametrize(
    ("endpoint", "handler", "said"),
    [
        (SHELF, shelves, r"GET /shelves/\{shelf_id\}.*it answers list\[.*Shelf\] where Shelf is declared"),
        (SHELF, silent, "it answers nothing where Shelf is declared"),
        (BUILD, hasty, "with the status 200 where 201 is declared"),
        (SHELVES, careless, "it does not take the query, which is declared as Filter"),
        (SHELVES, curious, "it takes empty, bool, from the query, which declares Filter"),
        (
            replace(SHELVES, query=None),
            shelves,
            "wanted, Filter, from the query, which declares nothing",
        ),
        (SHELF, idle, "it takes nothing as shelf_id where int is declared"),
        (SHELF, nameless, "it takes int as shelf_id where int is declared"),
        (replace(PAINT, parameters={"colour": bool}), paint, "it takes str as colour where bool is declared"),
        (BUILD, idle, "it does not take the body, which is declared as Shelf"),
        (replace(BUILD, body=None), build, "it takes wanted, Shelf, from the body, which declares nothing"),
    ],
)
def test_one_that_does_something_else(endpoint: Endpoint, handler: Callable[..., Any], said: str) -> None:
    with pytest.raises(Disagreement, match=said):
        handled(endpoint, handler)

"""What every service does first, done once for all, in a process before services are forked from it.

Libraries fill caches and finish themselves at their first table, model and route, and the interpreter notes
in each function how it is used. Done before the fork this is shared; after it, it is 4 MiB of each service.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import BaseModel, Field, field_validator
from sqlalchemy import Column, ForeignKey, Identity, Index, Integer, Table, Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, asyncpg, insert

from magacin.core.db import metadata_for
from magacin.core.settings import DatabaseSettings, RedisSettings, ServiceSettings


class _Part(BaseModel):
    name: str = Field(min_length=1, max_length=10)
    number: int | None = None

    @field_validator("name")
    @classmethod
    def _stripped(cls, value: str) -> str:
        return value.strip()


class _Whole(_Part):
    parts: list[_Part] = Field(default_factory=list)


def _needed(request: Request) -> str:
    return request.method


def warm_up() -> None:
    """Make a table, statements, settings, models and routes like those of services, and forget them."""
    _tables()
    _models()
    _routes()


def _tables() -> None:
    metadata = metadata_for("warm_up")
    key = Column("id", Integer, Identity(always=True), primary_key=True)
    name = Column("name", Text, nullable=False, unique=True)
    wholes = Table("wholes", metadata, key, name, Column("at", JSONB, server_default=func.now()))
    whole: Column[int] = Column("whole_id", ForeignKey(wholes.c.id), nullable=False)
    parts = Table("parts", metadata, whole, Index("ix_parts", "whole_id", postgresql_where=text("true")))
    found = select(wholes.c.name).join(parts).where(wholes.c.name == "a").order_by(wholes.c.id).limit(1)
    kept = insert(wholes).values(name="a").on_conflict_do_nothing().returning(wholes.c.id)
    for statement in (found, kept):
        statement.compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]  # typed in part


def _models() -> None:
    class _Settings(DatabaseSettings, RedisSettings, ServiceSettings):
        port: int = Field(default=0, ge=0, le=65535)

    class _More(_Whole):
        more: _Part

    _More.model_validate({"name": " a ", "parts": [{"name": "b", "number": 1}], "more": {"name": "c"}})


def _routes() -> None:
    router = APIRouter(tags=["warm up"])

    @router.get("/wholes/{name}", summary="Is never served")
    async def one(
        name: str, needed: Annotated[str, Depends(_needed)], wanted: Annotated[_Part, Query()]
    ) -> _Whole:
        raise NotImplementedError

    @router.post("/wholes", responses={404: {"model": _Part}})
    async def post(whole: _Whole) -> list[_Part]:
        raise NotImplementedError

    FastAPI().include_router(router)

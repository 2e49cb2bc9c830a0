"""What every operation's OpenAPI description shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs; never changes.")
    message: str = Field(description="For people: what happened and what to do.")
    details: dict[str, Any] = Field(description="What either needs to go on.")


class ErrorBody(BaseModel):
    """The one form in which every error is answered."""

    error: ErrorDetail


_MEANINGS = {
    400: "The body is not valid JSON",
    401: "No access token, or one that is expired, forged or ended",
    403: "The role is too low, or the object is somebody else's",
    404: "There is no such thing",
    409: "It contradicts the present state; the code says which part of it",
    410: "It was there and has expired",
    413: "The body is too large",
    415: "The file is of a kind that is not taken",
    422: "Well-formed, and makes no sense",
    429: "Too many attempts; `Retry-After` says how many seconds to wait",
    502: "A service broke off its answer; whether it did the work is not known",
    503: "A service or store is down; whether the work was done is not known",
    504: "A service took too long; whether it did the work is not known",
}


def errors(statuses: Iterable[int]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation that can answer these errors."""
    return {status: {"model": ErrorBody, "description": _MEANINGS[status]} for status in sorted(statuses)}

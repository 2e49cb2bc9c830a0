"""What the payloads of all services are made of: types of fields, pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from magacin.contracts.identity import USERNAME_PATTERN
from magacin.contracts.order_files import MAX_QUANTITY, MAX_TEXT_LENGTH

T = TypeVar("T")

# NUL cannot be stored by PostgreSQL, and no control character belongs into a label that people read.
PLAIN = r"^[^\x00-\x1f\x7f]+$"


def _composed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _seen(name: str) -> str:
    if not name.isascii() and (unseen := {c for c in name if unicodedata.category(c) == "Cf"}):
        shown = ", ".join(sorted(f"U+{ord(c):04X}" for c in unseen))
        raise ValueError(f"has characters that nobody sees ({shown}): leave them out")
    return name


# Two names that look alike are one: accents are in one character with their letter (Unicode, UAX 15, form C).
Composed = AfterValidator(_composed)
# And nothing that nobody sees tells two of them apart, where one is kept.
Seen = AfterValidator(_seen)
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Username = Annotated[str, StringConstraints(pattern=USERNAME_PATTERN)]
# Strict: `true` and `"1"` are not quantities, and a scanner that sends them is not configured right.
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]
# With a zone, because a warehouse and its customers may be in two; within what every program can hold.
DueTime = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))]
_LONGEST = timedelta(days=731)

After = Annotated[int, Field(ge=0, le=2**63 - 1, description="`next_after` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=500, description="Items on a page, at most.")]


def examples(*bodies: dict[str, Any]) -> ConfigDict:
    """Return what has OpenAPI show these for a model; each is one that is taken."""
    return ConfigDict(json_schema_extra={"examples": list(bodies)})


class Payload(BaseModel):
    """A payload that refuses fields it does not know: a misspelt one must not be ignored."""

    model_config = ConfigDict(extra="forbid")


class Paging(BaseModel):
    """The query that asks for one page of a list."""

    after: After = 0
    limit: Limit = 100


class Days(BaseModel):
    """Of which days, both included. Without them, of today and the six days before."""

    first_day: Day | None = Field(default=None, examples=["2027-03-01"])
    last_day: Day | None = Field(default=None, examples=["2027-03-07"])

    @model_validator(mode="after")
    def _are_a_period(self) -> Self:
        if (self.first_day is None) != (self.last_day is None):
            raise ValueError("give first_day and last_day, or neither")
        if self.first_day and self.last_day:
            if self.last_day < self.first_day:
                raise ValueError("last_day is before first_day")
            if self.last_day - self.first_day >= _LONGEST:
                raise ValueError(f"{_LONGEST.days} days are the most")
        return self


class Page(BaseModel, Generic[T]):
    """A page of a list; `next_after` asks for the following one, None at the end."""

    items: list[T]
    next_after: int | None

    @classmethod
    def of(cls, items: Sequence[T], limit: int, last: Callable[[], int]) -> Page[T]:
        """Return a page of at most `limit`; a full one has more behind it, from the id of its last one on."""
        return cls(items=[*items], next_after=last() if len(items) == limit else None)

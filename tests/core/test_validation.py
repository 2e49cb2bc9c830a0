from __future__ import annotations

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from magacin.core.validation import explained


class Example(BaseModel):
    password: SecretStr = Field(default=SecretStr("x" * 12), min_length=12, max_length=20)
    name: str = Field(default="a", max_length=3)
    colour: str = "red"

    @field_validator("colour")
    @classmethod
    def _known(cls, value: str) -> str:
        if value != "red":
            raise ValueError("is red")
        return value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("password", "short", "Value should have at least 12 characters"),
        ("password", "x" * 21, "Value should have at most 20 characters"),
        ("name", "abcd", "String should have at most 3 characters"),
        ("colour", "blue", "is red"),
    ],
)
def test_a_person_understands_it(field: str, value: str, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate({field: value})
    assert [explained(problem) for problem in caught.value.errors()] == [said]

"""What pydantic finds wrong, in words for whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def explained(problem: Mapping[str, Any]) -> str:
    """Return the message of one item of `ValidationError.errors()`, without a secret or the length of one."""
    context = problem.get("ctx", {})
    # What pydantic calls a SecretStr, whose characters are items to it.
    if context.get("field_type") == "Value":
        least = problem["type"] == "too_short"
        count = context["min_length" if least else "max_length"]
        return f"Value should have at {'least' if least else 'most'} {count} characters"
    message: str = problem["msg"]
    return message.removeprefix("Value error, ")

"""What of a refused operation is recorded: as much as could be read of it, and not more than fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import orjson

from magacin.contracts.badges import without_badge
from magacin.contracts.tasks.refusals import OperationKind
from magacin.core.validation import explained

MAX_TEXT = 512
_KINDS = frozenset(OperationKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An operation that nothing could be made of. Texts are those that PostgreSQL can store."""

    worker: str
    reason: str
    kind: str | None = None
    operation_id: UUID | None = None
    task_id: int | None = None
    code: str | None = None
    detail: str | None = None
    picked_at: datetime | None = None
    handed_in_by: str | None = None

    @classmethod
    def read(
        cls, sent: Any, *, worker: str, reason: str, detail: str | None = None, kind: str | None = None
    ) -> Self:
        """Read what can be read of whatever was sent as an operation."""
        fields = sent if isinstance(sent, dict) else {}
        named, task_id, code = fields.get("kind"), fields.get("task_id"), fields.get("code")
        return cls(
            worker=worker,
            reason=reason,
            kind=kind or (named if isinstance(named, str) and named in _KINDS else None),
            operation_id=_uuid(fields.get("operation_id")),
            task_id=task_id if type(task_id) is int and 1 <= task_id < 2**63 else None,
            code=storable(code) if isinstance(code, str) else None,
            detail=storable(detail) if detail else None,
        )


def storable(written: str) -> str:
    """Return the beginning of a text, with a mark for what is no character or cannot be stored.

    A badge is never kept, wherever it was scanned into.
    """
    beginning = without_badge(written[: 2 * MAX_TEXT])[:MAX_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return beginning.encode("utf-8", "replace").decode("utf-8")


def _uuid(written: Any) -> UUID | None:
    try:
        return UUID(written)
    except (ValueError, TypeError, AttributeError):
        return None


def malformed(
    body: Any, problems: Sequence[dict[str, Any]], *, worker: str, reason: str, kind: str | None
) -> list[Refused]:
    """Return what is malformed of a body: the operations of a batch that are, else the body as a whole.

    `kind` is what the endpoint takes, None where operations say it themselves.
    """
    of_items: dict[int, str] = {}
    of_whole = ""
    operations = _operations(body) if kind is None else []
    for problem in problems:
        match problem["loc"]:
            case ("body", "operations", int(place), *rest) if place < len(operations):
                of_items.setdefault(place, _said(rest, problem))
            case (_, *rest):
                of_whole = of_whole or _said(rest, problem)
    if of_whole or not of_items:
        return [Refused.read(body, worker=worker, reason=reason, detail=of_whole, kind=kind)]
    return [
        Refused.read(operations[place], worker=worker, reason=reason, detail=detail)
        for place, detail in of_items.items()
    ]


def _operations(body: Any) -> list[Any]:
    operations = body.get("operations") if isinstance(body, dict) else None
    return operations if isinstance(operations, list) else []


def _said(place: Iterable[Any], problem: dict[str, Any]) -> str:
    where = ".".join(map(str, place))
    return f"{where}: {explained(problem)}" if where else explained(problem)


def parsed(body: bytes | str) -> Any:
    """Return what a body says, None where it is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None

"""What an HTTP endpoint is, said once: for who answers it, for who passes requests on to it, for OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
UPLOAD = "multipart/form-data"

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An id in a path."""

_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True)
class Endpoint:
    """One endpoint. `core.router` makes a route of it, and refuses a handler that does anything else.

    `path` has its parameters in braces, `{sku:path}` where a value may have a slash; what they are is in
    `parameters`, except for ids, whose names end in `_id`. `query` and `body` are models. `answer` is what
    stands in the body of a success, None where there is none or it is not JSON. `trial` is what stands in
    the body of a 200 where the caller may ask what would happen, and nothing does. `errors` are the statuses
    that do not follow from the rest.
    """

    method: Method
    path: str
    summary: str
    _: KW_ONLY
    tag: str = ""
    answer: Any = None
    trial: type[BaseModel] | None = None
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    takes: str = JSON
    media_type: str = JSON
    listed: bool = True

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def template(self) -> str:
        """Return the path as clients know it: `/api/articles/{sku}`."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @property
    def group(self) -> str:
        """Return what it stands under in documents: its tag, or what its path begins with after `/api`."""
        return self.tag or self.path.split("/")[2]

    @property
    def path_types(self) -> dict[str, Any]:
        """Return what the parameters in the path are, in their order."""
        return {name: self.parameters.get(name, Id) for name, _ in _PARAMETER.findall(self.path)}

    @property
    def error_statuses(self) -> set[int]:
        """Return all statuses of errors: those of a body, of the parameters, and the others."""
        of_body = {400, 413, 422} if self.body else set()
        of_path = {404, 422} if self.path_types else set()
        of_query = {422} if self.query else set()
        return of_body | of_path | of_query | set(self.errors)

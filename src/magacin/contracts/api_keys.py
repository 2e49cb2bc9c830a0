"""API keys: how programs of others, such as an ERP, show who they are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import Role, Scope
from magacin.contracts.payloads import Payload, examples

KEY_PREFIX = "mgk_"
"""What each key begins with, so that people and programs that look for secrets know one."""

# It is shown where people's names are, as `key:erp`: as no user can be called.
KeyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,27}$")]


def _each_once(scopes: list[Scope]) -> list[Scope]:
    return sorted(set(scopes))


class ApiKeyIn(Payload):
    """A new key."""

    model_config = examples(
        {
            "name": "erp",
            "scopes": ["requisitions:write", "imports:read"],
            "expires_at": "2100-01-01T00:00:00Z",
        }
    )

    name: KeyName = Field(description="Of the program; never given to another one.")
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=50), AfterValidator(_each_once)]
    expires_at: AwareDatetime | None = Field(default=None, description="From then on it is refused.")


class ApiKey(BaseModel):
    """A key, by what it is recognised."""

    key_id: int
    name: str
    prefix: str = Field(description="What the key begins with.")
    scopes: list[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")


class NewApiKey(ApiKey):
    """A key as it is shown this once."""

    key: str


LIST_KEYS = Endpoint("GET", "/api/keys", "All API keys", role=Role.ADMIN, answer=list[ApiKey], errors=(503,))
CREATE_KEY = Endpoint(
    "POST",
    "/api/keys",
    "Make a key for a program",
    role=Role.ADMIN,
    audited=(Action.KEY_MADE,),
    body=ApiKeyIn,
    answer=NewApiKey,
    status=201,
    errors=(409, 503),
)
REVOKE_KEY = Endpoint(
    "DELETE",
    "/api/keys/{key_id}",
    "Revoke a key",
    role=Role.ADMIN,
    audited=(Action.KEY_REVOKED,),
    status=204,
    errors=(503,),
)

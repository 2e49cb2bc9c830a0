"""Logging in and out, and the people who may: what the gateway answers itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from magacin.contracts.actions import Action
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.identity import PersonRole, Role
from magacin.contracts.payloads import Payload, Username, examples

MIN_PASSWORD_LENGTH = 12
# Argon2 hashes any length; the limit keeps a login from being a way to burn our CPU.
MAX_PASSWORD_LENGTH = 256


def _encodable(secret: SecretStr) -> SecretStr:
    # JSON can carry half a character (\\ud800), which no encoding can write and no hash take.
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a character") from None
    return secret


Secret = Annotated[SecretStr, AfterValidator(_encodable)]
DeviceSecret = Annotated[Secret, Field(max_length=128)]


class LoginIn(Payload):
    """Username and password; and on which enrolled device, where it is one."""

    model_config = examples({"username": "ana", "password": "a long sentence that only Ana knows"})

    username: Annotated[str, Field(max_length=64)]
    password: Annotated[Secret, Field(max_length=MAX_PASSWORD_LENGTH)]
    device_id: UUID | None = Field(
        default=None, description="The device that it is on; a PIN that was locked there works again then."
    )
    device_secret: DeviceSecret | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.device_id is None) != (self.device_secret is None):
            raise ValueError("device_id and device_secret belong together")
        return self


class RefreshIn(Payload):
    """A refresh token; it works once, or in a short grace again, and is replaced by the one in the answer."""

    model_config = examples({"refresh_token": "the refresh_token of the answer before"})

    refresh_token: Annotated[Secret, Field(max_length=4096)]


class Tokens(BaseModel):
    """A pair of tokens."""

    access_token: str
    refresh_token: str
    token_type: str = "bearer"  # noqa: S105  the scheme's name, not a token
    expires_in: int = Field(description="Seconds until the access token expires.")


class User(BaseModel):
    """A person who may log in."""

    username: str
    role: Role
    active: bool


class UserIn(Payload):
    """A new user."""

    model_config = examples(
        {"username": "ana", "role": "worker", "password": "a long sentence that only Ana knows"}
    )

    username: Username
    role: PersonRole
    password: Annotated[Secret, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)]


class UserChange(Payload):
    """What may change of a user; what is left out stays."""

    model_config = examples({"role": "supervisor"}, {"active": False})

    role: PersonRole | None = None
    active: bool | None = None
    password: (
        Annotated[Secret, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)] | None
    ) = None


class OpenLogin(BaseModel):
    """A login that goes on: the next tokens may be asked for in it."""

    login_id: UUID
    method: str = Field(description="`password`, `pin` or `badge`.")
    device: str | None = Field(description="The name of the enrolled device that it is on.")
    renewed_at: datetime | None = Field(description="When tokens were asked for last, after the first ones.")
    ends_at: datetime = Field(description="When it ends by itself, unless tokens are asked for until then.")


LOGIN = Endpoint(
    "POST",
    "/api/auth/login",
    "Log in with name and password",
    role=None,
    body=LoginIn,
    answer=Tokens,
    errors=(401, 403, 429, 503),
)
REFRESH = Endpoint(
    "POST",
    "/api/auth/refresh",
    "Exchange a refresh token for new tokens",
    role=None,
    audited=(Action.LOGIN_ENDED,),
    body=RefreshIn,
    answer=Tokens,
    errors=(401, 503),
)
LOGOUT = Endpoint(
    "POST",
    "/api/auth/logout",
    "End a login",
    role=None,
    audited=(Action.LOGIN_ENDED,),
    body=RefreshIn,
    status=204,
    errors=(503,),
)
WHO_AM_I = Endpoint("GET", "/api/auth/me", "Who am I?", role=Role.WORKER, answer=User)
LIST_USERS = Endpoint("GET", "/api/users", "All users", role=Role.ADMIN, answer=list[User], errors=(503,))
CREATE_USER = Endpoint(
    "POST",
    "/api/users",
    "Create a user",
    role=Role.ADMIN,
    audited=(Action.USER_CREATED,),
    body=UserIn,
    answer=User,
    status=201,
    errors=(409, 503),
)
CHANGE_USER = Endpoint(
    "PATCH",
    "/api/users/{username}",
    "Change a user's role or password, deactivate or reactivate them",
    role=Role.ADMIN,
    audited=(Action.USER_CHANGED,),
    parameters={"username": str},
    body=UserChange,
    answer=User,
    errors=(409, 503),
)
LIST_LOGINS = Endpoint(
    "GET",
    "/api/users/{username}/logins",
    "Where somebody is logged in",
    role=Role.ADMIN,
    parameters={"username": str},
    answer=list[OpenLogin],
    errors=(503,),
)
END_LOGINS = Endpoint(
    "DELETE",
    "/api/users/{username}/logins",
    "End all logins of somebody",
    role=Role.ADMIN,
    audited=(Action.LOGIN_ENDED,),
    parameters={"username": str},
    status=204,
    errors=(503,),
)
END_LOGIN = Endpoint(
    "DELETE",
    "/api/users/{username}/logins/{login_id}",
    "End one login of somebody",
    role=Role.ADMIN,
    audited=(Action.LOGIN_ENDED,),
    parameters={"username": str, "login_id": UUID},
    status=204,
    errors=(503,),
)

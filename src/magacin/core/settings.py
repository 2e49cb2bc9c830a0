"""Settings from the environment; any of them may come from a file named by `NAME_FILE`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from magacin.core.validation import explained

ENV_PREFIX = "MAGACIN_"

Settings = TypeVar("Settings", bound=BaseSettings)
_PLACEHOLDERS = ("change", "your-", "placeholder", "example", "secret", "password", "admin123")


class FileSettingsSource(PydanticBaseSettingsSource):
    """Reads `MAGACIN_X_FILE`: the content of that file, stripped, is the value of `x`.

    Docker and Kubernetes hand secrets over as files, and a file, unlike an environment
    variable, does not show in a process list or a crash dump.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the file's content for one field, or None where no file is named."""
        variable = f"{ENV_PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SystemExit(
                f"{variable} names {path}, which cannot be read ({error.strerror}). "
                "Create the file, or unset the variable."
            ) from error

    def __call__(self) -> dict[str, Any]:
        """Collect the values of all fields that a file is named for."""
        values = {
            name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


def _refuse_weak(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if len(value) < 16 or any(word in value.lower() for word in _PLACEHOLDERS):
        raise ValueError("is a placeholder or shorter than 16 characters; generate one: openssl rand -hex 32")
    return secret


StrongSecret = Annotated[SecretStr, AfterValidator(_refuse_weak)]


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _unset(value: object) -> object:
    return value or None  # Compose hands over empty what is not set


LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]


class EnvironmentSettings(BaseSettings):
    """Settings that come as `MAGACIN_NAME`, or as a file named by `MAGACIN_NAME_FILE`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, which wins over `NAME_FILE`."""
        return init_settings, env_settings, FileSettingsSource(settings_cls)


class ConnectionSettings(EnvironmentSettings):
    """What a server takes from clients that it does not know."""

    connections_per_address: int = Field(
        default=4000,
        ge=0,
        description="Connections that one client address may have at a time; 0 is no limit, for a server "
        "that everybody reaches through one proxy.",
    )


class ServerSettings(ConnectionSettings):
    """What everything that listens needs to know, whatever it does."""

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; loopback unless told otherwise."
    )
    port: int = Field(ge=0, le=65535, description="TCP port to listen on.")
    workers: int = Field(default=1, ge=1, le=64, description="Processes that serve requests.")
    log_level: LogLevel = Field(default="info", description="debug, info, warning or error.")
    metrics_token: Annotated[StrongSecret | None, BeforeValidator(_unset)] = Field(
        default=None,
        description="What who reads /metrics has to show (Authorization: Bearer); anybody may when unset.",
    )


class ServiceSettings(ServerSettings):
    """What every service of the application needs to know besides."""

    service_token: StrongSecret = Field(description="Proves to a service that another of ours is calling.")


class DatabaseSettings(EnvironmentSettings):
    """Where PostgreSQL is. Mixed into the settings of a service that has tables."""

    database_url: SecretStr = Field(description="postgresql+asyncpg://user:password@host:port/database")
    database_pool_size: int = Field(default=10, ge=1, le=200, description="Connections kept open, at most.")


class RedisSettings(EnvironmentSettings):
    """Where Redis is. Mixed into the settings of a service that streams or counts in it."""

    redis_url: SecretStr = Field(description="redis://:password@host:port/0")


def load_settings(settings_class: type[Settings]) -> Settings:
    """Read settings from the environment; end the process with what is missing or wrong.

    The message names variables and never quotes their values: one of them may be a secret.
    """
    try:
        return settings_class()
    except ValidationError as error:
        problems = [f"  {ENV_PREFIX}{_variable(item['loc'])}: {explained(item)}" for item in error.errors()]
        raise SystemExit(
            "These settings are missing or wrong:\n"
            + "\n".join(problems)
            + "\nEach can be set as a variable, or as NAME_FILE with the path of a file that holds it."
        ) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "…"

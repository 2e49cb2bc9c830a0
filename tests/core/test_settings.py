"""Settings from the environment and from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from magacin.core.settings import ServiceSettings, load_settings

TOKEN = "9b1f0e0a7c2d4f5e8a6b"


class Example(ServiceSettings):
    port: int = 1234


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", TOKEN)
    monkeypatch.setenv("MAGACIN_PORT", "4321")
    settings = Example()
    assert (settings.port, settings.host) == (4321, "127.0.0.1")
    assert TOKEN not in repr(settings)


def test_reads_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN_FILE", str(tmp_path / "token"))
    settings = Example()
    assert settings.service_token == SecretStr(TOKEN)


def test_what_is_wrong_is_said_without_the_library_and_without_the_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", "your-service-token")
    with pytest.raises(SystemExit) as ended:
        load_settings(Example)
    assert "MAGACIN_SERVICE_TOKEN: is a placeholder" in str(ended.value)
    assert "your-service-token" not in str(ended.value)


def test_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN_FILE", str(tmp_path / "absent"))
    with pytest.raises(SystemExit, match=r"MAGACIN_SERVICE_TOKEN_FILE names .*absent"):
        Example()


@pytest.mark.parametrize("token", ["", "short", "changeme-changeme-changeme", "your-service-token-here"])
def test_placeholder_is_refused(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", token)
    with pytest.raises(ValidationError):
        Example()


def test_a_log_level_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", TOKEN)
    monkeypatch.setenv("MAGACIN_LOG_LEVEL", "WARNING")
    assert Example().log_level == "warning"
    monkeypatch.setenv("MAGACIN_LOG_LEVEL", "bogus")
    with pytest.raises(SystemExit, match="MAGACIN_LOG_LEVEL: Input should be 'debug', 'info'"):
        load_settings(Example)


def test_what_is_missing_or_wrong_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGACIN_SERVICE_TOKEN", "s3cr3t")
    monkeypatch.setenv("MAGACIN_PORT", "many")
    with pytest.raises(SystemExit) as stopped:
        load_settings(Example)
    message = str(stopped.value)
    assert "MAGACIN_SERVICE_TOKEN: " in message
    assert "MAGACIN_PORT: " in message
    assert "s3cr3t" not in message

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from magacin.stack import secrets
from magacin.stack.paths import DataDir


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    data.create()
    return data


def test_only_their_owner_can_read_them(data: DataDir) -> None:
    secrets.ensure(data, 0)
    files = list(data.secrets.iterdir())
    assert {file.name for file in files} > set(secrets.GENERATED)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_they_are_random_long_and_different(data: DataDir, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    other.create()
    values = [
        s.value(name) for s in (secrets.ensure(data, 0), secrets.ensure(other, 0)) for name in s_names()
    ]
    assert len(set(values)) == len(values)
    assert min(map(len, values)) == 64


def s_names() -> tuple[str, ...]:
    return secrets.GENERATED


def test_they_stay_for_the_life_of_the_directory(data: DataDir) -> None:
    first = {name: secrets.ensure(data, 0).value(name) for name in s_names()}
    (data.secrets / "jwt-key").unlink()
    second = {name: secrets.ensure(data, 0).value(name) for name in s_names()}
    assert {name for name in first if first[name] != second[name]} == {"jwt-key"}


def test_addresses_are_made_of_passwords_and_ports(data: DataDir) -> None:
    known = secrets.ensure(data, 20000)
    password = known.value("postgres-app-password")
    assert known.value("database-url") == f"postgresql+asyncpg://magacin:{password}@127.0.0.1:25432/magacin"
    password = known.value("redis-password")
    assert known.value("redis-url") == f"redis://:{password}@127.0.0.1:26379/0"
    assert json.loads(known.value("redis-exporter-passwords.json")) == {"redis://127.0.0.1:26379": password}

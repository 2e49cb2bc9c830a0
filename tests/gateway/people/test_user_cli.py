"""`magacin user`, as a person or the stack runs it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from magacin.cli.main import main
from magacin.contracts.identity import Role
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway


@pytest.fixture
def data(tmp_path: Path, migrated: SecretStr) -> Path:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database-url").write_text(migrated.get_secret_value() + "\n")
    return tmp_path


@dataclass(frozen=True)
class Done:
    returncode: int | str | None
    stdout: str
    stderr: str


async def user(data: Path, *arguments: str) -> Done:
    """Run the command in a thread of this process: most of what a process of its own does is to load."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(main, ["user", *arguments, "--data-dir", str(data)])
    return Done(ended.value.code, out.getvalue(), err.getvalue())


async def can_log_in(gateway: Gateway, name: str, password: str) -> bool:
    credentials = {"username": name, "password": password}
    return (await gateway.request("POST", "/api/auth/login", role=None, json=credentials))[0] == 200


class TestAdd:
    async def test_with_a_password_from_a_file(self, gateway: Gateway, data: Path) -> None:
        file = data / "password"
        file.write_text(PASSWORD + "\n")
        command = [sys.executable, "-m", "magacin.cli", "user", "add", "ana", "--role", "supervisor"]
        command += ["--password-file", str(file), "--data-dir", str(data)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAGACIN_")}
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert PASSWORD not in done.stdout
        assert await can_log_in(gateway, "ana", PASSWORD)

    async def test_makes_the_file_for_its_owner_only(self, gateway: Gateway, data: Path) -> None:
        file = data / "secrets" / "admin-password"
        arguments = ("add", "admin", "--role", "admin", "--password-file", str(file), "--if-missing")
        done = await user(data, *arguments)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        password = file.read_text().strip()
        assert password not in done.stdout
        assert await can_log_in(gateway, "admin", password)
        again = await user(data, *arguments)
        assert (again.returncode, file.read_text().strip()) == (0, password)

    async def test_a_generated_password_is_shown_only_when_asked_for(
        self, gateway: Gateway, data: Path
    ) -> None:
        refused = await user(data, "add", "ana", "--role", "worker")
        assert refused.returncode == 1
        assert "--password-file" in refused.stderr
        done = await user(data, "add", "ana", "--role", "worker", "--show")
        assert done.returncode == 0
        assert await can_log_in(gateway, "ana", done.stdout.rsplit(" ", 1)[1].strip())

    async def test_existing(self, gateway: Gateway, data: Path) -> None:
        await user(data, "add", "ana", "--role", "worker", "--show")
        done = await user(data, "add", "ana", "--role", "admin", "--show")
        assert done.returncode == 1
        assert "already" in done.stderr
        done = await user(data, "add", "ana", "--role", "admin", "--if-missing")
        assert done.returncode == 0

    async def test_a_refused_one_leaves_no_password_behind(self, gateway: Gateway, data: Path) -> None:
        await user(data, "add", "ana", "--role", "worker", "--show")
        for command in (("add", "ana", "--role", "admin"), ("passwd", "nobody")):
            done = await user(data, *command, "--password-file", str(data / "new"))
            assert done.returncode == 1
            assert not (data / "new").exists()

    @pytest.mark.parametrize("place", ["nowhere/new", "secrets"])
    async def test_a_place_that_holds_no_password_file(
        self, gateway: Gateway, data: Path, place: str
    ) -> None:
        done = await user(data, "add", "ana", "--role", "worker", "--password-file", str(data / place))
        assert done.returncode == 1
        assert done.stderr.startswith("magacin: cannot ")
        assert (await user(data, "list")).stdout.startswith("There are no users.")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("add", "Ana B", "--role", "worker", "--show"), "cannot be a user's name"),
            (("add", "ana", "--role", "root", "--show"), "root"),
            (("passwd", "nobody", "--show"), "no such user"),
            (("disable", "nobody"), "no such user"),
        ],
    )
    async def test_refusals_are_for_people(
        self, gateway: Gateway, data: Path, arguments: tuple[str, ...], said: str
    ) -> None:
        done = await user(data, *arguments)
        assert done.returncode != 0
        assert said in done.stderr
        assert "Traceback" not in done.stderr

    async def test_too_short_a_password(self, gateway: Gateway, data: Path) -> None:
        file = data / "password"
        file.write_text("short")
        done = await user(data, "add", "ana", "--role", "worker", "--password-file", str(file))
        assert (done.returncode, "5 characters" in done.stderr) == (1, True)

    async def test_without_a_stack(self, tmp_path: Path) -> None:
        done = await user(tmp_path, "list")
        assert done.returncode == 1
        assert "magacin up" in done.stderr

    async def test_while_the_database_is_down(self, data: Path) -> None:
        (data / "secrets" / "database-url").write_text("postgresql+asyncpg://x:hidden@127.0.0.1:1/x")
        done = await user(data, "list")
        assert done.returncode == 1
        assert "postgresql does not answer" in done.stderr
        assert "hidden" not in done.stderr


class TestChange:
    async def test_disable_and_enable(self, gateway: Gateway, data: Path) -> None:
        added = await user(data, "add", "ana", "--role", "worker", "--show")
        password = added.stdout.rsplit(" ", 1)[1].strip()
        assert (await user(data, "disable", "ana")).returncode == 0
        assert not await can_log_in(gateway, "ana", password)
        assert (await user(data, "list")).stdout.split() == ["ana", "worker", "disabled"]
        assert (await user(data, "enable", "ana")).returncode == 0
        assert await can_log_in(gateway, "ana", password)

    async def test_passwd(self, gateway: Gateway, data: Path) -> None:
        await user(data, "add", "ana", "--role", "worker", "--show")
        done = await user(data, "passwd", "ana", "--show")
        assert await can_log_in(gateway, "ana", done.stdout.rsplit(" ", 1)[1].strip())


class TestPin:
    async def ask(self, data: Path, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type at the command, which has no terminal to ask at and reads what it is given."""
        command = [sys.executable, "-m", "magacin.cli", "user", "pin", "ana", *arguments]
        return await asyncio.to_thread(
            subprocess.run,
            [*command, "--data-dir", str(data)],
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )

    async def logs_in(self, gateway: Gateway, device: dict[str, str]) -> bool:
        body = device | {"username": "ana", "pin": "402817"}
        return (await gateway.request("POST", "/api/auth/pin", role=None, json=body))[0] == 200

    async def test_is_asked_for(self, gateway: Gateway, data: Path) -> None:
        await gateway.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
        device = await gateway.enrol()
        done = await self.ask(data, "402817\n402817\n")
        assert done.returncode == 0, done.stderr
        assert "402817" not in done.stdout + done.stderr
        assert await self.logs_in(gateway, device)
        assert (await user(data, "pin", "ana", "--remove")).returncode == 0
        assert not await self.logs_in(gateway, device)

    async def test_an_easy_one_is_refused(self, gateway: Gateway, data: Path) -> None:
        await gateway.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
        done = await self.ask(data, "123456\n123456\n")
        assert done.returncode == 1
        assert "what people try first" in done.stderr
        assert "123456" not in done.stdout + done.stderr


class TestBadge:
    async def test_is_shown_once_where_asked_for(self, gateway: Gateway, data: Path) -> None:
        await gateway.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
        device = await gateway.enrol()
        assert (await user(data, "badge", "ana")).returncode == 1
        done = await user(data, "badge", "ana", "--show")
        assert done.returncode == 0, done.stderr
        body = device | {"code": done.stdout.split()[-1]}
        assert (await gateway.request("POST", "/api/auth/badge", role=None, json=body))[0] == 200
        assert (await user(data, "badge", "ana", "--end")).returncode == 0
        assert (await gateway.request("POST", "/api/auth/badge", role=None, json=body))[0] == 401

    async def test_of_nobody(self, gateway: Gateway, data: Path) -> None:
        done = await user(data, "badge", "nobody", "--show")
        assert done.returncode == 1
        assert "no such user" in done.stderr

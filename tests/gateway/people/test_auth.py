"""Logging in, staying logged in, being thrown out."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import jwt
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import delete, select, text, update

from magacin.contracts.auth import UserChange
from magacin.contracts.identity import Role
from magacin.core.db import Database
from magacin.gateway.metrics import AuthOutcome
from magacin.gateway.models import refresh_tokens, users
from tests.conftest import Server
from tests.gateway.conftest import CHIEF, JWT_KEY, PASSWORD, Gateway, Start, eventually


async def add(gateway: Gateway, name: str = "ana", role: Role = Role.WORKER) -> None:
    await gateway.users.add(CHIEF, name, role, SecretStr(PASSWORD))


async def login(
    gateway: Gateway, name: str = "ana", password: str = PASSWORD, **options: Any
) -> tuple[int, Any]:
    credentials = {"username": name, "password": password}
    return await gateway.request("POST", "/api/auth/login", role=None, json=credentials, **options)


async def refresh(gateway: Gateway, token: str) -> tuple[int, Any]:
    return await gateway.request("POST", "/api/auth/refresh", role=None, json={"refresh_token": token})


async def let_pass(database: Database, seconds: float) -> None:
    """Have all that was done with refresh tokens be done so much earlier."""
    async with database.begin() as connection:
        earlier = refresh_tokens.c.used_at - timedelta(seconds=seconds)
        await connection.execute(update(refresh_tokens).values(used_at=earlier))


async def me(gateway: Gateway, token: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    return await gateway.request("GET", "/api/auth/me", role=None, headers=headers)


class TestLogin:
    async def test_gives_tokens_that_work(self, gateway: Gateway) -> None:
        await add(gateway, role=Role.SUPERVISOR)
        status, tokens = await login(gateway)
        assert status == 200
        assert tokens["token_type"] == "bearer"
        assert tokens["expires_in"] == 900
        status, who = await me(gateway, tokens["access_token"])
        assert (status, who) == (200, {"username": "ana", "role": "supervisor", "active": True})

    async def test_name_is_taken_as_people_type_it(self, gateway: Gateway) -> None:
        await add(gateway)
        assert (await login(gateway, " Ana "))[0] == 200

    @pytest.mark.parametrize(
        ("name", "password"),
        [
            ("ana", "wrong"),
            ("nobody", PASSWORD),
            ("ana\x00", PASSWORD),
            ("", ""),
            ("ana' OR 1=1--", PASSWORD),
        ],
    )
    async def test_says_the_same_of_a_wrong_name_and_a_wrong_password(
        self, gateway: Gateway, name: str, password: str
    ) -> None:
        await add(gateway)
        status, body = await login(gateway, name, password)
        assert (status, body["error"]["code"]) == (401, "bad_credentials")
        assert body["error"]["message"] == "The name or the password is wrong."

    async def test_an_unknown_name_costs_a_hash_as_well(self, gateway: Gateway) -> None:
        passwords = gateway.state.users._passwords
        assert passwords._nobody.startswith("$argon2id$")
        assert PasswordHasher().check_needs_rehash(passwords._nobody) is True
        assert passwords.outdated(passwords._nobody) is False
        assert await passwords.verify(None, SecretStr(PASSWORD)) is False

    async def test_inactive(self, gateway: Gateway) -> None:
        await add(gateway)
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        status, body = await login(gateway)
        assert (status, body["error"]["code"]) == (403, "user_inactive")
        assert (await login(gateway, password="wrong"))[1]["error"]["code"] == "bad_credentials"

    async def test_a_hash_with_old_parameters_is_renewed(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        old = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
        async with gateway_database.begin() as connection:
            await connection.execute(update(users).values(password_hash=old))
        assert (await login(gateway))[0] == 200
        row = await gateway.users.find("ana")
        assert row is not None
        assert row["password_hash"] != old
        assert (await login(gateway))[0] == 200

    async def test_counts_each_outcome(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        names = [
            f'auth_attempts_total{{method="{method}",outcome="{outcome}"}}'
            for outcome in AuthOutcome
            for method in ["refresh" if outcome.startswith("refresh") else "password"]
        ]
        before = [await gateway.metric(name) for name in names]
        _, tokens = await login(gateway)
        await login(gateway, password="wrong")
        await refresh(gateway, tokens["refresh_token"])
        await let_pass(gateway_database, 60)
        await refresh(gateway, tokens["refresh_token"])
        await refresh(gateway, "unknown")
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        await login(gateway)
        after = [await gateway.metric(name) for name in names]
        grown = dict(zip(AuthOutcome, (b - a for a, b in zip(before, after, strict=True)), strict=True))
        assert grown == {
            AuthOutcome.SUCCESS: 1,
            AuthOutcome.BAD_CREDENTIALS: 1,
            AuthOutcome.INACTIVE: 1,
            AuthOutcome.RATE_LIMITED: 0,
            AuthOutcome.PIN_LOCKED: 0,
            AuthOutcome.DEVICE_REFUSED: 0,
            AuthOutcome.REFRESHED: 1,
            AuthOutcome.REFRESH_REFUSED: 1,
            AuthOutcome.REFRESH_REUSED: 1,
        }

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"{", 400, "malformed_json"),
            (b"\xff\xfe", 400, "malformed_json"),
            (b"", 422, "invalid_input"),
            (b"[]", 422, "invalid_input"),
            (b'{"username": 5, "password": []}', 422, "invalid_input"),
            (b'{"username": "ana"}', 422, "invalid_input"),
            (b'{"username": "ana", "password": "x", "role": "admin"}', 422, "invalid_input"),
            (b'{"username": "%s", "password": "x"}' % (b"a" * 65), 422, "invalid_input"),
            (b'{"username": "a", "password": "%s"}' % (b"a" * 257), 422, "invalid_input"),
            (b'{"username": "\\ud800", "password": "x"}', 422, "invalid_input"),
            (b'{"username": "ana", "password": "\\ud800aaaaaaaaaaaa"}', 422, "invalid_input"),
            (b"[" * 100_000, 400, "bad_request"),
            (b'{"a": "' + b"x" * 1_000_001 + b'"}', 413, "body_too_large"),
        ],
    )
    async def test_bad_bodies(self, gateway: Gateway, body: bytes, status: int, code: str) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await gateway.request("POST", "/api/auth/login", role=None, data=body, headers=headers)
        assert (answer[0], answer[1]["error"]["code"]) == (status, code)


NEW_PASSWORD = SecretStr("quite another one")


@pytest.mark.parametrize(
    "change", [UserChange(password=NEW_PASSWORD), UserChange(active=False)], ids=["password", "deactivation"]
)
class TestChangeMeanwhile:
    """What ends all logins ends those that are on their way as well."""

    async def test_while_the_password_is_checked(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, change: UserChange
    ) -> None:
        await add(gateway)
        passwords = gateway.state.users._passwords
        verify = passwords.verify

        async def overtaken(known: str | None, password: SecretStr) -> bool:
            fits: bool = await verify(known, password)
            await gateway.users.change(CHIEF, "ana", change)
            return fits

        monkeypatch.setattr(passwords, "verify", overtaken)
        status, body = await login(gateway)
        assert (status, body["error"]["code"]) == (401, "bad_credentials")
        assert body["error"]["message"] == "The name or the password is wrong."

    async def test_by_a_change_that_has_not_committed(
        self, gateway: Gateway, gateway_database: Database, change: UserChange
    ) -> None:
        await add(gateway)
        async with changing(gateway_database, change):
            logging_in = asyncio.create_task(login(gateway))
            await somebody_waits_for_a_lock(gateway_database)
        status, body = await logging_in
        assert (status, body["error"]["code"]) == (401, "bad_credentials")

    async def test_a_refresh(self, gateway: Gateway, gateway_database: Database, change: UserChange) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        async with changing(gateway_database, change):
            refreshing = asyncio.create_task(refresh(gateway, tokens["refresh_token"]))
            await somebody_waits_for_a_lock(gateway_database)
        status, body = await refreshing
        assert (status, body["error"]["code"]) == (401, "refresh_refused")


@contextlib.asynccontextmanager
async def changing(database: Database, change: UserChange) -> AsyncIterator[None]:
    """Change ana as `Users.change` does, with what happens meanwhile between its first lock and the rest."""
    async with database.begin() as connection:
        await connection.execute(select(users).with_for_update())
        yield
        values = {"active": False} if change.active is False else {"password_hash": "another"}
        await connection.execute(update(users).values(generation=users.c.generation + 1, **values))
        await connection.execute(delete(refresh_tokens))


async def somebody_waits_for_a_lock(database: Database) -> None:
    async def check() -> bool:
        async with database.begin() as connection:
            return bool(
                await connection.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
            )

    await eventually(check)


class TestRateLimit:
    async def test_too_many_failures_of_a_name(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=3)
        await add(gateway)
        answers = [await login(gateway, password="wrong") for _ in range(4)]
        assert [status for status, _ in answers] == [401, 401, 401, 429]
        status, body = await login(gateway)
        assert (status, body["error"]["code"]) == (429, "too_many_requests")
        assert 0 < body["error"]["details"]["retry_after_seconds"] <= 300
        await add(gateway, "bob")
        assert (await login(gateway, "bob"))[0] == 200

    async def test_says_when_to_come_back_and_means_it(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=1, login_window_seconds=4)
        await add(gateway)
        credentials = {"username": "ana", "password": PASSWORD}
        status = 200
        while status == 200:  # the window was over in between
            await login(gateway, password="wrong")
            async with gateway.session.post(f"{gateway.url}/api/auth/login", json=credentials) as response:
                status, wait = response.status, int(response.headers.get("Retry-After", 0))
        assert status == 429
        assert 1 <= wait <= 4
        await asyncio.sleep(wait + 0.05)
        assert (await login(gateway))[0] == 200

    async def test_too_many_failures_from_an_address(self, start: Start) -> None:
        gateway = await start(login_failures_per_address=3)
        await add(gateway)
        for number in range(3):
            assert (await login(gateway, f"guess{number}"))[0] == 401
        assert (await login(gateway))[0] == 429

    @pytest.mark.parametrize(("trusted", "bob"), [([], 429), (["127.0.0.0/8"], 200)])
    async def test_behind_a_proxy_each_client_counts_for_itself_where_it_is_trusted(
        self, start: Start, trusted: list[str], bob: int
    ) -> None:
        gateway = await start(login_failures_per_address=2, trusted_proxies=trusted)
        await add(gateway)
        guesser, other = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}
        for number in range(2):
            assert (await login(gateway, f"guess{number}", headers=guesser))[0] == 401
        assert (await login(gateway, headers=guesser))[0] == 429
        assert (await login(gateway, headers=other))[0] == bob

    async def test_many_at_once_do_not_slip_through(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=3)
        await add(gateway)
        answers = await asyncio.gather(*(login(gateway, password="wrong") for _ in range(20)))
        assert sorted(status for status, _ in answers) == [401] * 3 + [429] * 17

    async def test_success_forgives_the_name_and_does_not_count_for_the_address(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=3, login_failures_per_address=5)
        await add(gateway)
        for _ in range(2):
            await login(gateway, password="wrong")
            await login(gateway, password="wrong")
            assert (await login(gateway))[0] == 200
        assert (await login(gateway))[0] == 200

    async def test_holds_while_redis_is_away(self, start: Start, redis_server: Server) -> None:
        gateway = await start(login_failures_per_user=2)
        await add(gateway)
        redis_server.stop()
        try:
            assert [(await login(gateway, password="wrong"))[0] for _ in range(3)] == [401, 401, 429]
            await add(gateway, "bob")
            assert (await login(gateway, "bob"))[0] == 200
        finally:
            redis_server.start()
        assert (await login(gateway))[0] == 200

    async def test_a_shift_can_log_in_while_redis_is_away(self, start: Start, redis_server: Server) -> None:
        gateway = await start(login_failures_per_address=3)
        await add(gateway)
        redis_server.stop()
        try:
            assert [(await login(gateway))[0] for _ in range(5)] == [200] * 5
            # What failed still counts, and a success takes back its own attempt only.
            assert [(await login(gateway, f"guess{n}"))[0] for n in range(2)] == [401, 401]
            assert (await login(gateway))[0] == 200
            assert [(await login(gateway, f"guess{n}"))[0] for n in range(2)] == [401, 429]
        finally:
            redis_server.start()

    @pytest.mark.parametrize("is_redis_away", [False, True])
    async def test_what_nobody_could_judge_is_no_failure(
        self,
        start: Start,
        redis_server: Server,
        postgres_server: Server,
        monkeypatch: pytest.MonkeyPatch,
        is_redis_away: bool,
    ) -> None:
        monkeypatch.setattr("magacin.core.db._ASK_AFTER_SECONDS", 0)
        gateway = await start(login_failures_per_user=2, login_failures_per_address=2)
        await add(gateway)
        stopped = [postgres_server, *([redis_server] if is_redis_away else [])]
        for server in stopped:
            server.stop()
        try:
            assert [(await login(gateway))[0] for _ in range(3)] == [503] * 3
            postgres_server.start()
            # What is judged again counts again.
            assert [(await login(gateway, password="wrong"))[0] for _ in range(3)] == [401, 401, 429]
        finally:
            for server in stopped:
                if server.processes[-1].poll() is not None:
                    server.start()


class TestRefresh:
    async def test_rotates(self, gateway: Gateway) -> None:
        await add(gateway)
        _, first = await login(gateway)
        status, second = await refresh(gateway, first["refresh_token"])
        assert status == 200
        assert second["refresh_token"] != first["refresh_token"]
        assert (await me(gateway, second["access_token"]))[0] == 200
        assert (await refresh(gateway, second["refresh_token"]))[0] == 200

    async def test_reuse_ends_the_family_and_no_other(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        _, other = await login(gateway)
        _, first = await login(gateway)
        _, second = await refresh(gateway, first["refresh_token"])
        await let_pass(gateway_database, 31)
        status, body = await refresh(gateway, first["refresh_token"])
        assert (status, body["error"]["code"]) == (401, "refresh_refused")
        assert (await refresh(gateway, second["refresh_token"]))[0] == 401
        assert (await refresh(gateway, other["refresh_token"]))[0] == 200

    async def test_brings_the_present_role(self, gateway: Gateway) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        await gateway.users.change(CHIEF, "ana", UserChange(role=Role.SUPERVISOR))
        _, tokens = await refresh(gateway, tokens["refresh_token"])
        assert (await me(gateway, tokens["access_token"]))[1]["role"] == "supervisor"

    @pytest.mark.parametrize("change", [UserChange(active=False), UserChange(password=SecretStr("x" * 12))])
    async def test_refused_at_once_after(self, gateway: Gateway, change: UserChange) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        await gateway.users.change(CHIEF, "ana", change)
        assert (await refresh(gateway, tokens["refresh_token"]))[0] == 401

    async def test_expires(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        async with gateway_database.begin() as connection:
            long_ago = update(refresh_tokens).values(
                expires_at=refresh_tokens.c.expires_at - timedelta(days=15)
            )
            await connection.execute(long_ago)
        assert (await refresh(gateway, tokens["refresh_token"]))[0] == 401
        await gateway.state.sessions.forget_expired()
        async with gateway_database.begin() as connection:
            assert (await connection.execute(select(refresh_tokens))).all() == []

    async def test_only_hashes_are_stored(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        async with gateway_database.begin() as connection:
            (row,) = (await connection.execute(select(refresh_tokens))).all()
        assert tokens["refresh_token"].encode() not in row.token_hash
        assert len(row.token_hash) == 32

    async def test_logout_ends_it(self, gateway: Gateway) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        for _ in range(2):
            body = {"refresh_token": tokens["refresh_token"]}
            status, _ = await gateway.request("POST", "/api/auth/logout", role=None, json=body)
            assert status == 204
        assert (await refresh(gateway, tokens["refresh_token"]))[0] == 401


class TestRefreshTwice:
    """Two tabs at once, or a lost answer: within the grace the login lives, and each use has a successor."""

    async def test_at_once(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        answers = await asyncio.gather(*(refresh(gateway, tokens["refresh_token"]) for _ in range(8)))
        assert [status for status, _ in answers] == [200] * 8
        successors = {answer["refresh_token"] for _, answer in answers}
        assert len(successors) == 8
        # Each tab goes on by itself, whenever it refreshes.
        for successor in successors:
            await let_pass(gateway_database, 900)
            assert (await refresh(gateway, successor))[0] == 200

    @pytest.mark.parametrize(("seconds", "status"), [(1, 200), (29, 200), (31, 401), (3600, 401)])
    async def test_a_while_later(
        self, gateway: Gateway, gateway_database: Database, seconds: float, status: int
    ) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        await refresh(gateway, tokens["refresh_token"])
        await let_pass(gateway_database, seconds)
        assert (await refresh(gateway, tokens["refresh_token"]))[0] == status

    async def test_the_grace_begins_with_the_first_use(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        for status in (200, 200, 401):
            assert (await refresh(gateway, tokens["refresh_token"]))[0] == status
            await let_pass(gateway_database, 20)

    async def test_after_a_use_of_the_successor(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        _, first = await login(gateway)
        _, second = await refresh(gateway, first["refresh_token"])
        _, third = await refresh(gateway, second["refresh_token"])
        assert (await refresh(gateway, first["refresh_token"]))[0] == 200
        await let_pass(gateway_database, 31)
        assert (await refresh(gateway, second["refresh_token"]))[0] == 401
        assert (await refresh(gateway, third["refresh_token"]))[0] == 401

    async def test_after_a_logout(self, gateway: Gateway) -> None:
        await add(gateway)
        _, first = await login(gateway)
        _, second = await refresh(gateway, first["refresh_token"])
        body = {"refresh_token": second["refresh_token"]}
        await gateway.request("POST", "/api/auth/logout", role=None, json=body)
        assert (await refresh(gateway, first["refresh_token"]))[0] == 401

    async def test_a_logout_meanwhile_ends_what_is_given_out(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        _, first = await login(gateway)
        async with gateway_database.begin() as connection:
            # As a refresh does, which has not committed when the logout comes.
            await connection.execute(select(users).with_for_update(read=True))
            row = (await connection.execute(select(refresh_tokens))).mappings().one()
            await connection.execute(refresh_tokens.insert().values({**row, "token_hash": b"successor"}))
            body = {"refresh_token": first["refresh_token"]}
            leaving = asyncio.create_task(gateway.request("POST", "/api/auth/logout", role=None, json=body))
            await somebody_waits_for_a_lock(gateway_database)
        assert (await leaving)[0] == 204
        async with gateway_database.begin() as connection:
            assert (await connection.execute(select(refresh_tokens))).all() == []

    async def test_after_the_user_was_deactivated(self, gateway: Gateway) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        await refresh(gateway, tokens["refresh_token"])
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        assert (await refresh(gateway, tokens["refresh_token"]))[0] == 401

    async def test_at_two_gateways(self, gateway: Gateway, start: Start, gateway_database: Database) -> None:
        another = await start()
        await add(gateway)
        _, tokens = await login(gateway)
        answers = await asyncio.gather(
            *(refresh(one, tokens["refresh_token"]) for one in (gateway, another) * 2)
        )
        assert [status for status, _ in answers] == [200] * 4
        await let_pass(gateway_database, 31)
        assert (await refresh(another, tokens["refresh_token"]))[0] == 401
        assert (await refresh(gateway, answers[0][1]["refresh_token"]))[0] == 401

    async def test_without_a_grace(self, start: Start) -> None:
        strict = await start(refresh_grace_seconds=0)
        await add(strict)
        _, tokens = await login(strict)
        answers = await asyncio.gather(*(refresh(strict, tokens["refresh_token"]) for _ in range(4)))
        assert sorted(status for status, _ in answers) == [200, 401, 401, 401]


def forge(key: str = JWT_KEY, algorithm: str = "HS256", **changes: Any) -> str:
    now = time.time()
    claims = {
        "sub": "ana",
        "role": "admin",
        "gen": 1,
        "iat": now,
        "exp": now + 3000,
        "jti": "x",
        "iss": "magacin",
        "aud": "magacin-api",
    } | changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm)


def part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


GOOD = forge()
FORGED = {
    "another key": forge(key="0" * 64),
    "another algorithm": forge(algorithm="HS512"),
    "algorithm none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{GOOD.split('.')[1]}.",
    "no signature": GOOD.rpartition(".")[0] + ".",
    "a changed role": ".".join(
        [GOOD.split(".")[0], part({"sub": "ana", "role": "admin"}), GOOD.split(".")[2]]
    ),
    "no expiry": forge(exp=None),
    "no subject": forge(sub=None),
    "no generation": forge(gen=None),
    "an unknown role": forge(role="root"),
    "another audience": forge(aud="elsewhere"),
    "another issuer": forge(iss="elsewhere"),
    "from the future": forge(iat=time.time() + 3600),
    "garbage": "abc.def.ghi",
    "not ASCII": "žćč",
    "nothing": "",
}


class TestAccessToken:
    async def test_a_good_one(self, gateway: Gateway) -> None:
        assert (await me(gateway, forge()))[0] == 200

    @pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
    async def test_forged(self, gateway: Gateway, token: str) -> None:
        status, body = await me(gateway, token)
        assert (status, body["error"]["code"]) == (401, "unauthorized")
        headers = {"Authorization": f"Bearer {token}"}
        status, _ = await gateway.request("POST", "/api/scan", role=None, headers=headers, json={})
        assert status == 401
        assert gateway.upstream.requests == []

    @pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer  ", "Token abc", ""])
    async def test_other_headers(self, gateway: Gateway, header: str) -> None:
        headers = {"Authorization": header}
        status, body = await gateway.request("GET", "/api/tasks", role=None, headers=headers)
        assert (status, body["error"]["code"]) == (401, "unauthorized")

    async def test_expired(self, gateway: Gateway) -> None:
        status, body = await me(gateway, forge(exp=time.time() - 1))
        assert (status, body["error"]["code"]) == (401, "token_expired")

    async def test_a_remembered_one_expires_as_well(self, gateway: Gateway) -> None:
        token = forge(exp=time.time() + 3)
        assert (await me(gateway, token))[0] == 200
        await eventually(lambda: _is_401(gateway, token))

    async def test_ends_when_an_admin_changes_the_user(self, gateway: Gateway) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        status, _ = await gateway.request(
            "PATCH", "/api/users/ana", role=Role.ADMIN, json={"role": "supervisor"}
        )
        assert status == 200
        status, body = await me(gateway, tokens["access_token"])
        assert (status, body["error"]["code"]) == (401, "token_ended")

    async def test_ends_when_another_process_changes_the_user(self, gateway: Gateway) -> None:
        await add(gateway)
        _, tokens = await login(gateway)
        assert (await me(gateway, tokens["access_token"]))[0] == 200
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        await eventually(lambda: _is_401(gateway, tokens["access_token"]))

    async def test_the_memory_of_tokens_is_bounded(self, gateway: Gateway) -> None:
        tokens = gateway.state.tokens
        for number in range(10_050):
            tokens._remember(str(number), tokens.verify(GOOD_FOR_LONG))
        assert len(tokens._known) <= 10_000


GOOD_FOR_LONG = forge(exp=time.time() + 3000)


async def _is_401(gateway: Gateway, token: str) -> bool:
    return (await me(gateway, token))[0] == 401

"""Logging in by PIN and by badge, on enrolled devices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from magacin.contracts.auth import UserChange
from magacin.contracts.badges import BADGE_PREFIX
from magacin.contracts.devices import PIN_TRIES
from magacin.contracts.identity import Identity, Role
from magacin.core.db import Database
from magacin.gateway.models import pin_failures, refresh_tokens, users
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway, Start

PIN = "402817"
OTHER_PIN = "771340"
Device = dict[str, str]


async def add(gateway: Gateway, name: str = "ana", role: Role = Role.WORKER, pin: str | None = PIN) -> None:
    await gateway.users.add(CHIEF, name, role, SecretStr(PASSWORD))
    if pin is not None:
        assert (await set_pin(gateway, name, pin=pin))[0] == 204


async def set_pin(gateway: Gateway, name: str = "ana", by: Role = Role.ADMIN, **body: Any) -> tuple[int, Any]:
    headers = gateway.bearer("chief", by)
    return await gateway.request("PUT", f"/api/users/{name}/pin", role=None, json=body, headers=headers)


async def set_own(gateway: Gateway, body: dict[str, str], role: Role = Role.WORKER) -> tuple[int, Any]:
    row = await gateway.users.find("ana")
    token = gateway.token("ana", role, row["generation"] if row else 1)
    headers = {"Authorization": f"Bearer {token}"}
    return await gateway.request("PUT", "/api/users/ana/pin", role=None, json=body, headers=headers)


async def by_pin(gateway: Gateway, device: Device, name: str = "ana", pin: str = PIN) -> tuple[int, Any]:
    body = device | {"username": name, "pin": pin}
    return await gateway.request("POST", "/api/auth/pin", role=None, json=body)


async def by_password(gateway: Gateway, device: Device, **changes: Any) -> tuple[int, Any]:
    body = {"username": "ana", "password": PASSWORD} | device | changes
    return await gateway.request("POST", "/api/auth/login", role=None, json=body)


async def by_badge(gateway: Gateway, device: Device, code: str) -> tuple[int, Any]:
    return await gateway.request("POST", "/api/auth/badge", role=None, json=device | {"code": code})


async def badge_of(gateway: Gateway, name: str = "ana") -> str:
    badge, _ = await gateway.state.badges.make(Identity("chief", Role.ADMIN), name)
    return badge.code


async def refresh(gateway: Gateway, tokens: Any) -> tuple[int, Any]:
    body = {"refresh_token": tokens["refresh_token"]}
    return await gateway.request("POST", "/api/auth/refresh", role=None, json=body)


async def who(gateway: Gateway, tokens: Any) -> str:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    status, user = await gateway.request("GET", "/api/auth/me", role=None, headers=headers)
    assert status == 200
    return str(user["username"])


def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


WRONG = (401, "bad_credentials")
LOCKED = (403, "pin_locked")
REFUSED = (403, "device_refused")


class TestPin:
    async def test_logs_in(self, gateway: Gateway) -> None:
        await add(gateway)
        status, tokens = await by_pin(gateway, await gateway.enrol(), " Ana ")
        assert status == 200
        assert await who(gateway, tokens) == "ana"

    @pytest.mark.parametrize(
        ("name", "pin"), [("ana", OTHER_PIN), ("bob", PIN), ("nobody", PIN), ("x y\x00", PIN), ("ana", "")]
    )
    async def test_says_the_same_whatever_is_wrong(self, gateway: Gateway, name: str, pin: str) -> None:
        await add(gateway)
        await add(gateway, "bob", pin=None)
        answer = await by_pin(gateway, await gateway.enrol(), name, pin)
        assert code_of(answer) == WRONG
        assert answer[1]["error"]["message"] == "The name or the PIN is wrong."

    @pytest.mark.parametrize("name", ["ana", "nobody", "bob"])
    async def test_each_refusal_costs_a_hash(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        await add(gateway)
        await add(gateway, "bob", pin=None)
        passwords = gateway.state.users._passwords
        verify, verified = passwords.verify, []

        async def noted(known: str | None, password: SecretStr) -> bool:
            verified.append(known)
            fits: bool = await verify(known, password)
            return fits

        monkeypatch.setattr(passwords, "verify", noted)
        await by_pin(gateway, await gateway.enrol(), name, OTHER_PIN)
        assert len(verified) == 1

    async def test_a_password_is_no_pin_and_a_pin_no_password(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        assert code_of(await by_pin(gateway, device, pin=PASSWORD)) == WRONG
        assert code_of(await by_password(gateway, device, password=PIN)) == WRONG

    async def test_only_hashes_are_stored(self, gateway: Gateway, gateway_database: Database) -> None:
        await add(gateway)
        badge = await badge_of(gateway)
        async with gateway_database.begin() as connection:
            row = (await connection.execute(select(users))).mappings().one()
        assert row["pin_hash"].startswith("$argon2id$")
        assert len(row["badge_hash"]) == 32
        assert badge.encode() not in row["badge_hash"]


class TestDevice:
    @pytest.mark.parametrize("wrong", ["device_id", "device_secret", "ended"])
    async def test_nobody_gets_in_without_one(self, gateway: Gateway, wrong: str) -> None:
        await add(gateway)
        badge = await badge_of(gateway)
        device = await gateway.enrol()
        other = await gateway.enrol("Scanner 2")
        match wrong:
            case "device_id":
                device["device_id"] = str(uuid4())
            case "device_secret":
                device["device_secret"] = other["device_secret"]
            case _:
                path = f"/api/devices/{device['device_id']}"
                assert (await gateway.request("DELETE", path, role=Role.SUPERVISOR))[0] == 204
        assert code_of(await by_pin(gateway, device)) == REFUSED
        assert code_of(await by_badge(gateway, device, badge)) == REFUSED
        assert code_of(await by_password(gateway, device)) == REFUSED
        assert (await by_password(gateway, {}))[0] == 200
        assert (await by_pin(gateway, other))[0] == 200

    async def test_a_refused_device_counts_for_nobody(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        device = await gateway.enrol()
        for _ in range(PIN_TRIES + 1):
            await by_pin(gateway, device | {"device_secret": "guessed"}, pin=OTHER_PIN)
        assert (await by_pin(gateway, device))[0] == 200

    async def test_ending_it_ends_the_logins_there(self, gateway: Gateway) -> None:
        await add(gateway)
        here, there = await gateway.enrol(), await gateway.enrol("Scanner 2")
        ended = [(await login)[1] for login in (by_pin(gateway, here), by_password(gateway, here))]
        going_on = [(await login)[1] for login in (by_pin(gateway, there), by_password(gateway, {}))]
        path = f"/api/devices/{here['device_id']}"
        await gateway.request("DELETE", path, role=Role.SUPERVISOR)
        assert [(await refresh(gateway, tokens))[0] for tokens in ended] == [401, 401]
        assert [(await refresh(gateway, tokens))[0] for tokens in going_on] == [200, 200]

    async def test_a_token_given_out_while_it_ended_is_refused(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        device = await gateway.enrol()
        _, tokens = await by_pin(gateway, device)
        async with gateway_database.begin() as connection:
            await connection.execute(text("UPDATE gateway.devices SET ended_at = now()"))
        assert code_of(await refresh(gateway, tokens)) == (401, "refresh_refused")

    @pytest.mark.parametrize("left_out", ["device_id", "device_secret"])
    async def test_id_and_secret_belong_together(self, gateway: Gateway, left_out: str) -> None:
        await add(gateway)
        device = await gateway.enrol()
        del device[left_out]
        assert code_of(await by_password(gateway, device)) == (422, "invalid_input")

    async def test_who_logged_in_last_is_known(self, gateway: Gateway) -> None:
        await add(gateway)
        await by_pin(gateway, await gateway.enrol())
        _, devices = await gateway.request("GET", "/api/devices", role=Role.SUPERVISOR)
        assert [device["last_user"] for device in devices] == ["ana"]


class TestLock:
    async def lock(self, gateway: Gateway, device: Device, name: str = "ana") -> None:
        answers = [await by_pin(gateway, device, name, OTHER_PIN) for _ in range(PIN_TRIES)]
        assert [code_of(answer) for answer in answers] == [WRONG] * PIN_TRIES

    @pytest.mark.parametrize("name", ["ana", "nobody"])
    async def test_after_five_wrong_ones(self, gateway: Gateway, name: str) -> None:
        await add(gateway)
        device = await gateway.enrol()
        await self.lock(gateway, device, name)
        assert code_of(await by_pin(gateway, device, name)) == LOCKED
        assert code_of(await by_pin(gateway, device, name.upper(), OTHER_PIN)) == LOCKED

    async def test_of_a_hundred_at_once_five_are_tried(self, start: Start) -> None:
        gateway = await start(login_failures_per_address=1000)
        await add(gateway)
        device = await gateway.enrol()
        answers = await asyncio.gather(*(by_pin(gateway, device, pin=OTHER_PIN) for _ in range(100)))
        assert sorted(code_of(answer) for answer in answers) == sorted([WRONG] * 5 + [LOCKED] * 95)

    async def test_holds_through_a_restart(self, start: Start) -> None:
        gateway = await start()
        await add(gateway)
        device = await gateway.enrol()
        await self.lock(gateway, device)
        another = await start()
        assert code_of(await by_pin(another, device)) == LOCKED

    async def test_is_the_persons_on_that_device(self, gateway: Gateway) -> None:
        await add(gateway)
        await add(gateway, "bob")
        here, there = await gateway.enrol(), await gateway.enrol("Scanner 2")
        await self.lock(gateway, here)
        assert (await by_pin(gateway, there))[0] == 200
        assert (await by_pin(gateway, here, "bob"))[0] == 200
        assert code_of(await by_pin(gateway, here)) == LOCKED

    async def test_a_success_forgets_the_failures(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        for _ in range(3):
            for _ in range(PIN_TRIES - 1):
                assert code_of(await by_pin(gateway, device, pin=OTHER_PIN)) == WRONG
            assert (await by_pin(gateway, device))[0] == 200

    async def test_the_password_unlocks_where_it_was_given(self, gateway: Gateway) -> None:
        await add(gateway)
        here, there = await gateway.enrol(), await gateway.enrol("Scanner 2")
        await self.lock(gateway, here)
        assert (await by_password(gateway, {}))[0] == 200
        assert (await by_password(gateway, there))[0] == 200
        assert code_of(await by_pin(gateway, here)) == LOCKED
        assert (await by_password(gateway, here))[0] == 200
        assert (await by_pin(gateway, here))[0] == 200

    async def test_a_wrong_password_does_not(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        await self.lock(gateway, device)
        assert code_of(await by_password(gateway, device, password="wrong")) == WRONG
        assert code_of(await by_pin(gateway, device)) == LOCKED

    async def test_a_new_pin_unlocks(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        await self.lock(gateway, device)
        assert (await set_pin(gateway, by=Role.SUPERVISOR, pin="550192"))[0] == 204
        assert (await by_pin(gateway, device, pin="550192"))[0] == 200

    async def test_locks_of_names_that_nobody_has_are_forgotten_after_a_day(
        self, gateway: Gateway, gateway_database: Database
    ) -> None:
        await add(gateway)
        device = await gateway.enrol()
        for name in ("ana", "nobody"):
            await self.lock(gateway, device, name)
        await gateway.state.pins.forget_strangers()
        assert code_of(await by_pin(gateway, device, "nobody")) == LOCKED
        async with gateway_database.begin() as connection:
            earlier = pin_failures.c.last_at - timedelta(days=2)
            await connection.execute(update(pin_failures).values(last_at=earlier))
        await gateway.state.pins.forget_strangers()
        assert code_of(await by_pin(gateway, device, "nobody")) == WRONG
        assert code_of(await by_pin(gateway, device)) == LOCKED


class TestAddressLimit:
    async def test_counts_pins_and_badges(self, start: Start) -> None:
        gateway = await start(login_failures_per_address=3)
        await add(gateway)
        device = await gateway.enrol()
        answers = [
            await by_pin(gateway, device, pin=OTHER_PIN),
            await by_badge(gateway, device, "nothing"),
            await by_pin(gateway, device | {"device_secret": "x"}),
        ]
        assert [status for status, _ in answers] == [401, 401, 403]
        limited = (429, "too_many_requests")
        assert code_of(await by_pin(gateway, device)) == limited
        assert code_of(await by_badge(gateway, device, "nothing")) == limited
        assert code_of(await by_password(gateway, {})) == limited

    async def test_a_success_does_not_count(self, start: Start) -> None:
        gateway = await start(login_failures_per_address=2)
        await add(gateway)
        device, badge = await gateway.enrol(), await badge_of(gateway)
        for _ in range(3):
            assert (await by_pin(gateway, device))[0] == 200
            assert (await by_badge(gateway, device, badge))[0] == 200

    async def test_wrong_pins_keep_nobody_from_the_password(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=2)
        await add(gateway)
        device = await gateway.enrol()
        for _ in range(4):
            await by_pin(gateway, device, pin=OTHER_PIN)
        assert (await by_password(gateway, device))[0] == 200


class TestSetPin:
    @pytest.mark.parametrize(
        ("by", "of", "status"),
        [
            (Role.WORKER, Role.WORKER, 403),
            (Role.SUPERVISOR, Role.WORKER, 204),
            (Role.SUPERVISOR, Role.SUPERVISOR, 403),
            (Role.SUPERVISOR, Role.ADMIN, 403),
            (Role.MANAGER, Role.WORKER, 204),
            (Role.MANAGER, Role.SUPERVISOR, 403),
            (Role.ADMIN, Role.SUPERVISOR, 204),
            (Role.ADMIN, Role.ADMIN, 204),
        ],
    )
    async def test_who_may_whose(self, gateway: Gateway, by: Role, of: Role, status: int) -> None:
        await add(gateway, role=of, pin=None)
        assert (await set_pin(gateway, by=by, pin=PIN))[0] == status
        assert ((await by_pin(gateway, await gateway.enrol()))[0] == 200) == (status == 204)
        assert (await remove_pin(gateway, by))[0] == status

    async def test_a_worker_does_not_learn_who_there_is(self, gateway: Gateway) -> None:
        await add(gateway)
        answers = [await set_pin(gateway, name, Role.WORKER, pin=PIN) for name in ("ana", "nobody")]
        assert answers[0] == answers[1]

    async def test_of_nobody(self, gateway: Gateway) -> None:
        assert code_of(await set_pin(gateway, "nobody", pin=PIN)) == (404, "not_found")

    async def test_of_who_was_deactivated(self, gateway: Gateway) -> None:
        await add(gateway)
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        assert code_of(await set_pin(gateway, pin=PIN)) == (403, "user_inactive")

    @pytest.mark.parametrize(
        "pin",
        [
            *("12345", "1234567890123", "", "12a456", "12 456", "١٢٣٤٥٧", "402817\n"),
            *("000000", "777777777777", "123456", "654321", "890123", "210987", "01234567"),
        ],
    )
    async def test_what_is_no_good_pin(self, gateway: Gateway, pin: str) -> None:
        await add(gateway, pin=None)
        answer = await set_pin(gateway, pin=pin)
        assert code_of(answer) == (422, "invalid_input")
        assert not pin or pin not in str(answer)

    @pytest.mark.parametrize("pin", ["123457", "112233", "402817402817"])
    async def test_what_is(self, gateway: Gateway, pin: str) -> None:
        await add(gateway, pin=pin)
        assert (await by_pin(gateway, await gateway.enrol(), pin=pin))[0] == 200

    async def test_ends_logins_by_the_one_before(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        _, by_pin_ = await by_pin(gateway, device)
        _, by_password_ = await by_password(gateway, device)
        await set_pin(gateway, pin=OTHER_PIN)
        headers = {"Authorization": f"Bearer {by_pin_['access_token']}"}
        answer = await gateway.request("GET", "/api/auth/me", role=None, headers=headers)
        assert code_of(answer) == (401, "token_ended")
        assert (await refresh(gateway, by_pin_))[0] == 401
        assert (await refresh(gateway, by_password_))[0] == 200
        assert code_of(await by_pin(gateway, device)) == WRONG
        assert (await by_pin(gateway, device, pin=OTHER_PIN))[0] == 200

    async def test_removing_it(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        _, tokens = await by_pin(gateway, device)
        for _ in range(2):
            assert (await remove_pin(gateway, Role.SUPERVISOR))[0] == 204
        assert (await refresh(gateway, tokens))[0] == 401
        assert code_of(await by_pin(gateway, device)) == WRONG


async def remove_pin(gateway: Gateway, by: Role) -> tuple[int, Any]:
    headers = gateway.bearer("chief", by)
    return await gateway.request("DELETE", "/api/users/ana/pin", role=None, headers=headers)


class TestOwnPin:
    @pytest.mark.parametrize("proof", [{"password": PASSWORD}, {"current_pin": PIN}])
    async def test_with_a_proof(self, gateway: Gateway, proof: dict[str, str]) -> None:
        await add(gateway)
        assert (await set_own(gateway, {"pin": OTHER_PIN} | proof))[0] == 204
        assert (await by_pin(gateway, await gateway.enrol(), pin=OTHER_PIN))[0] == 200

    @pytest.mark.parametrize("role", [Role.WORKER, Role.ADMIN])
    @pytest.mark.parametrize(
        ("proof", "status"),
        [
            ({}, 422),
            ({"password": PIN}, 401),
            ({"current_pin": OTHER_PIN}, 401),
            ({"current_pin": PASSWORD}, 401),
        ],
    )
    async def test_not_without(
        self, gateway: Gateway, role: Role, proof: dict[str, str], status: int
    ) -> None:
        await add(gateway, role=role)
        assert (await set_own(gateway, {"pin": OTHER_PIN} | proof, role))[0] == status
        assert code_of(await by_pin(gateway, await gateway.enrol(), pin=OTHER_PIN)) == WRONG

    async def test_the_present_pin_is_not_guessed_there(self, gateway: Gateway) -> None:
        await add(gateway)
        guesses = [{"pin": OTHER_PIN, "current_pin": f"40281{digit}"} for digit in (0, 1, 2, 3, 4, 5, 6)]
        answers = await asyncio.gather(*(set_own(gateway, guess) for guess in guesses))
        assert sorted(code_of(answer) for answer in answers) == sorted([WRONG] * 5 + [LOCKED] * 2)
        assert code_of(await set_own(gateway, {"pin": OTHER_PIN, "current_pin": PIN})) == LOCKED
        assert (await set_own(gateway, {"pin": OTHER_PIN, "password": PASSWORD}))[0] == 204

    async def test_the_password_is_not_guessed_there(self, start: Start) -> None:
        gateway = await start(login_failures_per_user=2)
        await add(gateway)
        answers = [await set_own(gateway, {"pin": OTHER_PIN, "password": "guess"}) for _ in range(3)]
        assert [status for status, _ in answers] == [401, 401, 429]

    async def test_not_when_the_password_changed_meanwhile(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await add(gateway)
        passwords = gateway.state.users._passwords
        verify = passwords.verify

        async def overtaken(known: str | None, password: SecretStr) -> bool:
            fits: bool = await verify(known, password)
            await gateway.users.change(CHIEF, "ana", UserChange(password=SecretStr("another password")))
            return fits

        monkeypatch.setattr(passwords, "verify", overtaken)
        assert code_of(await set_own(gateway, {"pin": OTHER_PIN, "password": PASSWORD})) == WRONG

    async def test_may_be_removed(self, gateway: Gateway) -> None:
        await add(gateway, pin=None)
        status, _ = await gateway.request(
            "DELETE", "/api/users/ana/pin", role=None, headers=gateway.bearer("ana")
        )
        assert status == 204


class TestBadge:
    async def make(self, gateway: Gateway, by: Role = Role.SUPERVISOR, name: str = "ana") -> tuple[int, Any]:
        return await gateway.request("POST", f"/api/users/{name}/badge", role=by)

    async def test_logs_in(self, gateway: Gateway) -> None:
        await add(gateway, pin=None)
        status, badge = await self.make(gateway)
        assert status == 201
        assert badge["code"].startswith(BADGE_PREFIX)
        assert badge["code"].isalnum()
        assert badge["code"].isupper()
        status, tokens = await by_badge(gateway, await gateway.enrol(), badge["code"])
        assert status == 200
        assert await who(gateway, tokens) == "ana"

    @pytest.mark.parametrize(
        "read", [str.lower, str.swapcase, "]C0{}".format, "]Q1{}\r\n".format, " {}\t".format]
    )
    async def test_as_scanners_send_it(self, gateway: Gateway, read: Callable[[str], str]) -> None:
        await add(gateway, pin=None)
        badge = await badge_of(gateway)
        assert (await by_badge(gateway, await gateway.enrol(), read(badge)))[0] == 200

    @pytest.mark.parametrize("part", [slice(0, -1), slice(4, None), slice(0, 0)])
    async def test_what_is_none(self, gateway: Gateway, part: slice) -> None:
        await add(gateway, pin=None)
        code = (await badge_of(gateway))[part]
        assert code_of(await by_badge(gateway, await gateway.enrol(), code)) == WRONG

    async def test_a_new_one_ends_the_old_and_its_logins(self, gateway: Gateway) -> None:
        await add(gateway)
        device = await gateway.enrol()
        old = await badge_of(gateway)
        _, tokens = await by_badge(gateway, device, old)
        _, others = await by_pin(gateway, device)
        new = await badge_of(gateway)
        assert new != old
        assert code_of(await by_badge(gateway, device, old)) == WRONG
        assert (await refresh(gateway, tokens))[0] == 401
        assert (await refresh(gateway, others))[0] == 200
        assert (await by_badge(gateway, device, new))[0] == 200

    async def test_ending_it(self, gateway: Gateway) -> None:
        await add(gateway)
        device, badge = await gateway.enrol(), await badge_of(gateway)
        for _ in range(2):
            assert (await gateway.request("DELETE", "/api/users/ana/badge", role=Role.SUPERVISOR))[0] == 204
        assert code_of(await by_badge(gateway, device, badge)) == WRONG

    @pytest.mark.parametrize(
        ("by", "of", "status"),
        [
            (Role.WORKER, Role.WORKER, 403),
            (Role.SUPERVISOR, Role.SUPERVISOR, 403),
            (Role.MANAGER, Role.ADMIN, 403),
            (Role.ADMIN, Role.ADMIN, 201),
        ],
    )
    async def test_who_may_whose(self, gateway: Gateway, by: Role, of: Role, status: int) -> None:
        await add(gateway, role=of, pin=None)
        assert (await self.make(gateway, by))[0] == status

    async def test_of_nobody(self, gateway: Gateway) -> None:
        assert code_of(await self.make(gateway, name="nobody")) == (404, "not_found")


NEW_PASSWORD = SecretStr("quite another one")
Quick = Callable[[Gateway, Device], Awaitable[tuple[int, Any]]]


async def _pin(gateway: Gateway, device: Device) -> tuple[int, Any]:
    return await by_pin(gateway, device)


async def _badge(gateway: Gateway, device: Device) -> tuple[int, Any]:
    return await by_badge(gateway, device, await badge_of(gateway))


@pytest.mark.parametrize("quick", [_pin, _badge], ids=["pin", "badge"])
class TestShift:
    async def test_it_ends_however_often_it_is_refreshed(
        self, gateway: Gateway, gateway_database: Database, quick: Quick
    ) -> None:
        await add(gateway)
        _, tokens = await quick(gateway, await gateway.enrol())
        ends = await self.expiry(gateway_database)
        assert timedelta(hours=15) < ends - datetime.now(UTC) <= timedelta(hours=16)
        _, tokens = await refresh(gateway, tokens)
        assert await self.expiry(gateway_database) == ends
        async with gateway_database.begin() as connection:
            await connection.execute(
                update(refresh_tokens).values(expires_at=refresh_tokens.c.expires_at - timedelta(hours=17))
            )
        assert (await refresh(gateway, tokens))[0] == 401

    async def expiry(self, database: Database) -> datetime:
        async with database.begin() as connection:
            latest = await connection.scalar(select(func.max(refresh_tokens.c.expires_at)))
        assert isinstance(latest, datetime)
        return latest

    @pytest.mark.parametrize(
        "change",
        [UserChange(password=NEW_PASSWORD), UserChange(active=False)],
        ids=["password", "deactivation"],
    )
    async def test_what_ends_logins_ends_these(
        self, gateway: Gateway, quick: Quick, change: UserChange
    ) -> None:
        await add(gateway)
        _, tokens = await quick(gateway, await gateway.enrol())
        await gateway.users.change(CHIEF, "ana", change)
        assert (await refresh(gateway, tokens))[0] == 401

    async def test_counts_by_method(self, gateway: Gateway, quick: Quick) -> None:
        method = quick.__name__.strip("_")
        await add(gateway)
        device = await gateway.enrol()
        outcomes = ("success", "device_refused")
        names = [f'auth_attempts_total{{method="{method}",outcome="{outcome}"}}' for outcome in outcomes]
        before = [await gateway.metric(name) for name in names]
        await quick(gateway, device)
        await quick(gateway, device | {"device_secret": "x"})
        assert [await gateway.metric(name) for name in names] == [value + 1 for value in before]


class TestDeactivation:
    async def test_who_comes_back_gets_a_new_pin_and_badge(self, gateway: Gateway) -> None:
        await add(gateway)
        device, badge = await gateway.enrol(), await badge_of(gateway)
        await gateway.users.change(CHIEF, "ana", UserChange(active=False))
        await gateway.users.change(CHIEF, "ana", UserChange(active=True))
        assert code_of(await by_pin(gateway, device)) == WRONG
        assert code_of(await by_badge(gateway, device, badge)) == WRONG

    async def test_nobody_gets_in_meanwhile(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        await add(gateway)
        device = await gateway.enrol()
        passwords = gateway.state.users._passwords
        verify = passwords.verify

        async def overtaken(known: str | None, password: SecretStr) -> bool:
            fits: bool = await verify(known, password)
            await gateway.users.change(CHIEF, "ana", UserChange(active=False))
            return fits

        monkeypatch.setattr(passwords, "verify", overtaken)
        assert code_of(await by_pin(gateway, device)) == WRONG


class TestWhoHasWhat:
    async def list(self, gateway: Gateway, role: Role = Role.SUPERVISOR) -> tuple[int, Any]:
        return await gateway.request("GET", "/api/workers", role=role)

    async def test_supervisors_see_who_has_a_pin_and_a_badge(self, gateway: Gateway) -> None:
        await add(gateway, "vera", Role.SUPERVISOR, pin=None)
        await add(gateway, "ana")
        await add(gateway, "gone")
        await badge_of(gateway, "ana")
        await gateway.users.change(CHIEF, "gone", UserChange(active=False))
        status, found = await self.list(gateway)
        assert status == 200
        assert found == [
            {"username": "ana", "role": "worker", "has_pin": True, "has_badge": True},
            {"username": "vera", "role": "supervisor", "has_pin": False, "has_badge": False},
        ]

    async def test_workers_do_not(self, gateway: Gateway) -> None:
        assert (await self.list(gateway, Role.WORKER))[0] == 403

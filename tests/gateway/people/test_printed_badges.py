"""Badges that are printed: they are new, work, and exist nowhere but on paper."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from magacin.contracts.actions import Action
from magacin.contracts.auth import UserChange
from magacin.contracts.badges import badge_in
from magacin.contracts.identity import Role
from magacin.core.db import Database
from tests.core.printing.reading import SQUARE, pages
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway
from tests.gateway.people.test_quick_logins import badge_of, by_badge, code_of, who
from tests.support import audited, last_audited

PATH = "/api/prints/badges.pdf"


async def add(gateway: Gateway, *names: str, role: Role = Role.WORKER) -> None:
    for name in names:
        await gateway.users.add(CHIEF, name, role, SecretStr(PASSWORD))


async def print_(gateway: Gateway, *names: str, by: Role = Role.SUPERVISOR, **more: Any) -> tuple[int, Any]:
    return await gateway.request("POST", PATH, role=by, json={"usernames": list(names)} | more)


async def has_badge(gateway: Gateway) -> dict[str, bool]:
    return {one.username: one.has_badge for one in await gateway.users.active()}


async def test_each_gets_a_badge_that_works(gateway: Gateway) -> None:
    await add(gateway, "ana", "marko")
    device = await gateway.enrol()
    before = await badge_of(gateway)
    status, pdf = await print_(gateway, "ana", "marko", language="sr-Cyrl")
    assert status == 200
    [page] = pages(pdf)
    assert "радник" in page.text
    codes = [badge_in(code) for kind, code in page.codes() if kind == SQUARE]
    assert len(set(codes)) == 2
    logins = [await by_badge(gateway, device, str(code)) for code in codes]
    assert sorted([await who(gateway, tokens) for _, tokens in logins]) == ["ana", "marko"]
    assert code_of(await by_badge(gateway, device, before)) == (401, "bad_credentials")
    assert await has_badge(gateway) == {"ana": True, "marko": True}


async def test_is_in_the_audit_log_without_the_code(gateway: Gateway, database: Database) -> None:
    await add(gateway, "ana")
    since = await last_audited(database)
    _, pdf = await print_(gateway, "ana")
    [code] = {code for _, code in pages(pdf)[0].codes()}
    [entry] = await audited(database, since)
    assert (entry["action"], entry["subject_id"]) == (Action.BADGE_MADE, "ana")
    assert code not in str(dict(entry))


async def test_all_or_nobody(gateway: Gateway) -> None:
    await add(gateway, "ana", "gone")
    await add(gateway, "boss", role=Role.SUPERVISOR)
    await gateway.users.change(CHIEF, "gone", UserChange(active=False))
    assert code_of(await print_(gateway, "ana", "nobody")) == (404, "not_found")
    assert code_of(await print_(gateway, "ana", "boss")) == (403, "forbidden")
    assert code_of(await print_(gateway, "ana", "gone")) == (403, "user_inactive")
    assert await has_badge(gateway) == {"ana": False, "boss": False}
    assert (await print_(gateway, "ana", "boss", by=Role.ADMIN))[0] == 200


async def test_a_name_twice_is_one_badge(gateway: Gateway) -> None:
    await add(gateway, "ana")
    _, pdf = await print_(gateway, "ana", "ana", sheet="single")
    assert len(pages(pdf)) == 1


async def test_refuses_nonsense(gateway: Gateway) -> None:
    await add(gateway, "ana")
    assert (await print_(gateway))[0] == 422
    assert (await print_(gateway, "ana", sheet="a3"))[0] == 422
    assert (await print_(gateway, "No Name"))[0] == 422
    assert (await print_(gateway, *(f"w{n}" for n in range(101))))[0] == 422
    assert (await print_(gateway, "ana", by=Role.WORKER))[0] == 403
    assert await has_badge(gateway) == {"ana": False}

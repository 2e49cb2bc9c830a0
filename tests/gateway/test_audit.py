"""What people do with people and devices, as the audit log has it."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert

from magacin.contracts.identity import Role
from magacin.contracts.live_drills import DrillSeverity
from magacin.core.audit import entries as entries_
from magacin.core.db import Database
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway, Start
from tests.support import audited, last_audited

PIN = "402817"
ANOTHER = "another password"
WEEK = timedelta(days=7)


async def entries(database: Database, since: int) -> list[tuple[Any, ...]]:
    found = await audited(database, since)
    return [
        (one["action"], one["subject_kind"], one["subject_id"], one["before"], one["after"]) for one in found
    ]


async def test_people(gateway: Gateway, database: Database) -> None:
    since = await last_audited(database)

    async def do(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await gateway.request(method, path, Role.ADMIN, json=body)

    await do("POST", "/api/users", {"username": "ana", "role": "worker", "password": PASSWORD})
    for _ in range(2):
        await do("PATCH", "/api/users/ana", {"role": "supervisor"})
    await do("PATCH", "/api/users/ana", {"password": ANOTHER})
    await do("PUT", "/api/users/ana/pin", {"pin": PIN})
    _, badge = await do("POST", "/api/users/ana/badge")
    for _ in range(2):
        await do("DELETE", "/api/users/ana/pin")
        await do("DELETE", "/api/users/ana/badge")
    await do("PUT", "/api/users/ana/pin", {"pin": PIN})
    await do("PATCH", "/api/users/ana", {"active": False})
    found = await entries(database, since)
    of = ("user", "ana")
    assert found == [
        ("user.created", *of, None, {"role": "worker", "active": True}),
        ("user.changed", *of, {"role": "worker"}, {"role": "supervisor"}),
        ("user.changed", *of, {}, {"password": "changed"}),
        ("user.pin_set", *of, {"pin": False}, {"pin": True}),
        ("user.badge_made", *of, {"badge": False}, {"badge": True}),
        ("user.pin_removed", *of, {"pin": True}, {"pin": False}),
        ("user.badge_ended", *of, {"badge": True}, {"badge": False}),
        ("user.pin_set", *of, {"pin": False}, {"pin": True}),
        ("user.changed", *of, {"active": True, "pin": True}, {"active": False, "pin": False}),
    ]
    said = json.dumps(found)
    assert not [secret for secret in (PASSWORD, ANOTHER, PIN, badge["code"]) if secret in said]


async def test_who_and_where_from(start: Start, database: Database) -> None:
    gateway = await start(trusted_proxies=["127.0.0.0/8"])
    since = await last_audited(database)
    body = {"username": "ana", "role": "worker", "password": PASSWORD}
    theirs = {"X-Forwarded-For": "10.1.2.3", "X-Request-ID": "of-the-change", "X-Magacin-Address": "1.1.1.1"}
    await gateway.request("POST", "/api/users", Role.ADMIN, json=body, headers=theirs)
    [one] = await audited(database, since)
    said = {name: one[name] for name in ("actor", "role", "address", "request_id")}
    assert said == {"actor": "w1", "role": "admin", "address": "10.1.2.3", "request_id": "of-the-change"}


async def test_what_is_forwarded_says_where_from(gateway: Gateway) -> None:
    theirs = {"X-Magacin-Address": "1.1.1.1", "X-Request-ID": "of-the-change"}
    await gateway.request("PATCH", "/api/tasks/7", Role.ADMIN, json={"priority": 1}, headers=theirs)
    await gateway.request("GET", "/api/tasks/7", Role.ADMIN, headers=theirs)
    changing, reading = (one["headers"] for one in gateway.upstream.requests)
    assert (changing["x-magacin-address"], changing["x-request-id"]) == ("127.0.0.1", "of-the-change")
    assert "x-magacin-address" not in reading


async def test_devices(gateway: Gateway, database: Database) -> None:
    since = await last_audited(database)
    _, device = await gateway.request("POST", "/api/devices", Role.SUPERVISOR, json={"name": "Scanner 1"})
    for _ in range(2):
        await gateway.request("DELETE", f"/api/devices/{device['device_id']}", Role.SUPERVISOR)
    found = await entries(database, since)
    of = ("device", device["device_id"])
    assert found == [
        ("device.enrolled", *of, None, {"name": "Scanner 1"}),
        ("device.ended", *of, {"name": "Scanner 1", "active": True}, {"active": False}),
    ]
    assert device["secret"] not in json.dumps(found)


async def test_screens(gateway: Gateway, database: Database) -> None:
    _, given = await gateway.request("POST", "/api/screens/code", None)
    since = await last_audited(database)
    body = {"code": given["code"], "name": "Hall 2", "language": "sr-Latn"}
    _, screen = await gateway.request("POST", "/api/screens", Role.SUPERVISOR, json=body)
    for _ in range(2):
        await gateway.request("DELETE", f"/api/screens/{screen['screen_id']}", Role.SUPERVISOR)
    found = await entries(database, since)
    of = ("screen", str(screen["screen_id"]))
    said = {"name": "Hall 2", "language": "sr-Latn", "dim_from": None, "dim_until": None}
    assert found == [
        ("screen.paired", *of, None, said),
        ("screen.ended", *of, {"name": "Hall 2", "active": True}, {"active": False}),
    ]
    assert given["secret"] not in json.dumps(found)


async def test_logins_that_end(start: Start, database: Database) -> None:
    gateway = await start(refresh_grace_seconds=0)
    await gateway.users.add(CHIEF, "ana", Role.WORKER, SecretStr(PASSWORD))
    since = await last_audited(database)

    async def log_in() -> str:
        body = {"username": "ana", "password": PASSWORD}
        return str((await gateway.request("POST", "/api/auth/login", None, json=body))[1]["refresh_token"])

    async def show(path: str, token: str) -> None:
        await gateway.request("POST", f"/api/auth/{path}", None, json={"refresh_token": token})

    first, second = await log_in(), await log_in()
    for _ in range(2):
        await show("logout", first)
        await show("refresh", second)
    found = [(one["action"], one["actor"], one["after"]["reason"]) for one in await audited(database, since)]
    assert found == [
        ("user.login_ended", "ana", "logged out"),
        ("user.login_ended", "system", "refresh token used twice"),
    ]


async def test_a_live_drill(gateway: Gateway, database: Database) -> None:
    since = await last_audited(database)
    id_, token = await gateway.state.live_drills.begin(CHIEF, "ServiceDown", DrillSeverity.CRITICAL, WEEK)
    for _ in range(2):
        await gateway.request("POST", f"/drill?token={token}", None, data={"name": "Ana"})
    found = await entries(database, since)
    assert found == [
        ("drill.sent", "drill", str(id_), None, {"alert": "ServiceDown", "severity": "critical"}),
        ("drill.acknowledged", "drill", str(id_), None, {"acknowledged_by": "Ana"}),
    ]
    assert token not in json.dumps(found)


async def test_administrators_read_it(gateway: Gateway, database: Database) -> None:
    for number in range(3):
        body = {"username": f"ana{number}", "role": "worker", "password": PASSWORD}
        await gateway.request("POST", "/api/users", Role.ADMIN, json=body)

    async def ask(query: str, role: Role = Role.ADMIN) -> tuple[int, Any]:
        return await gateway.request("GET", f"/api/audit{query}", role)

    assert (await ask("", Role.MANAGER))[0] == 403
    _, page = await ask("?action=user&actor=w1&limit=2")
    assert [one["subject_id"] for one in page["items"]] == ["ana2", "ana1"]
    assert page["items"][0]["after"] == {"role": "worker", "active": True}
    _, more = await ask(f"?action=user&actor=w1&limit=1&after={page['next_after']}")
    assert more["items"][0]["subject_id"] == "ana0"
    at = page["items"][1]["at"].replace("+", "%2B")
    for query, there in (
        (f"&since={at}", ["ana2", "ana1"]),
        (f"&until={at}&limit=1", ["ana0"]),
        ("&subject_kind=user&subject_id=ana1&limit=1", ["ana1"]),
        ("&actor=nobody", []),
        ("&action=use", []),
    ):
        base = "?action=user.created" if "action=use" not in query else "?"
        _, found = await ask(base + query)
        assert [one["subject_id"] for one in found["items"]][:2] == there, query
    assert (await ask("?since=yesterday"))[0] == 422


async def test_as_a_file(gateway: Gateway, database: Database) -> None:
    since = await last_audited(database)
    await gateway.request("POST", "/api/devices", Role.SUPERVISOR, json={"name": "=HYPERLINK(1)"})
    id_ = (await audited(database, since))[0]["subject_id"]
    assert (await gateway.request("GET", "/api/audit/audit.csv", Role.SUPERVISOR))[0] == 403
    path = f"/api/audit/audit.csv?subject_id={id_}"
    status, content = await gateway.request("GET", path, Role.ADMIN)
    heading, row = csv.reader(content.decode("utf-8-sig").splitlines())
    assert (status, heading[:4]) == (200, ["id", "at", "actor", "role"])
    assert row[2] == "w1"
    assert row[-1] == '{"name":"=HYPERLINK(1)"}'
    async with database.begin() as connection:
        await connection.execute(
            insert(entries_).values(actor="=1+1", action="a", subject_kind="b", subject_id="@c")
        )
    _, content = await gateway.request("GET", "/api/audit/audit.csv?action=a", Role.ADMIN)
    _, row, *_ = csv.reader(content.decode("utf-8-sig").splitlines())
    assert (row[2], row[8]) == ("'=1+1", "'@c")

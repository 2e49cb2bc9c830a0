"""Erasing a person: the name goes everywhere, the figures stay."""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError

from magacin.contracts.actions import Action
from magacin.contracts.auth import UserChange
from magacin.contracts.erasures import Renamed, RenamingIn
from magacin.contracts.identity import Role
from magacin.contracts.imports import RENAME_IN_IMPORTS
from magacin.contracts.live_drills import DrillSeverity
from magacin.contracts.tasks.people import RENAME_IN_TASKS
from magacin.core import audit_table, renaming
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.core.renaming import TooLate, Who, renamed
from magacin.gateway import models as gateway_models
from magacin.gateway.forwarding.upstream import Service
from magacin.gateway.metrics import Upstream as Name
from magacin.gateway.people.eraser import Eraser
from magacin.gateway.settings import GatewaySettings
from magacin.imports import models as import_models
from magacin.imports.app import create_app as create_import_service
from magacin.imports.migrate import migrate as migrate_imports
from magacin.imports.settings import ImportSettings
from magacin.ops.doctor import reports
from magacin.tasks import models as task_models
from magacin.tasks.app import create_app as create_task_service
from magacin.tasks.migrate import migrate as migrate_tasks
from magacin.tasks.settings import TaskSettings
from tests.conftest import SERVICE_TOKEN, free_port
from tests.gateway.conftest import CHIEF, PASSWORD, Gateway, Upstream, eventually, running, serving
from tests.gateway.people.test_user_cli import user
from tests.support import audited, empty_tables, last_audited
from tests.tasks.test_following import catch_up, following
from tests.tasks.test_report_doctor import _patient

ZONE = "Europe/Belgrade"
METADATA = (gateway_models.metadata, task_models.metadata, import_models.metadata)
PERSONAL = re.compile(r"worker|username|supervisor|last_user|undone_worker|\w+_by")
"""What columns are called that hold names of people."""
IMPERSONAL = {
    "tasks.replacements.differences": "of orders",
    "tasks.report_mails.told": "sums",
    "tasks.outbox.rooms": "on its way, and gone in a moment",
    "tasks.outbox.data": "on its way, and gone in a moment",
    "imports.outbox.rooms": "on its way, and gone in a moment",
    "imports.outbox.data": "on its way, and gone in a moment",
    "imports.held_orders.differences": "of orders",
    "imports.jobs.mapping": "columns of files",
    "imports.jobs.reading": "columns of files",
    "imports.jobs.notes": "of the content of files",
    "imports.profiles.content": "columns of files",
}
"""Columns with JSON that has no names in it, and of what it is."""

BOSS: dict[str, Any] = {"role": Role.SUPERVISOR}
ADMIN: dict[str, Any] = {"role": Role.ADMIN}


@pytest.fixture
async def tasks_url(
    gateway_database: Database, redis: Redis, redis_url: SecretStr, migrated: SecretStr
) -> AsyncIterator[str]:
    """A Task Service of these tests alone, with nothing in it."""
    await migrate_tasks(migrated)
    await migrate_imports(migrated)
    await empty_tables(gateway_database, task_models.metadata)
    await empty_tables(gateway_database, import_models.metadata)
    settings = TaskSettings(
        service_token=SERVICE_TOKEN,
        database_url=migrated,
        redis_url=redis_url,
        time_zone=ZONE,
        webhook_key=SecretStr("b4c7" * 16),
        webhook_allowed_networks=(ip_network("127.0.0.0/8"),),
    )
    async with serving(create_task_service(settings)) as url:
        yield url


@pytest.fixture
def imports(tasks_url: str, redis_url: SecretStr, migrated: SecretStr, tmp_path: Path) -> FastAPI:
    """Return an Import Service that belongs to it, and does not run yet."""
    return create_import_service(
        ImportSettings(
            service_token=SERVICE_TOKEN,
            database_url=migrated,
            redis_url=redis_url,
            import_dir=tmp_path / "imports",
            task_service_url=tasks_url,
        )
    )


@pytest.fixture
async def whole(
    settings: Callable[..., GatewaySettings], tasks_url: str, imports: FastAPI
) -> AsyncIterator[Gateway]:
    """A gateway with both services. It is done with nobody whom it erases before a quarter of an hour."""
    async with serving(imports) as url:
        those = settings(task_service_url=tasks_url, import_service_url=url)
        async with running(those, Upstream()) as gateway:
            yield gateway


def a_name() -> str:
    """Return one that nobody had in any test before: the audit log is never emptied."""
    return f"vesna-{uuid.uuid4().hex[:8]}"


async def bring_in(gateway: Gateway, *names: str, role: Role = Role.WORKER) -> None:
    for name in names:
        await gateway.users.add(CHIEF, name, role, SecretStr(PASSWORD))


async def send_away(gateway: Gateway, name: str) -> None:
    await gateway.users.change(CHIEF, name, UserChange(active=False))


class Somebody:
    """Somebody who asks the gateway, and is not refused."""

    def __init__(self, gateway: Gateway, name: str, role: Role = Role.WORKER) -> None:
        self._gateway = gateway
        self._headers = gateway.bearer(name, role)

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        status, answer = await self._gateway.request(
            method, path, json=body, headers=self._headers, **options
        )
        assert status < 300, answer
        return answer


def an_operation(**more: Any) -> dict[str, Any]:
    return {"operation_id": str(uuid.uuid4())} | more


async def a_task(boss: Somebody, number: str, *workers: str) -> Any:
    lines = [{"sku": sku, "quantity": 5, "description": f"An {sku}"} for sku in ("A", "B")]
    made = await boss("POST", "/api/requisitions", {"number": number, "lines": lines})
    (task,) = await boss("POST", "/api/tasks", {"requisition_ids": [made["requisition_id"]]})
    return await boss("POST", f"/api/tasks/{task['task_id']}/assign", {"workers": [*workers]})


async def work(gateway: Gateway, name: str) -> None:
    """Have an administrator pick with Bora, for Mira: two tasks, one of which is done."""
    await bring_in(gateway, "bora")
    await bring_in(gateway, name, "chief", role=Role.ADMIN)
    await bring_in(gateway, "mira", role=Role.SUPERVISOR)
    me, bora = Somebody(gateway, name, Role.ADMIN), Somebody(gateway, "bora")
    mira = Somebody(gateway, "mira", Role.SUPERVISOR)
    events = ["task.completed", "shortage.reported", "requisition.closed"]
    await me("POST", "/api/webhooks", {"name": "ERP", "url": "http://127.0.0.1:9/hooks", "events": events})
    shift = await me(
        "POST",
        "/api/shifts",
        {"name": "Early", "weekdays": [1, 2, 3, 4, 5, 6, 7], "starts": "00:00", "ends": "00:00"},
    )
    team = {"name": "Hall 1", "workers": [name, "bora"], "shift_id": shift["shift_id"]}
    await me("POST", "/api/teams", team)
    done = await a_task(mira, "R-1", name, "bora")
    task_id, second = done["task_id"], done["lines"][1]["line_id"]
    await me("POST", "/api/scan", an_operation(task_id=task_id, code="A", quantity=2))
    await bora("POST", "/api/scan", an_operation(task_id=task_id, code="A", quantity=3))
    await me("POST", "/api/scan", an_operation(task_id=task_id, code="B", quantity=1))
    short = an_operation(line_id=second, quantity=4, reason="not_found")
    await me("POST", f"/api/tasks/{task_id}/shortages", short)
    left = await a_task(me, "R-2", name)
    task_id = left["task_id"]
    await me("POST", f"/api/tasks/{task_id}/start")
    wrong = an_operation(task_id=task_id, code="A", quantity=2)
    await me("POST", "/api/scan", wrong)
    await me("POST", "/api/undo", an_operation(undoes=wrong["operation_id"]))
    for boss, owner in ((mira, name), (me, "bora")):
        scan = an_operation(kind="scan", task_id=task_id, code="A")
        await boss("POST", "/api/scans", {"operations": [scan], "on_behalf_of": owner})
    status, _ = await gateway.request(
        "POST",
        "/api/scan",
        json=an_operation(task_id=10**9, code="A"),
        headers=gateway.bearer(name, Role.ADMIN),
    )
    assert status == 404
    shared = an_operation(workers=[name, "bora"])
    await me("POST", f"/api/tasks/{task_id}/share", shared)
    await mira("POST", f"/api/tasks/{task_id}/assign", {"workers": ["bora"]})


async def sign(gateway: Gateway, database: Database, name: str) -> None:
    """Have an administrator leave their name wherever else people do."""
    me = Somebody(gateway, name, Role.ADMIN)
    credentials = {"username": name, "password": PASSWORD}
    await me("POST", "/api/auth/login", credentials)
    await me("POST", "/api/keys", {"name": f"erp-{uuid.uuid4().hex[:6]}", "scopes": ["articles:read"]})
    profile = {"mapping": {"requisition": "Order", "sku": "Item", "quantity": "Pcs"}}
    await me("PUT", "/api/import-profiles/nightly", profile)
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("file", b"requisition,sku,quantity\nR-9,A,1\n", filename="orders.csv")
    status, job = await gateway.request(
        "POST", "/api/imports", data=form, headers=gateway.bearer(name, Role.ADMIN)
    )
    assert status == 202, job
    device = await me("POST", "/api/devices", {"name": "Scanner 3"})
    proof = {"device_secret": device["secret"]}
    told = proof | {"app_version": "1", "clock": "2027-03-01T08:15:00Z"}
    told["queues"] = [{"username": name, "queued": 2, "oldest_at": None}]
    await me("POST", f"/api/devices/{device['device_id']}/contact", told)
    wrong = proof | {"device_id": device["device_id"], "username": name, "pin": "000001"}
    assert (await gateway.request("POST", "/api/auth/pin", role=None, json=wrong))[0] == 401
    await me("DELETE", f"/api/devices/{device['device_id']}")
    _, token = await gateway.state.live_drills.begin(CHIEF, "X", DrillSeverity.CRITICAL, timedelta(hours=1))
    await gateway.state.live_drills.acknowledge(CHIEF, token, name)
    code = await me("POST", "/api/screens/code")
    await me("POST", "/api/screens", {"code": code["code"], "name": "Hall 1", "language": "en"})
    mail = {"by": "worker", "rows": [{"key": "bora", "figures": {}}, {"key": name, "figures": {}}]}
    async with database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO tasks.report_mails (each, first_day, last_day, content, told, status, due_at)"
                " VALUES ('daily', '2026-03-01', '2026-03-01', :mail, '{}', 'waiting', 'infinity')"
            ),
            {"mail": orjson.dumps(mail).decode()},
        )
        await connection.execute(
            text(
                "INSERT INTO imports.held_orders (job_id, position, number, destination, reason, line_count,"
                " state, decided_by) VALUES (1, 1, 'R-8', '', 'differs', 1, 'discarded', :name)"
            ),
            {"name": name},
        )
        # What supervisors do for others is elsewhere, and has the same columns.
        for table, column in (
            *(("undos", column) for column in ("handed_in_by", "undone_worker")),
            *((table, "handed_in_by") for table in ("shortages", "refusals")),
        ):
            await connection.execute(text(f"UPDATE tasks.{table} SET {column} = :name"), {"name": name})


async def places(database: Database, name: str) -> set[str]:
    """Return the columns of all tables, of whatever type, in which a name is anywhere."""
    async with database.begin() as connection:
        columns = await connection.execute(
            text(
                "SELECT table_schema, table_name, column_name FROM information_schema.columns"
                " JOIN pg_tables ON schemaname = table_schema AND tablename = table_name"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            )
        )
        found = set()
        for schema, table, column in columns.all():
            statement = f'SELECT count(*) FROM "{schema}"."{table}" WHERE strpos("{column}"::text, :name) > 0'
            if await connection.scalar(text(statement), {"name": name}):
                found.add(f"{schema}.{table}.{column}")
    return found


async def require_nowhere(database: Database, name: str) -> None:
    """Fail where a name is anywhere, once what is on its way has gone."""

    async def is_gone() -> bool:
        return not any(".outbox." in place for place in await places(database, name))

    await eventually(is_gone)
    assert await places(database, name) == set()


def expected() -> set[str]:
    """Return the columns in which a name is to be expected: each that is called so, or has JSON."""
    columns = {
        f"{table.schema}.{table.name}.{column.name}"
        for metadata in METADATA
        for table in metadata.tables.values()
        for column in table.columns
        if PERSONAL.fullmatch(column.name) or isinstance(column.type, JSONB)
    }
    assert columns >= IMPERSONAL.keys()
    log = {f"audit.entries.{column}" for column in ("actor", "subject_id", "before", "after")}
    return (columns - IMPERSONAL.keys() - {"gateway.erasures.username"}) | log


async def figures(gateway: Gateway, by: str) -> list[dict[str, Any]]:
    path = f"/api/reports/{by}"
    status, page = await gateway.request("GET", path, role=Role.MANAGER)
    assert status == 200, page
    rows: list[dict[str, Any]] = page["items"]
    return rows


def services_of(gateway: Gateway) -> dict[Name, Service]:
    return gateway.state.forwarder._services  # type: ignore[return-value]


def eraser(gateway: Gateway, database: Database) -> Eraser:
    """Return one that does not wait until the last access token is over."""
    return Eraser(database, services_of(gateway), timedelta(0))


async def erase(gateway: Gateway, name: str) -> dict[str, Any]:
    status, erasure = await gateway.request(
        "POST", f"/api/users/{name}/erase", json={"username": name}, **ADMIN
    )
    assert status == 202, erasure
    return dict(erasure)


async def finished(gateway: Gateway, pseudonym: str) -> bool:
    _, listed = await gateway.request("GET", "/api/erasures", **ADMIN)
    return next(one for one in listed if one["pseudonym"] == pseudonym)["finished_at"] is not None


async def make_due(database: Database) -> None:
    """Have everything gone on with now, whatever it waits for."""
    async with database.begin() as connection:
        await connection.execute(text("UPDATE gateway.erasures SET due_at = now()"))


async def finish(gateway: Gateway, database: Database, pseudonym: str) -> None:
    """Have it finished, whatever loop comes first to a portion."""
    one = eraser(gateway, database)
    while not await finished(gateway, pseudonym):
        await make_due(database)
        await one.step()


async def waits_for(service: str, gateway: Gateway, database: Database) -> None:
    """Go on with the last erasure until it waits for a service.

    The gateway of other tests has a loop as well, and its services do not know what it asks for.
    """
    one = eraser(gateway, database)

    async def waits() -> bool:
        await make_due(database)
        with contextlib.suppress(DependencyUnavailable):
            await one.step()
        _, listed = await gateway.request("GET", "/api/erasures", **ADMIN)
        return bool(listed[0]["waiting_for"] == service)

    await eventually(waits)


async def test_the_figures_stay_and_the_name_goes(
    whole: Gateway, database: Database, migrated: SecretStr
) -> None:
    name = a_name()
    await work(whole, name)
    await sign(whole, database, name)
    follower = following(database, ZONE)
    await catch_up(follower)
    before = {by: await figures(whole, by) for by in ("worker", "team", "shift", "day", "article")}
    assert {row["key"] for row in before["worker"]} >= {name, "bora"}
    assert await places(database, name) >= expected()
    await send_away(whole, name)
    since = await last_audited(database)
    pseudonym = (await erase(whole, name))["pseudonym"]
    await finish(whole, database, pseudonym)
    await require_nowhere(database, name)
    assert await places(database, pseudonym) >= {
        "tasks.scans.worker",
        "tasks.undos.worker",
        "audit.entries.actor",
    }
    await catch_up(follower)
    after = {by: await figures(whole, by) for by in before}
    for row in before["worker"]:
        row["key"] = {name: pseudonym}.get(row["key"], row["key"])
    before["worker"].sort(key=lambda row: str(row["key"]))
    assert after == before
    assert await asyncio.to_thread(lambda: [one.what for one in reports.sums(_patient(migrated))]) == []
    told = await audited(database, since)
    assert told[0]["action"] == Action.USER_ERASED
    assert (told[0]["subject_id"], told[0]["before"], told[0]["after"]) == (pseudonym, None, None)
    assert {one["action"] for one in told[1:]} == {Action.AUDIT_RENAMED}


async def test_while_a_service_is_away_it_waits_and_goes_on_by_itself(
    settings: Callable[..., GatewaySettings], tasks_url: str, imports: FastAPI, database: Database
) -> None:
    name, port = a_name(), free_port()
    those = settings(task_service_url=tasks_url, import_service_url=f"http://127.0.0.1:{port}")
    async with running(those, Upstream()) as gateway:

        async def shown() -> Any:
            return (await gateway.request("GET", "/api/erasures", **ADMIN))[1][0]

        await work(gateway, name)
        async with database.begin() as connection:
            statement = (
                "INSERT INTO imports.profiles (name, content, saved_by) VALUES ('nightly', '{}', :name)"
            )
            await connection.execute(text(statement), {"name": name})
        await send_away(gateway, name)
        pseudonym = (await erase(gateway, name))["pseudonym"]
        await waits_for("import-service", gateway, database)
        assert {"tasks.scans.worker", "imports.profiles.saved_by"} & await places(database, name) == {
            "imports.profiles.saved_by"
        }
        async with serving(imports, port):
            await finish(gateway, database, pseudonym)
        await require_nowhere(database, name)
        assert (await shown())["waiting_for"] is None


async def test_an_answer_that_is_none_is_waited_for(
    gateway: Gateway, gateway_database: Database, upstream: Upstream
) -> None:
    """As when the address is that of another server."""
    name = a_name()
    await bring_in(gateway, name)
    await send_away(gateway, name)
    await erase(gateway, name)
    await waits_for("task-service", gateway, gateway_database)


async def test_killed_anywhere_it_goes_on_there(whole: Gateway, database: Database) -> None:
    name = a_name()
    await work(whole, name)
    await send_away(whole, name)
    pseudonym = (await erase(whole, name))["pseudonym"]

    class Killed(Eraser):
        """Dies between a portion and writing down that it is done."""

        async def _keep(self, claimed: Any, done: Renamed) -> None:
            raise ConnectionResetError

    async def one_dies() -> bool:
        await make_due(database)
        try:
            return await Killed(database, services_of(whole), timedelta(0)).step()
        except ConnectionResetError:
            return True

    while not await finished(whole, pseudonym):
        await one_dies()
        await make_due(database)
        await eraser(whole, database).step()
    await require_nowhere(database, name)
    assert await places(database, pseudonym) >= {"tasks.scans.worker"}


@pytest.mark.parametrize("role", [Role.WORKER, Role.SUPERVISOR, Role.MANAGER, None])
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/users/ana/erase"), ("GET", "/api/erasures")])
async def test_it_is_for_administrators(gateway: Gateway, role: Role | None, method: str, path: str) -> None:
    await bring_in(gateway, "ana")
    await send_away(gateway, "ana")
    status, _ = await gateway.request(method, path, role=role, json={"username": "ana"})
    assert status == (401 if role is None else 403)
    assert await gateway.users.find("ana") is not None


@pytest.mark.parametrize("name", ["N%00", "x" * 400])
async def test_what_nobody_can_be_called_is_refused(gateway: Gateway, name: str) -> None:
    path = f"/api/users/{name}/erase"
    assert (await gateway.request("POST", path, json={"username": "x"}, **ADMIN))[0] == 422


async def test_who_stood_still_meanwhile_does_not_touch_whoever_has_the_name(
    whole: Gateway, database: Database
) -> None:
    name = a_name()
    await bring_in(whole, name)
    await send_away(whole, name)
    pseudonym = (await erase(whole, name))["pseudonym"]

    class Late(Eraser):
        """Stands still for long after it has taken something on."""

        async def _claim(self) -> Any:
            while (claimed := await super()._claim()) is None:
                await make_due(database)
            await finish(whole, database, pseudonym)
            await bring_in(whole, name)
            return claimed

    with pytest.raises(TooLate):
        await Late(database, services_of(whole), timedelta(0)).step()
    assert await whole.users.find(name) is not None


@pytest.mark.parametrize("service", ["tasks", "imports"])
async def test_services_do_not_rename_too_late(whole: Gateway, service: str) -> None:
    upstream = Name.TASKS if service == "tasks" else Name.IMPORTS
    endpoint = RENAME_IN_TASKS if service == "tasks" else RENAME_IN_IMPORTS
    wanted = {"username": "ana", "pseudonym": "erased-7", "until": datetime.now(UTC) + timedelta(minutes=1)}
    one = Eraser(whole.state.users._database, services_of(whole), timedelta(0))
    assert await one.ask(upstream, endpoint, RenamingIn.model_validate(wanted))
    wanted["until"] = datetime.now(UTC) - timedelta(seconds=1)
    with pytest.raises(DependencyUnavailable, match="409"):
        await one.ask(upstream, endpoint, RenamingIn.model_validate(wanted))


async def test_asked_for_at_once_it_is_done_once(whole: Gateway) -> None:
    name = a_name()
    await bring_in(whole, name)
    await send_away(whole, name)
    answers = await asyncio.gather(*(erase(whole, name) for _ in range(5)))
    assert len({one["pseudonym"] for one in answers}) == 1


async def test_who_may_be_erased(whole: Gateway, database: Database) -> None:
    name = a_name()
    await bring_in(whole, name)
    await bring_in(whole, "chief", role=Role.ADMIN)
    boss: dict[str, Any] = {"headers": whole.bearer("chief", Role.ADMIN)}

    async def refused(name: str, typed: str) -> tuple[int, str]:
        path = f"/api/users/{name}/erase"
        status, answer = await whole.request("POST", path, json={"username": typed}, **boss)
        return status, answer["error"]["code"]

    assert await refused(name, "bora") == (422, "name_differs")
    assert await refused("chief", "chief") == (409, "own_user")
    assert await refused(name, name) == (409, "user_active")
    assert await refused("nobody", "nobody") == (404, "not_found")
    elsewhere = await whole.request("POST", "/api/users/chief/erase", json={"username": "chief"}, **ADMIN)
    assert elsewhere[1]["error"]["code"] == "last_admin"
    device = await whole.enrol("Scanner 3")
    async with database.begin() as connection:
        statement = text("INSERT INTO gateway.device_queues VALUES (:id, :name, 2, now())")
        await connection.execute(statement, {"id": uuid.UUID(device["device_id"]), "name": name})
    await send_away(whole, name)
    assert await refused(name, name) == (409, "operations_waiting")
    await whole.state.devices.end(uuid.UUID(device["device_id"]), CHIEF)
    first = await erase(whole, name)
    assert first["pseudonym"] == (await erase(whole, name))["pseudonym"]
    await finish(whole, database, first["pseudonym"])
    assert await refused(name, name) == (404, "not_found")


async def test_whoever_gets_the_name_afterwards_begins_anew(whole: Gateway, database: Database) -> None:
    name = a_name()
    await work(whole, name)
    former = whole.bearer(name, Role.ADMIN)
    await send_away(whole, name)
    body = {"username": name, "role": "worker", "password": PASSWORD}

    async def code_of(**new: str) -> str:
        return str((await whole.request("POST", "/api/users", json=body | new, **ADMIN))[1]["error"]["code"])

    pseudonym = (await erase(whole, name))["pseudonym"]
    assert await code_of() == "name_being_erased"
    assert await code_of(username=pseudonym) == "name_kept_free"
    assert (await whole.request("GET", "/api/auth/me", headers=former))[0] == 401
    await finish(whole, database, pseudonym)
    await require_nowhere(database, name)
    assert (await whole.request("POST", "/api/users", json=body, **ADMIN))[0] == 201
    credentials = {"username": name, "password": PASSWORD}
    _, tokens = await whole.request("POST", "/api/auth/login", role=None, json=credentials)
    mine: dict[str, Any] = {"headers": {"Authorization": f"Bearer {tokens['access_token']}"}}

    async def is_let_in() -> bool:
        return (await whole.request("GET", "/api/auth/me", **mine))[0] == 200

    await eventually(is_let_in)
    for path in ("/api/tasks?mine=true", "/api/picking"):
        status, answer = await whole.request("GET", path, **mine)
        assert (status, answer["tasks"] if "tasks" in answer else answer["items"]) == (200, [])
    assert {row["key"] for row in await figures(whole, "worker")} >= {pseudonym, "bora"}
    assert name not in {row["key"] for row in await figures(whole, "worker")}
    entry = text("SELECT action FROM audit.entries WHERE subject_id = :name OR actor = :name")
    async with database.begin() as connection:
        told = list((await connection.execute(entry, {"name": name})).scalars())
    assert told == [Action.USER_CREATED]


async def test_what_comes_later_is_refused_and_not_taken(whole: Gateway, database: Database) -> None:
    name = a_name()
    await work(whole, name)
    token = whole.bearer(name, Role.ADMIN)
    device = await whole.enrol("Scanner 4")
    await send_away(whole, name)
    await erase(whole, name)
    body = an_operation(task_id=1, code="A")
    assert (await whole.request("POST", "/api/scan", json=body, headers=token))[0] == 401
    handed_in = {"operations": [body | {"kind": "scan"}], "on_behalf_of": name}
    status, answer = await whole.request("POST", "/api/scans", json=handed_in, **BOSS)
    assert (status, answer["error"]["code"]) == (422, "unknown_workers")
    told: dict[str, Any] = {
        "device_secret": device["device_secret"],
        "app_version": "1",
        "clock": "2027-03-01T08:15:00Z",
    }
    told["queues"] = [{"username": one, "queued": 2, "oldest_at": None} for one in (name, "bora")]
    await Somebody(whole, "bora")("POST", f"/api/devices/{device['device_id']}/contact", told)
    _, (listed,) = await whole.request("GET", "/api/devices", **BOSS)
    assert [one["username"] for one in listed["queued"]] == ["bora"]


def test_what_is_called_so_and_is_nobody_stays() -> None:
    who = Who("ana", "erased-7")
    value = {
        "sku": "ana",
        "description": "ana",
        "workers": ["ana", "bora"],
        "task": {"worker": "ana", "note": "ana", "lines": [{"scanned_by": "ana", "undone_by": "ana"}]},
    }
    assert renamed(value, who) == {
        "sku": "ana",
        "description": "ana",
        "workers": ["bora", "erased-7"],
        "task": {
            "worker": "erased-7",
            "note": "ana",
            "lines": [{"scanned_by": "ana", "undone_by": "erased-7"}],
        },
    }


def test_the_log_and_the_services_know_names_by_the_same_words() -> None:
    (words,) = re.findall(r"key IN \(([^)]*)\)", audit_table.DEFINITION)
    assert set(re.findall(r"'(\w+)'", words)) == renaming._NAMED


@pytest.mark.parametrize(
    "arguments",
    ["'ana', 'bora'", "'erased-1', 'erased-2'", "NULL, 'erased-2'", "'ana', NULL", "'A b', 'erased-2'"],
)
async def test_the_log_gives_a_name_up_for_a_pseudonym_alone(
    gateway: Gateway, database: Database, arguments: str
) -> None:
    with pytest.raises(DBAPIError, match="replaced"):
        async with database.begin() as connection:
            await connection.execute(text(f"SELECT audit.rename({arguments}, 0, 10)"))


async def test_by_the_command(whole: Gateway, tmp_path: Path, migrated: SecretStr) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "database-url").write_text(migrated.get_secret_value() + "\n")
    name = a_name()
    await bring_in(whole, name)
    done = await user(tmp_path, "erase", name, "--confirm", name)
    assert (done.returncode, "Deactivate them first" in done.stderr) == (1, True)
    await send_away(whole, name)
    done = await user(tmp_path, "erase", name, "--confirm", name)
    assert done.returncode == 0, done.stderr
    assert "erased-" in done.stdout
    assert await whole.users.find(name) is None

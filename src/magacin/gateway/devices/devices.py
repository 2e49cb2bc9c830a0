"""Devices that a supervisor enrolled: who has a device's secret holds the device in hand."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from magacin.contracts.actions import Action
from magacin.contracts.devices import Contact, ContactIn, Device, EnrolledDevice, Queue, QueueIn
from magacin.core import audit
from magacin.core.db import Database
from magacin.core.errors import Forbidden, NotFound
from magacin.core.tokens import token_hash
from magacin.gateway.models import device_queues, devices, refresh_tokens, users

# A device whose clock is far off must not tell of operations from another century.
_LONGEST = timedelta(days=3650)


class DeviceRefused(Forbidden):
    """The device was never enrolled, was ended, or has another secret. Which of it is nobody's business."""

    code = "device_refused"


class DeviceNotFound(NotFound):
    """There is no such device."""


class Devices:
    """Enrols devices, hears from them and ends them, each call in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enrol(self, name: str, by: audit.Actor) -> EnrolledDevice:
        """Keep a new device. Returns its secret, of which only a hash is kept."""
        device = EnrolledDevice(device_id=uuid4(), name=name, secret=secrets.token_urlsafe(32))
        values = {
            "device_id": device.device_id,
            "name": name,
            "secret_hash": token_hash(device.secret),
            "enrolled_by": by.username,
        }
        async with self._database.begin() as connection:
            await connection.execute(insert(devices).values(values))
            made = audit.Entry(Action.DEVICE_ENROLLED, "device", str(device.device_id), after={"name": name})
            await audit.record(connection, by, made)
        return device

    async def all(self) -> list[Device]:
        """Return all devices by name, those that were ended included."""
        queues: dict[UUID, list[Queue]] = defaultdict(list)
        async with self._database.begin() as connection:
            held = select(device_queues).order_by(device_queues.c.username)
            for row in (await connection.execute(held)).mappings():
                queues[row["device_id"]].append(Queue.model_validate(dict(row)))
            by_name = select(devices).order_by(devices.c.name, devices.c.enrolled_at)
            rows = (await connection.execute(by_name)).mappings().all()
        return [_device(row, queues[row["device_id"]]) for row in rows]

    async def end(self, device_id: UUID, by: audit.Actor) -> None:
        """End a device and all logins there; raise `DeviceNotFound`. Ending it twice is no error."""
        found = select(devices.c.name, devices.c.ended_at).where(devices.c.device_id == device_id)
        async with self._database.begin() as connection:
            device = (await connection.execute(found.with_for_update())).one_or_none()
            if device is None:
                raise DeviceNotFound("There is no such device.", details={"device_id": str(device_id)})
            if device.ended_at is None:
                await _end(connection, device_id)
                was, is_ = {"name": device.name, "active": True}, {"active": False}
                ended = audit.Entry(Action.DEVICE_ENDED, "device", str(device_id), was, is_)
                await audit.record(connection, by, ended)
            # A refresh that is under way may add one more token: that is refused when it is used.
            await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.device_id == device_id))

    async def require(self, device_id: UUID, secret: SecretStr) -> None:
        """Raise `DeviceRefused` unless this is the secret of a device that is enrolled."""
        statement = select(devices.c.device_id).where(_is_active(device_id, secret))
        async with self._database.begin() as connection:
            if await connection.scalar(statement) is None:
                raise _refused()

    async def contact(self, device_id: UUID, by: str, said: ContactIn) -> Contact:
        """Keep what a device says of itself; raise `DeviceRefused`. Returns the time to set clocks by."""
        now = datetime.now(UTC)
        statement = (
            update(devices)
            .where(_is_active(device_id, said.device_secret))
            .values(last_contact_at=now, last_user=by, app_version=said.app_version)
            .returning(devices.c.device_id)
        )
        held = [_queue(device_id, queue, said.clock, now) for queue in said.queues if queue.queued]
        async with self._database.begin() as connection:
            if await connection.scalar(statement) is None:
                raise _refused()
            await connection.execute(delete(device_queues).where(device_queues.c.device_id == device_id))
            if held := await _of_people(connection, held):
                await connection.execute(insert(device_queues), held)
        return Contact(server_time=datetime.now(UTC))

    async def waiting(self) -> list[float]:
        """Return how many operations devices said they hold, and the age of the oldest in seconds."""
        age = func.extract("epoch", func.now() - func.min(device_queues.c.oldest_at))
        statement = (
            select(func.coalesce(func.sum(device_queues.c.queued), 0), func.coalesce(age, 0))
            .select_from(device_queues.join(devices))
            .where(devices.c.ended_at.is_(None))
        )
        async with self._database.begin() as connection:
            queued, oldest = (await connection.execute(statement)).one()
        return [float(queued), float(oldest)]


async def _of_people(connection: AsyncConnection, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is somebody's: the name of who was erased does not come back from a device that has it."""
    names = [queue["username"] for queue in held]
    there = set(await connection.scalars(select(users.c.username).where(users.c.username.in_(names))))
    return [queue for queue in held if queue["username"] in there]


async def _end(connection: AsyncConnection, device_id: UUID) -> None:
    ended = update(devices).where(devices.c.device_id == device_id).values(ended_at=func.now())
    await connection.execute(ended)


async def note_user(connection: AsyncConnection, device_id: UUID, username: str) -> None:
    """Keep who logged in on a device."""
    await connection.execute(
        update(devices).where(devices.c.device_id == device_id).values(last_user=username)
    )


def _is_active(device_id: UUID, secret: SecretStr) -> ColumnElement[bool]:
    is_it: ColumnElement[bool] = devices.c.device_id == device_id
    return is_it & (devices.c.secret_hash == token_hash(secret)) & devices.c.ended_at.is_(None)


def _queue(device_id: UUID, queue: QueueIn, clock: datetime, now: datetime) -> dict[str, object]:
    # The device's clock may be wrong by years; how old something is by that clock is right all the same.
    age = None if queue.oldest_at is None else min(max(clock - queue.oldest_at, timedelta()), _LONGEST)
    return {
        "device_id": device_id,
        "username": queue.username,
        "queued": queue.queued,
        "oldest_at": None if age is None else now - age,
    }


def _device(row: RowMapping, queues: list[Queue]) -> Device:
    return Device.model_validate(dict(row) | {"active": row["ended_at"] is None, "queued": queues})


def _refused() -> DeviceRefused:
    return DeviceRefused(
        "This device is not enrolled, or was ended. Log in with the password without it, or have a "
        "supervisor enrol it anew."
    )

"""HTTP: supervisors who enrol and end devices, and devices that say what they hold."""

from __future__ import annotations

from uuid import UUID

import structlog

from magacin.contracts.devices import (
    CONTACT,
    END_DEVICE,
    ENROL_DEVICE,
    LIST_DEVICES,
    Contact,
    ContactIn,
    Device,
    DeviceIn,
    EnrolledDevice,
)
from magacin.gateway.people.dependencies import CurrentUser, Router
from magacin.gateway.state import State

log = structlog.get_logger(__name__)
router = Router()


@router.handles(ENROL_DEVICE)
async def enrol(device: DeviceIn, identity: CurrentUser, state: State) -> EnrolledDevice:
    """People log in by PIN and badge on enrolled devices only. The secret is shown this once."""
    enrolled = await state.devices.enrol(device.name, identity)
    log.info("device_enrolled", device_id=str(enrolled.device_id))
    return enrolled


@router.handles(LIST_DEVICES)
async def list_devices(state: State) -> list[Device]:
    """Return all devices by name, with when they were last heard of; those that were ended as well."""
    return await state.devices.all()


@router.handles(END_DEVICE)
async def end(device_id: UUID, identity: CurrentUser, state: State) -> None:
    """Nobody logs in there by PIN or badge any more, and who is logged in there is not for much longer."""
    await state.devices.end(device_id, identity)
    log.info("device_ended", device_id=str(device_id))


@router.handles(CONTACT)
async def contact(device_id: UUID, said: ContactIn, identity: CurrentUser, state: State) -> Contact:
    """Keep what a device says of itself. The difference of its clock from `server_time` is its offset."""
    return await state.devices.contact(device_id, identity.username, said)

"""HTTP: screens that ask to be brought in, and supervisors who bring them in and end them."""

from __future__ import annotations

import structlog
from fastapi import Request

from magacin.contracts.screens import (
    END_SCREEN,
    LIST_SCREENS,
    MAKE_CODE,
    PAIR_SCREEN,
    SCREEN_SESSION,
    Screen,
    ScreenCode,
    ScreenIn,
    ScreenSession,
    ScreenSessionIn,
)
from magacin.core.endpoint import Id
from magacin.gateway.client_address import client_address
from magacin.gateway.people.dependencies import CurrentUser, Router
from magacin.gateway.state import State

log = structlog.get_logger(__name__)
router = Router()


@router.handles(MAKE_CODE)
async def make_code(request: Request, state: State) -> ScreenCode:
    """A screen that nobody has brought in yet shows the code. The secret is for the screen alone."""
    return await state.screens.make_code(client_address(request, state.settings.trusted_proxies))


@router.handles(SCREEN_SESSION)
async def session(said: ScreenSessionIn, state: State) -> ScreenSession:
    """Return what to ask with, once the code was entered. After `screen_refused` begin with a new code."""
    return await state.screens.session(said)


@router.handles(PAIR_SCREEN)
async def pair(screen: ScreenIn, identity: CurrentUser, request: Request, state: State) -> Screen:
    """A code works once, and for ten minutes. Wrong ones are counted as failed logins are."""
    address = client_address(request, state.settings.trusted_proxies)
    paired = await state.screens.pair(screen, identity, address)
    log.info("screen_paired", screen_id=paired.screen_id)
    return paired


@router.handles(LIST_SCREENS)
async def list_screens(state: State) -> list[Screen]:
    """Return all screens by name; those that were ended as well."""
    return await state.screens.all()


@router.handles(END_SCREEN)
async def end(screen_id: Id, identity: CurrentUser, state: State) -> None:
    """It is told so when it asks next, shows no figures any more, and a new code."""
    await state.screens.end(screen_id, identity)
    log.info("screen_ended", screen_id=screen_id)

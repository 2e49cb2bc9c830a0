"""What the gateway opened when it started, and how its endpoints are handed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from magacin.core.service import provided
from magacin.core.web_app import WebApp
from magacin.gateway.audit.audit_log import AuditLog
from magacin.gateway.devices.devices import Devices
from magacin.gateway.drills.live_drills import LiveDrills
from magacin.gateway.forwarding.forward import Forwarder
from magacin.gateway.front.overview import Overview
from magacin.gateway.keys.api_keys import ApiKeys
from magacin.gateway.people.badges import Badges
from magacin.gateway.people.callers import Callers
from magacin.gateway.people.erasing import Erasures
from magacin.gateway.people.logins import Logins
from magacin.gateway.people.pins import Pins
from magacin.gateway.people.sessions import Sessions
from magacin.gateway.people.tokens import AccessTokens
from magacin.gateway.people.users import Users
from magacin.gateway.screens.screens import Screens
from magacin.gateway.settings import GatewaySettings
from magacin.gateway.sockets.sockets import Sockets


@dataclass(frozen=True, kw_only=True)
class GatewayState:
    """All of it."""

    settings: GatewaySettings
    tokens: AccessTokens
    keys: ApiKeys
    callers: Callers
    users: Users
    sessions: Sessions
    logins: Logins
    erasures: Erasures
    pins: Pins
    badges: Badges
    devices: Devices
    screens: Screens
    forwarder: Forwarder
    sockets: Sockets
    live_drills: LiveDrills
    audit_log: AuditLog
    overview: Overview
    worker_app: WebApp
    desk_app: WebApp
    wall_app: WebApp


State = Annotated[GatewayState, provided(GatewayState)]

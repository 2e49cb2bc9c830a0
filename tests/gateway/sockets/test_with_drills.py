"""The screens of the drills at the real gateway."""

from __future__ import annotations

from typing import cast

from pydantic import SecretStr

from magacin.contracts.identity import Identity, Role
from magacin.drills.people import Person, Screens
from magacin.gateway.people.tokens import AccessTokens, Generations
from tests.gateway.conftest import JWT_KEY, Gateway, eventually

WANTED = 3


class Renewing:
    """Somebody whose token is a new one as soon as `lives` is changed."""

    def __init__(self, gateway: Gateway) -> None:
        self.url = gateway.url
        self.lives = 60.0

    async def token(self) -> str:
        tokens = AccessTokens(SecretStr(JWT_KEY), self.lives, Generations())
        return tokens.issue(Identity("drill", Role.SUPERVISOR), 1)


async def test_screens_hand_in_new_tokens_on_the_connections_that_they_have(gateway: Gateway) -> None:
    person = Renewing(gateway)
    sockets = gateway.state.sockets
    broken_before = sockets.disconnections.total()
    screens = Screens(cast("Person", person), WANTED)
    try:
        await screens.open()
        assert screens.connected == WANTED
        clients = list(sockets.clients.values())
        first = [client.access.expires_at for client in clients]
        person.lives = 600.0

        def all_have_renewed() -> bool:
            return all(
                client.access.expires_at > end + 300 for client, end in zip(clients, first, strict=True)
            )

        await eventually(all_have_renewed)
        assert list(sockets.clients.values()) == clients
        assert sockets.disconnections.total() == broken_before
    finally:
        await screens.close()

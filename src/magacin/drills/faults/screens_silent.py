"""A screen on a wall is dark."""

from __future__ import annotations

from typing import Any

from magacin.drills.arrangements import WORKING_TIME
from magacin.drills.drill import Delay, Drill, Proof


class ScreensSilent(Drill):
    """A screen that was brought in asks for its board no more, as one without power."""

    proves = (
        Proof(
            alert="WallScreenSilent",
            severity="warning",
            service="api-gateway",
            signal="max(wall_screen_longest_silence_seconds) > 600",
            seconds=frozenset({"600"}),  # an age, which grows while the fault lasts
            moves=Delay(real=600),
        ),
    )
    uses = frozenset({"postgres", "api-gateway"})
    needs = frozenset({WORKING_TIME})
    first = 75

    async def prepare(self) -> None:
        """Bring a screen in."""
        name = self.rig.number(self.name)
        self.scope.remember("screens", "end the screen of the drill", name=name)
        given = await self.rig.person.must("POST", "/api/screens/code")
        await self.rig.person.must("POST", "/api/screens", {"code": given["code"], "name": name})
        self.secret = given["secret"]

    async def cause(self) -> None:
        """Be heard of once, and no more."""
        said: dict[str, Any] = {"secret": self.secret, "app_version": "drill"}
        await self.rig.person.must("POST", "/api/screens/session", said)

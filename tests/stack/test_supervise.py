from __future__ import annotations

import xmlrpc.client
from typing import Any

from supervisor.xmlrpc import Faults  # type: ignore[import-untyped]  # the library has no types

from magacin.stack import supervise
from magacin.stack.parts import PARTS


class Restarting(supervise.Supervisor):
    """A supervisord whose part has just been killed: it refuses to stop it, and starts it again."""

    def __init__(self) -> None:
        self.state = "RUNNING"
        self.refused = ["EXITED", "RUNNING"]

    def running(self) -> bool:
        return True

    def _call(self, method: str, *arguments: object) -> Any:
        if method == "stopProcess":
            if self.refused:
                self.state = self.refused.pop(0)
                raise xmlrpc.client.Fault(Faults.NOT_RUNNING, "NOT_RUNNING: prometheus")
            self.state = "STOPPED"
            return True
        assert method == "getAllProcessInfo"
        info = {"name": "prometheus", "statename": self.state, "pid": 1, "start": 1, "now": 2}
        return [info | {"exitstatus": 0, "spawnerr": ""}]


def test_what_ends_by_itself_while_it_is_stopped_stays_stopped() -> None:
    supervisor = Restarting()
    supervisor.stop([PARTS["prometheus"]])
    assert supervisor.state == "STOPPED"

"""A changed configuration is refused."""

from __future__ import annotations

import asyncio

from magacin.drills.drill import RULES, Drill, Proof

_BROKEN = """\
groups:
  - name: drill
    rules:
      - alert: NobodyHasReadThis
        expr: up ==
"""


class RulesBroken(Drill):
    """A file of rules with a mistake in it is put in place by hand, past the check."""

    proves = (
        Proof(
            alert="ConfigReloadFailed",
            severity="warning",
            service="prometheus",
            signal="prometheus_config_last_reload_successful == 0",
        ),
    )
    holds = frozenset({RULES})
    keeps = frozenset()

    async def cause(self) -> None:
        """Write it, and have Prometheus read its files."""
        file = self.rig.stack.data.etc / "rules" / "drill-broken.yml"
        # In this order: the file goes first when both are undone.
        what = "have Prometheus read its own configuration"
        self.scope.remember("monitoring", what, edit=self.name, servers=["prometheus"])
        self.scope.remember("remove", "remove the broken file of rules", path=str(file))
        file.write_text(_BROKEN, encoding="utf-8")
        await asyncio.to_thread(self.rig.stack.supervisor.signal, "prometheus", "HUP")

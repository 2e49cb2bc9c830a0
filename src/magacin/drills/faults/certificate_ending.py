"""Nobody has renewed the certificate that phones are shown."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from magacin.core.certificates import Authority
from magacin.drills.drill import Drill, Proof
from magacin.stack.launch_specs import LaunchSpec, launch_spec
from magacin.stack.parts import LOOPBACK
from magacin.stack.processes import variables

_NAME = "drill.test"


class CertificateEnding(Drill):
    """The API Gateway is given a certificate for phones that ends in three days."""

    proves = (
        Proof(
            alert="CertificateExpiresSoon",
            severity="warning",
            service="api-gateway",
            signal="(gateway_certificate_expiry_timestamp_seconds > 0) - time() < 14 * 86400",
        ),
    )
    holds = frozenset({"api-gateway", "sockets"})
    keeps = frozenset()

    async def prepare(self) -> None:
        """Make the certificate."""
        folder = self.rig.stack.data.run / "drill-certificate"
        self.scope.remember("remove", "remove the drill's certificate", path=str(folder))
        self.file = await asyncio.to_thread(_certificate, folder)

    async def cause(self) -> None:
        """Start the gateway with it, on a port of loopback that nobody has."""
        usual = launch_spec("api-gateway", self.rig.site)
        door = variables(
            {
                "LAN_NAME": _NAME,
                "LAN_HOST": LOOPBACK,
                "LAN_PORT": 0,
                "LAN_CERTIFICATE_FILE": self.file,
                "LAN_KEY_FILE": self.file,
            }
        )
        altered = LaunchSpec(usual.argv, {**usual.environment, **door}, usual.user)
        await self.scope.relaunch({"api-gateway": altered})


def _certificate(folder: Path) -> Path:
    authority = Authority(folder, _NAME)
    now = dt.datetime.now(dt.UTC)
    authority.ensure(now)
    authority.issue(now, days=3)
    return authority.server.certificate

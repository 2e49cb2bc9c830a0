"""What a full disk is shown by, whichever disk it is."""

from __future__ import annotations

from magacin.drills.drill import Proof

PROOF = Proof(
    alert="DiskFullWithin4Hours",
    severity="critical",
    service="node-exporter",
    signal="instance_device:node_filesystem_avail:ratio < 0.03",
    seconds=frozenset({"3600"}),  # how far the trend is looked ahead: 4 of these
)

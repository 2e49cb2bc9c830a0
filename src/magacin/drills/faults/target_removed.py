"""A target is no longer there to be scraped."""

from __future__ import annotations

import re

from magacin.drills.drill import RULES, Drill, Proof

_JOB = re.compile(r"(?m)^  - job_name: node-exporter\n(?:    .*\n|\n)*")


def without_node_exporter(files: dict[str, str]) -> dict[str, str]:
    """Return the files with the job of the node exporter left out."""
    text, count = _JOB.subn("", files["prometheus.yml"])
    if count != 1:
        raise ValueError("prometheus.yml has no job node-exporter")
    return {**files, "prometheus.yml": text}


class TargetRemoved(Drill):
    """Somebody removes the node exporter from prometheus.yml: `up == 0` has nothing to say about that."""

    proves = (
        Proof(
            alert="ServiceDown",
            severity="critical",
            service="node-exporter",
            # No later than a scrape that fails in the worst case: an interval and a timeout after the last.
            signal='absent_over_time(up{job="node-exporter"}[25s])',
        ),
    )
    holds = frozenset({"node-exporter"})
    uses = frozenset({RULES})

    async def cause(self) -> None:
        """Have Prometheus read the file without it."""
        await self.scope.edit("node exporter removed", without_node_exporter, "prometheus")

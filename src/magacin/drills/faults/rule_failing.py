"""A rule cannot be evaluated."""

from __future__ import annotations

from magacin.drills.drill import RULES, Delay, Drill, Proof

# promtool has nothing against it: that both sides have many series is only found in evaluating it.
_FAILING = """\
groups:
  - name: drill
    rules:
      - record: drill:targets:ratio
        expr: up / on (site) up
"""


class RuleFailing(Drill):
    """A rule is added that no check objects to, and that fails each time it is evaluated."""

    proves = (
        Proof(
            alert="RuleEvaluationFailing",
            severity="warning",
            service="prometheus",
            signal='increase(prometheus_rule_evaluation_failures_total{rule_group=~".*;drill"}[5m]) > 0',
            # Two scrapes: the first has the counter, the second its increase.
            moves=Delay(real=15),
            clears=Delay(real=300),
        ),
    )
    uses = frozenset({RULES})
    keeps = frozenset()

    async def cause(self) -> None:
        """Add it, the way that rules are added."""
        await self.scope.edit("a rule that fails", _with_failing_rule, "prometheus")


def _with_failing_rule(files: dict[str, str]) -> dict[str, str]:
    return {**files, "rules/drill.yml": _FAILING}

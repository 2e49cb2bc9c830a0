"""The rules and runbooks against a running stack: what they ask for is there, and a fresh stack is quiet."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import promql_parser as promql
import pytest

from magacin.stack import clients
from tests.e2e.conftest import ROOT, Api, RunningStack, eventually, running
from tests.monitoring.rulefiles import Rule, load_all, matchers, metric, selector_text, selectors, walk
from tests.monitoring.rulelint import by_name, is_counter, possible_labels
from tests.monitoring.runbooks import Snippet, snippets

pytestmark = pytest.mark.e2e

RULES = load_all()
RECORDED = by_name(rule for rule in RULES if not rule.is_alert)
LOOKED_UP = [snippet for snippet in snippets() if snippet.section == "Diagnosis"]
# There is no Docker here; df has nothing to do with the stack.
ELSEWHERE = ("docker ", "promtool ", "amtool ")


async def series(api: Api, stack: RunningStack, selector: str) -> list[dict[str, str]]:
    url = f"{stack.url('prometheus')}/api/v1/series"
    async with api.session.get(url, params={"match[]": selector}) as response:
        answer = await response.json()
    assert answer["status"] == "success", answer
    return list(answer["data"])


async def metadata(api: Api, stack: RunningStack) -> dict[str, set[str]]:
    """Return metric → types, as all targets export them."""
    async with api.session.get(f"{stack.url('prometheus')}/api/v1/metadata") as response:
        return {
            name: {entry["type"] for entry in entries}
            for name, entries in (await response.json())["data"].items()
        }


async def loaded(api: Api, stack: RunningStack) -> list[dict[str, Any]]:
    async with api.session.get(f"{stack.url('prometheus')}/api/v1/rules") as response:
        groups = (await response.json())["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


class TestContract:
    async def test_every_rule_is_evaluated_without_an_error(self, stack: RunningStack, admin: Api) -> None:
        async def all_ok() -> bool:
            rules = await loaded(admin, stack)
            return len(rules) == len(RULES) and all(rule["health"] == "ok" for rule in rules)

        await eventually(all_ok)

    async def test_every_selector_of_a_rule_finds_series(self, stack: RunningStack, admin: Api) -> None:
        """A selector that finds nothing has a metric, a label, its value or a bucket boundary wrong."""
        wanted = {
            selector_text(metric(selector), matchers(selector)): rule.place
            for rule in RULES
            for selector in selectors(rule.ast)
            if metric(selector) not in RECORDED
        }

        async def missing() -> list[str]:
            found = {text: await series(admin, stack, text) for text in wanted}
            return [f"{wanted[text]}: {text}" for text, rows in found.items() if not rows]

        async def none_missing() -> bool:
            return not await missing()

        try:
            await eventually(none_missing, seconds=90)
        except BaseException:
            print("\n".join(await missing()))
            raise

    def test_every_recorded_series_that_a_rule_asks_for_is_recorded(self) -> None:
        for rule in RULES:
            for selector in selectors(rule.ast):
                if ":" not in metric(selector):
                    continue
                recorded = RECORDED.get(metric(selector), [])
                assert recorded, f"{rule.place}: nothing records {metric(selector)}"
                for label, _, value in matchers(selector):
                    known = _values(recorded, label)
                    assert value in known, f"{rule.place}: {label} is one of {sorted(known)}"

    async def test_each_value_of_a_regular_expression_is_exported(
        self, stack: RunningStack, admin: Api
    ) -> None:
        for rule in RULES:
            for selector in selectors(rule.ast):
                for label, operator, value in matchers(selector):
                    if operator == "=~" and re.fullmatch(r"[\w|-]+", value):
                        found = {s.get(label) for s in await series(admin, stack, metric(selector))}
                        assert set(value.split("|")) <= found, f"{rule.place}: {label} has only {found}"

    async def test_every_label_that_a_rule_groups_by_is_exported(
        self, stack: RunningStack, admin: Api
    ) -> None:
        for rule in RULES:
            for node in walk(rule.ast):
                if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
                    # Prometheus has that one from 3.10 on, and the rule takes it away.
                    wanted = set(node.modifier.labels) - {"alertmanager"}

                    # What other rules record of rates is there after the second scrape.
                    async def has(node: promql.AggregateExpr = node, wanted: set[str] = wanted) -> bool:
                        found = [
                            labels
                            for selector in selectors(node.expr)
                            for labels in await series(admin, stack, metric(selector))
                        ]
                        return wanted <= set().union(*found)

                    await eventually(has)

    async def test_counters_are_counters(self, stack: RunningStack, admin: Api) -> None:
        types = await metadata(admin, stack)
        for rule in RULES:
            for name in map(metric, selectors(rule.ast)):
                # Debian's Prometheus knows a counter by its name with _total, newer ones without.
                kinds = types.get(name) or types.get(re.sub(r"_(total|bucket|count|sum)$", "", name))
                if kinds and not kinds & {"unknown", "histogram", "summary"}:
                    assert (kinds == {"counter"}) == is_counter(name), f"{rule.place}: {name} is a {kinds}"

    async def test_a_threshold_of_a_quantile_is_a_bucket(self, stack: RunningStack, admin: Api) -> None:
        checked = 0
        for rule in RULES:
            for node in walk(rule.ast):
                if not isinstance(node, promql.BinaryExpr) or not isinstance(node.rhs, promql.NumberLiteral):
                    continue
                if isinstance(node.lhs, promql.Call) and node.lhs.func.name == "histogram_quantile":
                    [selector] = selectors(node.lhs)
                    text = selector_text(metric(selector), matchers(selector))
                    bounds = {float(found["le"]) for found in await series(admin, stack, text)}
                    assert node.rhs.val in bounds, f"{rule.place}: {node.rhs.val} is none of {sorted(bounds)}"
                    checked += 1
        assert checked

    async def test_labels_of_templates_are_those_of_the_series(self, stack: RunningStack, admin: Api) -> None:
        exported: dict[str, set[str]] = {}
        for rule in RULES:
            for name in map(metric, selectors(rule.ast)):
                if name and name not in RECORDED and name not in exported:
                    exported[name] = {label for s in await series(admin, stack, name) for label in s}
        for rule in (rule for rule in RULES if rule.is_alert):
            texts = [*rule.labels.values(), *rule.annotations.values()]
            used = {label for text in texts for label in re.findall(r"\$labels\.(\w+)", text)}
            assert used <= possible_labels(rule.ast, RECORDED, exported), rule.place


def _values(recorded: Sequence[Rule], label: str) -> set[str]:
    """Return the values that recording rules give a label, here or in what they are computed from."""
    found = {rule.labels[label] for rule in recorded if label in rule.labels}
    for rule in recorded:
        for selector in selectors(rule.ast):
            found |= _values(RECORDED.get(metric(selector), []), label)
    return found


@pytest.fixture
def fresh_stack() -> Iterator[RunningStack]:
    """A stack on which nothing has happened: what other tests kill has alerts fire on the one they share."""
    with running() as stack:
        yield stack


async def test_nothing_but_the_watchdog_fires_on_a_fresh_stack(fresh_stack: RunningStack) -> None:
    async def firing() -> set[str]:
        answer = await asyncio.to_thread(clients.ask, fresh_stack.site, "prometheus", "/api/v1/alerts")
        alerts = answer.json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    async def the_watchdog() -> bool:
        return "Watchdog" in await firing()

    await eventually(the_watchdog)
    # The machine that runs the tests may be busy, or its disk full; the stack is not to blame.
    assert await firing() - {"HighCPUUsage", "HighMemoryUsage", "DiskFullWithin4Hours"} == {"Watchdog"}


class TestRunbooks:
    @pytest.mark.parametrize(
        "snippet",
        [s for s in LOOKED_UP if s.language == "promql"],
        ids=lambda s: f"{s.runbook}: {s.text[:50]}",
    )
    async def test_query_is_answered(self, stack: RunningStack, admin: Api, snippet: Snippet) -> None:
        url = f"{stack.url('prometheus')}/api/v1/query"
        async with admin.session.get(url, params={"query": snippet.text}) as response:
            answer = await response.json()
        assert answer["status"] == "success", answer

    @pytest.mark.parametrize(
        "command",
        sorted({s.text for s in LOOKED_UP if s.language == "bash" and not s.text.startswith(ELSEWHERE)}),
    )
    def test_command_succeeds(self, stack: RunningStack, command: str) -> None:
        run = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {here(command, stack)}"],
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # The doctor warns of the machine too, which may have nothing that keeps its clock right.
        warned = command == "./magacin doctor" and run.returncode == 2
        assert run.returncode == 0 or warned, run.stdout + run.stderr
        if command.startswith("curl"):
            assert run.stdout.strip() not in ("", "404"), "nobody answers there"


def here(command: str, stack: RunningStack) -> str:
    """Return the command for this stack, which has ports and a folder of its own."""
    command = re.sub(
        r"(localhost:|127\.0\.0\.1 -p )(\d+)", lambda m: f"{m[1]}{int(m[2]) + stack.offset}", command
    )
    command = re.sub(r"\.magacin(?=/| |$)", str(stack.data_dir), command)
    command = re.sub(r"\bPID\b", str(stack.status()["api-gateway"]["pid"]), command)
    return re.sub(r"^\./magacin (.*)$", rf"./magacin \1 --data-dir {stack.data_dir}", command)

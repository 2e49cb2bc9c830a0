"""Every alert has a runbook whose commands exist. tests/e2e runs those that look and change nothing."""

from __future__ import annotations

import re
import shlex
from urllib.parse import urlsplit

import pytest
import yaml

from magacin.stack.install import PROGRAMS
from magacin.stack.logins import SECRET_OF, for_curl
from magacin.stack.parts import PARTS, PORTS
from magacin.stack.paths import ROOT
from magacin.stack.secrets import GENERATED
from tests.monitoring.rulefiles import load_all, metric, parse, selectors
from tests.monitoring.runbooks import SECTIONS, Snippet, pages, sections, snippets
from tests.support import parse_command

ALERTS = sorted(rule.name for rule in load_all() if rule.is_alert)
COMMANDS = [snippet for snippet in snippets() if snippet.language == "bash"]
QUERIES = [snippet for snippet in snippets() if snippet.language == "promql"]
# What Debian's base system and the packages of our servers bring.
TOOLS = {"df", "du", "ps", "find", "free", "date", "ls", "psql", "redis-cli", "redis-check-aof", "curl"}
SECRETS = {*GENERATED, *for_curl(dict.fromkeys(SECRET_OF.values(), ""))}
# Paths below which Prometheus, Alertmanager and our services answer.
PATHS = re.compile(r"/(health|metrics|-/ready|api/v1/\w+(/\w+)?|api/v2/alerts)?$")


def container_names() -> set[str]:
    names = set()
    for file in ("docker-compose.yml", "docker-compose.monitoring.yml"):
        services = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["services"]
        names |= {service["container_name"] for service in services.values() if "container_name" in service}
    return names


def label(snippet: Snippet) -> str:
    return f"{snippet.runbook}: {snippet.text[:60]}"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert [path.stem for path in pages()] == ALERTS


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
def test_has_its_sections_and_something_in_each(path: object) -> None:
    found = sections(path)  # type: ignore[arg-type]  # pytest passes it on as an object
    assert tuple(found)[1:] == SECTIONS
    assert all(len(found[heading].strip()) > 40 for heading in SECTIONS)
    assert "```" in found["Diagnosis"], "the diagnosis has nothing to type"


@pytest.mark.parametrize("snippet", QUERIES, ids=label)
def test_query_parses_and_asks_for_metrics_that_there_are(snippet: Snippet) -> None:
    contract = set(re.findall(r"^\| [\w, -]+ \| `(\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.M))
    recorded = {rule.name for rule in load_all() if not rule.is_alert}
    foreign = re.compile(r"(node|redis|pg|prometheus|alertmanager|process|scrape)_\w+|up|ALERTS")
    for selector in selectors(parse(snippet.text)):
        name = metric(selector)
        known = {name, re.sub(r"_(bucket|count|sum)$", "", name)} & (contract | recorded)
        assert known or foreign.fullmatch(name) or not name, name


@pytest.mark.parametrize("snippet", COMMANDS, ids=label)
def test_command_exists(snippet: Snippet) -> None:
    program, *arguments = shlex.split(re.sub(r"^[A-Z_]+=\$\([^)]*\) ", "", snippet.text))
    if program == "./magacin":
        check_ours(arguments)
    elif program == "docker":
        check_docker(arguments)
    else:
        assert program in TOOLS | set(PROGRAMS), f"{program} may not be there"
    for secret in re.findall(r"\.magacin/secrets/([\w-]+)", snippet.text):
        assert secret in SECRETS, f"there is no secret {secret}"
    for url in re.findall(r"https?://\S+", snippet.text):
        check_url(url.strip("'\""))
    for port in re.findall(r" -p (\d+)", snippet.text):
        assert int(port) in PORTS.values(), f"no part listens on {port}"


def check_ours(arguments: list[str]) -> None:
    parse_command(arguments)
    name, *rest = arguments
    if name == "logs":
        assert rest[0] in PARTS, f"there is no part {rest[0]}"


def check_docker(arguments: list[str]) -> None:
    text = " ".join(arguments)
    names = set(re.findall(r"magacin-[a-z-]+", text)) - {"magacin-"}
    assert names <= container_names(), f"no containers: {names - container_names()}"
    known = [
        "ps",
        "logs",
        "exec",
        "restart",
        "inspect",
        "stats",
        "kill",
        "system",
        "image",
        "volume",
        "compose",
    ]
    assert arguments[0] in known, f"docker {arguments[0]}"


def check_url(url: str) -> None:
    parts = urlsplit(url)
    assert parts.hostname in ("localhost", "127.0.0.1")
    assert parts.port in PORTS.values(), f"no part listens on {parts.port}"
    assert PATHS.match(parts.path), f"nobody answers at {parts.path}"

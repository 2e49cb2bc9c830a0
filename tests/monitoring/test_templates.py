"""The messages that people get, sent by a real Alertmanager and taken by the inbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlsplit

import pytest

from magacin.stack import render
from tests.monitoring.live_alerting import Alerting, alerting, until

ANNOTATIONS = {
    "summary": "Too many <b>requests</b> & more fail.",
    "description": 'task-service failed 5.2% of its requests (limit > 2%) "over" 5 minutes.',
    "value": "5.2% of <all> requests",
    "runbook_url": "http://localhost:9090/user/HighErrorRate.md",
    "dashboard_url": "http://localhost:3000/d/magacin-overview?var-service=task-service&from=now-1h",
}
LABELS = {
    "alertname": "HighErrorRate",
    "service": "task-service",
    "severity": "critical",
    "instance": "127.0.0.1:8001",
    "site": "main",
}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alerting]:
    with alerting(tmp_path_factory.mktemp("templates")) as running:
        yield running


def told(live: Alerting, status: str, **labels: str) -> dict[str, dict[str, Any]]:
    """Fire an alert, or end one, and return the email and the Slack message about it."""
    alert = LABELS | labels
    live.post(alert, annotations=ANNOTATIONS, over=status == "resolved")
    wanted = {"alert": alert["alertname"], "severity": alert["severity"], "status": status}
    kinds = ("email", "slack")
    return {kind: until(lambda k=kind: live.messages(kind=k, **wanted))[-1] for kind in kinds}  # type: ignore[misc]  # default's type


@pytest.fixture(scope="module")
def firing(live: Alerting) -> dict[str, dict[str, Any]]:
    return told(live, "firing")


@pytest.fixture(scope="module")
def resolved(live: Alerting, firing: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert firing
    return told(live, "resolved")


class Page(HTMLParser):
    """What a mail program makes of the HTML: its text, its links, and what it would have to fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: dict[str, str] = {}
        self.fetched: list[str] = []
        self._link: str | None = None
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self._link = given["href"] or ""
        if tag in ("img", "link", "script", "iframe", "style") or "url(" in (given.get("style") or ""):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._link is not None:
            self.links[data.strip()] = self._link


def silence_filter(link: str) -> str:
    fragment = urlsplit(link).fragment
    assert fragment.startswith("/silences/new?filter=")
    return unquote_plus(fragment.partition("filter=")[2])


class TestEmail:
    def test_html_has_everything(self, firing: dict[str, dict[str, Any]], live: Alerting) -> None:
        page = Page(firing["email"]["html"])
        assert f"{ANNOTATIONS['summary']} {ANNOTATIONS['description']}" in page.text
        assert "CRITICAL · task-service" in page.text
        rows = rf"Since {TIME} Service task-service Value 5\.2% of <all> requests Instance 127\.0\.0\.1:8001"
        assert re.search(rows, page.text)
        assert page.links["What to do: runbook"] == ANNOTATIONS["runbook_url"]
        assert page.links["Dashboard"] == ANNOTATIONS["dashboard_url"]
        silence = page.links["Silence this alert"]
        assert silence.startswith(f"{live.alertmanager}/#/")
        assert silence_filter(silence) == '{alertname="HighErrorRate",service="task-service"}'
        assert "#b42318" in firing["email"]["html"]

    def test_html_needs_nothing_from_elsewhere(self, firing: dict[str, dict[str, Any]]) -> None:
        assert Page(firing["email"]["html"]).fetched == []

    def test_text_has_everything(self, firing: dict[str, dict[str, Any]]) -> None:
        text = firing["email"]["text"]
        for value in (*ANNOTATIONS.values(), "Service:   task-service", "Instance:  127.0.0.1:8001"):
            assert value in text
        assert re.search(rf"^Since:     {TIME}$", text, re.MULTILINE)
        assert "\nValue:     5.2% of <all> requests\n" in text
        [link] = re.findall(r"^Silence:   (.+)$", text, re.MULTILINE)
        assert silence_filter(link) == '{alertname="HighErrorRate",service="task-service"}'

    def test_headers_are_for_filters(self, firing: dict[str, dict[str, Any]]) -> None:
        mail = firing["email"]
        assert mail["subject"] == "[CRITICAL] HighErrorRate: task-service"
        assert mail["headers"]["X-Magacin-Service"] == "task-service"
        assert mail["headers"]["From"] == "Magacin Track <alerts@magacin.invalid>"

    def test_the_end(self, resolved: dict[str, dict[str, Any]]) -> None:
        mail = resolved["email"]
        assert mail["subject"] == "[RESOLVED] HighErrorRate: task-service"
        page = Page(mail["html"])
        assert re.search(rf"Resolved {TIME}, after \d+m\d+s Since {TIME}", page.text)
        assert "Was 5.2% of <all> requests" in page.text
        assert "\nWas:       5.2% of <all> requests\n" in mail["text"]
        assert re.search(rf"^Resolved:  {TIME}, after \d+m\d+s$", mail["text"], re.MULTILINE)
        assert "#15803d" in mail["html"]
        assert "#b42318" not in mail["html"]


class TestSlack:
    def attachment(self, message: dict[str, Any]) -> dict[str, Any]:
        [attachment] = message["payload"]["attachments"]
        found: dict[str, Any] = attachment
        return found

    def test_has_everything(self, firing: dict[str, dict[str, Any]]) -> None:
        found = self.attachment(firing["slack"])
        assert found["color"] == "danger"
        assert found["title"] == found["fallback"] == "[CRITICAL] HighErrorRate: task-service"
        assert found["footer"] == "Service task-service · Site main"
        text = found["text"]
        # Slack's three characters are escaped; quotes are not.
        assert "*Too many &lt;b&gt;requests&lt;/b&gt; &amp; more fail.*" in text
        assert '(limit &gt; 2%) "over" 5 minutes.' in text
        facts = rf"^Since {TIME} · Value 5\.2% of &lt;all&gt; requests · Instance `127\.0\.0\.1:8001`$"
        assert re.search(facts, text, re.MULTILINE)
        links = {label: url for url, label in re.findall(r"<(\S+?)\|(\w+)>", text)}
        assert links["Runbook"] == ANNOTATIONS["runbook_url"]
        assert links["Dashboard"] == ANNOTATIONS["dashboard_url"]
        assert silence_filter(links["Silence"]) == '{alertname="HighErrorRate",service="task-service"}'

    def test_the_end_is_green(self, resolved: dict[str, dict[str, Any]]) -> None:
        found = self.attachment(resolved["slack"])
        assert found["color"] == "good"
        assert found["title"] == "[RESOLVED] HighErrorRate: task-service"
        facts = rf"Resolved {TIME}, after \d+m\d+s · Was 5\.2% of &lt;all&gt; requests"
        assert re.search(facts, found["text"])

    def test_warnings_are_yellow(self, live: Alerting) -> None:
        found = told(live, "firing", severity="warning", alertname="HighScanLatency", service="api-gateway")
        assert self.attachment(found["slack"])["color"] == "warning"
        assert found["slack"]["recipients"] == ["#alerts-warning"]
        assert "#a15c00" in found["email"]["html"]


DRILL_LINK = "https://magacin.example.org/drill?token=abc"
DRILL_LABELS = LABELS | {"drill": "live", "service": "drill-1", "alertname": "LiveDrill"}


@pytest.fixture(scope="module")
def drill(live: Alerting) -> dict[str, dict[str, Any]]:
    live.post(DRILL_LABELS, annotations=ANNOTATIONS | {"acknowledge_url": DRILL_LINK})
    return {
        kind: until(lambda k=kind: live.messages(kind=k, alert="LiveDrill"))[-1]  # type: ignore[misc]  # default's type
        for kind in ("email", "slack")
    }


class TestDrill:
    """Whoever is woken by one has to see at once that it is one."""

    def test_subjects_say_it_first(self, drill: dict[str, dict[str, Any]]) -> None:
        assert {m["subject"] for m in drill.values()} == {"[DRILL] [CRITICAL] LiveDrill: drill-1"}

    def test_email(self, drill: dict[str, dict[str, Any]]) -> None:
        page = Page(drill["email"]["html"])
        assert page.text.index("This is a drill. Nothing is wrong.") < page.text.index("Too many")
        assert "DRILL · CRITICAL" in page.text
        assert page.links["Say that you got it"] == DRILL_LINK
        assert "#b42318" not in drill["email"]["html"]
        text = drill["email"]["text"]
        assert f"THIS IS A DRILL. Nothing is wrong.\nSay that you got it: {DRILL_LINK}\n" in text

    def test_slack(self, drill: dict[str, dict[str, Any]]) -> None:
        [found] = drill["slack"]["payload"]["attachments"]
        assert found["text"].startswith(
            f"*THIS IS A DRILL. Nothing is wrong.* <{DRILL_LINK}|Say that you got it>\n*Too many"
        )
        assert found["color"] == "#6d28d9"

    def test_its_end_is_a_drill_too(self, live: Alerting, drill: dict[str, dict[str, Any]]) -> None:
        live.post(DRILL_LABELS, annotations=ANNOTATIONS, over=True)
        found = until(lambda: live.messages(kind="email", alert="LiveDrill", status="resolved"))[-1]
        assert found["subject"] == "[DRILL] [RESOLVED] LiveDrill: drill-1"


class TestGroups:
    def test_several_instances_come_in_one_message(self, live: Alerting) -> None:
        group = [
            {"alertname": "Many", "severity": "critical", "service": "many", "instance": f"host-{number}:1"}
            for number in range(3)
        ]
        live.post(*group, annotations=ANNOTATIONS)
        # What began long ago is sent at once: the first of them may go ahead of the others.
        found = until(lambda: [m for m in live.messages(alert="Many", kind="email") if "3)" in m["subject"]])[
            0
        ]
        assert found["subject"] == "[CRITICAL] Many: many (3)"
        assert all(
            f"host-{number}:1" in found["html"] and f"host-{number}:1" in found["text"] for number in range(3)
        )

    def test_those_that_are_over_are_shown_and_not_counted(self, live: Alerting) -> None:
        group = [
            {"alertname": "Half", "severity": "critical", "service": "half", "instance": f"host-{number}:1"}
            for number in range(2)
        ]
        live.post(*group, annotations=ANNOTATIONS)
        until(lambda: live.messages(alert="Half", kind="email"))
        # In this order: the message that tells of the end is then one that knows the third as well.
        live.post(group[1] | {"instance": "host-3:1"}, annotations=ANNOTATIONS)
        live.post(group[0], annotations=ANNOTATIONS, over=True)
        found = until(lambda: [m for m in live.messages(alert="Half", kind="email") if "after" in m["text"]])[
            0
        ]
        assert found["subject"] == "[CRITICAL] Half: half (2)"
        assert found["text"].count("Instance:") == 3

    def test_values_that_are_html_stay_text(self, live: Alerting) -> None:
        evil = "<script>alert(1)</script>"
        odd = {"alertname": "Odd", "severity": "critical", "service": "odd", "instance": evil}
        links = {"runbook_url": "javascript:alert(1)", "dashboard_url": '"><script>'}
        live.post(odd, annotations={"summary": evil, "description": evil, **links})
        html = until(lambda: live.messages(alert="Odd", kind="email"))[-1]["html"]
        assert "<script" not in html
        assert "javascript:" not in html

    def test_an_alert_with_next_to_nothing_is_sent_too(self, live: Alerting) -> None:
        live.post({"alertname": "Bare"})
        found = until(lambda: live.messages(alert="Bare", kind="email"))[-1]
        assert found["subject"] == "[ALERT] Bare"
        assert found["recipients"] == ["team@magacin.invalid"]


# As Prometheus writes it: escaped as a form, the blanks as plus signs.
_EXPR = 'rate(http_requests_total{status=~"5..",path="/a&b"}[5m]) > 0.02 + 100 % 7'
_QUERY = f"http://prometheus.example.org:9090/graph?g0.expr={quote_plus(_EXPR)}&g0.tab=1"


class TestQuery:
    def test_leads_to_prometheus(self, live: Alerting) -> None:
        live.post(LABELS | {"service": "asked"}, asked_at=_QUERY)
        mail = until(lambda: live.messages(alert="HighErrorRate", kind="email", service="asked"))[-1]
        assert Page(mail["html"]).links["Query"] == _QUERY
        assert f"\nQuery:     {_QUERY}\n" in mail["text"]

    def test_is_asked_in_the_console_where_there_is_one(self, tmp_path: Path) -> None:
        console = "https://console.example.org"
        with alerting(tmp_path, console=console) as live:
            live.post(LABELS, asked_at=_QUERY)
            mail = until(lambda: live.messages(alert="HighErrorRate", kind="email"))[-1]
        link = Page(mail["html"]).links["Query"]
        assert link.startswith(f"{console}/explore?")
        assert parse_qs(urlsplit(link).query) == {"expr": [_EXPR]}
        assert f"\nQuery:     {link}\n" in mail["text"]
        silence = Page(mail["html"]).links["Silence this alert"]
        assert silence.startswith(f"{console}/silences/new?")


# Functions of templates that came after Alertmanager 0.25.
_LATER = re.compile(
    r"\{\{[^}]*?\b(since|humanizeDuration|date|tz|toJson|list|append|dict|trimSpace)\b [^}]*\}\}"
)


def test_templates_use_only_what_alertmanager_0_25_knows() -> None:
    for file in (render.MONITORING / "templates").iterdir():
        text = re.sub(r"\{\{- /\*.*?\*/ -\}\}", "", file.read_text(), flags=re.DOTALL)
        assert not _LATER.search(text), file

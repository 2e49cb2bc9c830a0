"""Dashboards, runbooks and the app's own files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from magacin.console.runbooks import render
from magacin.console.settings import ConsoleSettings
from magacin.stack.paths import ROOT
from tests.console.conftest import Browser

RUNBOOKS = sorted(p.stem for p in (ROOT / "docs" / "runbooks").glob("*.md") if p.stem != "README")


class TestDashboards:
    @pytest.fixture
    def own(self, settings: ConsoleSettings) -> Path:
        return settings.data_dir / "dashboards"

    async def test_those_that_come_along_are_listed_and_open(self, operator: Browser) -> None:
        _, listed, _ = await operator("GET", "/api/dashboards")
        files = {path.name for path in (ROOT / "monitoring" / "grafana" / "dashboards").glob("*.json")}
        assert {one["file"] for one in listed} == files
        assert not [one for one in listed if one["error"]]
        for one in listed:
            _, content, _ = await operator("GET", f"/api/dashboards/{one['uid']}")
            assert content["uid"] == one["uid"]
            assert content["title"] == one["title"]

    async def test_the_operators_own_appear_without_a_restart(self, operator: Browser, own: Path) -> None:
        (own / "mine.json").write_text(json.dumps({"title": "Mine", "panels": [], "uid": None}))
        _, listed, _ = await operator("GET", "/api/dashboards")
        [mine] = [one for one in listed if one["file"] == "mine.json"]
        assert (mine["uid"], mine["title"], mine["error"]) == ("mine", "Mine", None)

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('{\n  "title": "x",,\n}', "broken.json, line 2, column 16: "),
            ("[1, 2]", "it has no panels"),
            ('{"title": "x"}', "it has no panels"),
            ("[" * 200_000, "cannot be read"),
            ('{"uid": "magacin-overview", "panels": []}', "'magacin-overview' is that of"),
        ],
    )
    async def test_a_broken_one_is_listed_with_the_reason(
        self, operator: Browser, own: Path, text: str, reason: str
    ) -> None:
        (own / "broken.json").write_text(text)
        _, listed, _ = await operator("GET", "/api/dashboards")
        [broken] = [one for one in listed if one["error"]]
        assert broken["uid"] == "broken"
        assert reason in broken["error"]
        status, body, _ = await operator("GET", "/api/dashboards/broken")
        assert (status, body["error"]["code"]) == (422, "broken_dashboard")
        assert body["error"]["message"] == broken["error"]

    async def test_one_is_read_again_when_it_has_changed_and_gone_when_it_is(
        self, operator: Browser, own: Path
    ) -> None:
        file = own / "mine.json"
        for title in ("First", "Second"):
            file.write_text(json.dumps({"title": title, "panels": []}))
            _, listed, _ = await operator("GET", "/api/dashboards")
            assert title in {one["title"] for one in listed}
            assert (await operator("GET", "/api/dashboards/mine"))[1]["title"] == title
        file.unlink()
        assert (await operator("GET", "/api/dashboards/mine"))[0] == 404

    async def test_those_that_have_not_changed_are_not_read_again(
        self, operator: Browser, own: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for number in range(3):
            (own / f"{number}.json").write_text(json.dumps({"title": f"{number}", "panels": []}))
        await operator("GET", "/api/dashboards")
        read: list[str] = []
        reading = Path.read_text

        def watched(path: Path, *arguments: Any, **named: Any) -> str:
            read.append(path.name)
            return reading(path, *arguments, **named)

        monkeypatch.setattr(Path, "read_text", watched)
        await operator("GET", "/api/dashboards")
        await operator("GET", "/api/dashboards/1")
        assert [name for name in read if name.endswith(".json")] == ["1.json"]

    async def test_a_resource_of_grafana_13_opens_in_the_classic_model(
        self, operator: Browser, own: Path
    ) -> None:
        item = {"spec": {"element": {"name": "a"}, "x": 0, "y": 0, "width": 6, "height": 4}}
        elements = {"a": {"kind": "Panel", "spec": {"id": 1, "vizConfig": {"group": "stat"}}}}
        spec = {
            "title": "New",
            "elements": elements,
            "layout": {"kind": "GridLayout", "spec": {"items": [item]}},
        }
        content = {"apiVersion": "dashboard.grafana.app/v2", "metadata": {"name": "new"}, "spec": spec}
        (own / "file.json").write_text(json.dumps(content))
        _, found, _ = await operator("GET", "/api/dashboards/new")
        assert [(one["type"], one["gridPos"]["w"]) for one in found["panels"]] == [("stat", 6)]

    async def test_a_copy_under_the_same_name_is_listed_too(self, operator: Browser, own: Path) -> None:
        [first] = (ROOT / "monitoring" / "grafana" / "dashboards").glob("*overview*.json")
        (own / f"{json.loads(first.read_text())['uid']}.json").write_text(first.read_text())
        _, listed, _ = await operator("GET", "/api/dashboards")
        [copy] = [one for one in listed if one["error"]]
        assert str(own) in copy["error"]
        status, body, _ = await operator("GET", f"/api/dashboards/{copy['uid']}")
        assert (status, body["error"]["message"]) == (422, copy["error"])

    @pytest.mark.parametrize("uid", ["nothing", "..%2F..%2Fpyproject", "%00"])
    async def test_there_is_no_such(self, operator: Browser, uid: str) -> None:
        status, _, _ = await operator("GET", f"/api/dashboards/{uid}")
        assert status == 404


class TestRunbooks:
    @pytest.mark.parametrize("name", RUNBOOKS)
    async def test_each_is_rendered(self, operator: Browser, name: str) -> None:
        _, runbook, _ = await operator("GET", f"/api/runbooks/{name}")
        assert runbook["title"] == name
        for heading in ("Meaning", "Impact", "Diagnosis", "Mitigation"):
            assert f"<h2>{heading}</h2>" in runbook["html"]

    @pytest.mark.parametrize("name", ["Nothing", "..%2FREADME", "README.md"])
    async def test_there_is_no_such(self, operator: Browser, name: str) -> None:
        status, _, _ = await operator("GET", f"/api/runbooks/{name}")
        assert status in (404, 422)

    @pytest.mark.parametrize(
        "text",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "![x](javascript:alert(1))",
            "```<script>\nx\n```",
        ],
    )
    def test_nothing_in_it_becomes_active(self, text: str) -> None:
        html = render("X", text).html
        for bad in ("<script", "<img src=x", 'href="javascript', 'href="data', 'src="javascript'):
            assert bad not in html

    def test_links_lead_on(self) -> None:
        html = render("X", "[a](ServiceDown.md) [b](https://example.org/)").html
        assert '<a href="/alerts/ServiceDown">' in html
        assert '<a href="https://example.org/" target="_blank" rel="noopener noreferrer">' in html

    def test_a_query_can_be_asked(self) -> None:
        html = render("X", "```promql\nup == 0\n```").html
        assert '<a href="/explore?expr=up+%3D%3D+0">' in html


class TestFiles:
    async def test_every_address_of_the_app_is_the_app(self, stranger: Browser, web_dir: Path) -> None:
        for path in ("/", "/d/x/y", "/alerts/ServiceDown", "/login"):
            status, body, headers = await stranger("GET", path, headers={"Accept": "text/html,*/*"})
            assert status == 200
            assert "app-1a2b.js" in body
            assert headers["Cache-Control"] == "no-store"

    async def test_one_with_a_hash_is_kept_for_ever_and_comes_compressed(self, stranger: Browser) -> None:
        async with stranger.session.get(
            f"{stranger.url}/assets/app-1a2b.js", auto_decompress=False
        ) as response:
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert response.headers["Content-Encoding"] == "gzip"
            assert response.content_type == "text/javascript"
            assert gzip.decompress(await response.read()).startswith(b"console.log")

    async def test_others_are_asked_for_again_and_not_sent_again(self, stranger: Browser) -> None:
        _, _, headers = await stranger("GET", "/favicon.svg")
        assert headers["Cache-Control"] == "no-cache"
        status, _, _ = await stranger("GET", "/favicon.svg", headers={"If-None-Match": headers["ETag"]})
        assert status == 304

    @pytest.mark.parametrize(
        "path", ["/.stamp", "/.vite/manifest.json", "/assets/none.js", "/../../etc/passwd", "/%2e%2e/x"]
    )
    async def test_nothing_else_is_sent(self, stranger: Browser, path: str) -> None:
        status, _, _ = await stranger("GET", path, headers={"Accept": "*/*"})
        assert status == 404

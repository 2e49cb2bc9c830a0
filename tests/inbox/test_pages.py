"""The pages: what strangers wrote stays text, or stays in its sandbox; other web pages stay out."""

from __future__ import annotations

import pytest

from magacin.inbox.slack_view import colour, mrkdwn
from tests.inbox.conftest import Inbox, mail

SCRIPT = "<script>alert(1)</script>"


class TestStrangers:
    async def test_what_they_write_is_text_on_our_pages(self, inbox: Inbox) -> None:
        await inbox.send(
            mail(SCRIPT, SCRIPT, f"<h1>hi</h1>{SCRIPT}", Alert=SCRIPT, Severity='"><b>'), f"{SCRIPT}@x"
        )
        await inbox.post("/slack", json={"text": SCRIPT, "channel": SCRIPT, "username": SCRIPT})
        for path in ("/", "/messages/1", "/messages/2", "/?alert=%3Cscript%3E"):
            page, headers = await inbox.page(path)
            assert "<script" not in page
            assert '"><b>' not in page
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "script-src" not in headers["Content-Security-Policy"]
            assert "unsafe-inline" not in headers["Content-Security-Policy"]

    async def test_a_mail_is_shown_in_a_sandbox(self, inbox: Inbox) -> None:
        await inbox.send(mail("x", html=f'<p>hi</p>{SCRIPT}<img src="http://example.org/pixel">'))
        page, _ = await inbox.page("/messages/1")
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
        html, headers = await inbox.page("/messages/1/html")
        assert "<p>hi</p>" in html
        policy = headers["Content-Security-Policy"]
        # The sandbox holds for whoever opens the address itself, too; and nothing is fetched from outside.
        assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
        assert "allow-scripts" not in policy
        assert "img-src data:;" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " http://x"])
    async def test_links_of_slack_messages_are_of_the_web(self, inbox: Inbox, link: str) -> None:
        await inbox.post(
            "/slack", json={"attachments": [{"title": "t", "title_link": link, "text": f"<{link}|x>"}]}
        )
        page, _ = await inbox.page("/messages/1")
        assert f'href="{link}' not in page


class TestSlackMarks:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("*bold* and `code`", "<strong>bold</strong> and <code>code</code>"),
            ("5 * 3 * 2", "5 * 3 * 2"),
            ("a &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
            ("one\ntwo", "one<br>\ntwo"),
            ("<b>", "&lt;b&gt;"),
            ('<https://x.org/?a=1&amp;b="|Run*book>', None),
        ],
    )
    def test_become_html(self, text: str, html: str | None) -> None:
        found = str(mrkdwn(text))
        if html is None:
            assert 'href="https://x.org/?a=1&amp;b=&#34;"' in found
        else:
            assert found == html

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("danger", "#e01e5a"),
            ("#AABBCC", "#AABBCC"),
            ("aabbcc", "#aabbcc"),
            ("red;x:y", "#8a8f98"),
            ("", "#8a8f98"),
        ],
    )
    def test_colours(self, name: str, value: str) -> None:
        assert colour(name) == value


class TestOtherWebPages:
    @pytest.mark.parametrize("host", ["evil.example:8025", "evil.example", "127.0.0.1.evil.example", ""])
    async def test_with_a_name_of_their_own_get_nothing(self, inbox: Inbox, host: str) -> None:
        for path in ("/", "/api/messages"):
            assert (await inbox.get(path, headers={"Host": host}))[0] == 403

    @pytest.mark.parametrize("host", ["localhost:8025", "inbox:8025", "127.0.0.1", "[::1]:8025", "LOCALHOST"])
    async def test_our_own_names_are_answered(self, inbox: Inbox, host: str) -> None:
        assert (await inbox.get("/", headers={"Host": host}))[0] == 200

    async def test_cannot_post_forms(self, inbox: Inbox) -> None:
        await inbox.post("/slack", json={"text": "keep me"})
        assert (await inbox.post("/clear", headers={"Origin": "https://evil.example"}))[0] == 403
        assert (await inbox.post("/clear", headers={"Origin": "null"}))[0] == 403
        assert (await inbox.post("/slack", data=b'{"text": "x"}', headers={"Content-Type": "text/plain"}))[
            0
        ] == 400
        assert len(await inbox.all()) == 1

    async def test_the_inboxs_own_button_works(self, inbox: Inbox) -> None:
        await inbox.post("/slack", json={"text": "x"})
        status, _ = await inbox.post("/clear", headers={"Origin": inbox.url}, allow_redirects=False)
        assert status == 303
        assert await inbox.all() == []


class TestList:
    async def test_is_newest_first_and_keeps_heartbeats_apart(self, inbox: Inbox) -> None:
        page, headers = await inbox.page("/")
        assert "Nothing has come yet" in page
        assert headers["Refresh"] == "5"
        await inbox.post("/slack", json={"text": "first"})
        await inbox.post("/heartbeat", json={})
        await inbox.send(mail("second"))
        page, _ = await inbox.page("/")
        assert page.index("second") < page.index("first")
        assert "Last heartbeat" in page
        assert ">Beat<" not in page
        assert ">Beat<" in (await inbox.page("/?kind=heartbeat"))[0]

"""Reports by mail: once each, of days that are over, and with what has changed since."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from magacin.contracts.identity import Role
from magacin.contracts.tasks.reports import MailEach
from magacin.core.db import Database
from magacin.core.errors import DependencyUnavailable
from magacin.core.languages import LanguageTag
from magacin.inbox.app import create_app as create_inbox
from magacin.inbox.settings import InboxSettings
from magacin.tasks.app import create_app
from magacin.tasks.metrics import REPORT_MAILS
from magacin.tasks.reports.mail.mailing import Mailing, read_anew
from magacin.tasks.reports.mail.periods import due, end_of
from magacin.tasks.reports.mail.repository import ReportMailRepository
from magacin.tasks.reports.mail.settings import ReportMailSettings
from magacin.tasks.reports.mail.words import Language
from magacin.tasks.settings import TaskSettings
from tests.conftest import free_port
from tests.ops.notifications.conftest import (  # noqa: F401  a fixture
    PASSWORD,
    USER,
    Certificate,
    certificate,
    mail_server,
)
from tests.support import Caller, serving
from tests.tasks.conftest import Warehouse
from tests.tasks.test_following import catch_up, following

ZONE = ZoneInfo("Europe/Belgrade")


@dataclass
class Post:
    """An inbox, whoever mails to it, and the time that they take it to be."""

    session: aiohttp.ClientSession
    url: str
    smtp_port: int
    now: datetime
    changed: dict[str, Any] = field(default_factory=dict)

    def settings(self) -> ReportMailSettings:
        values: dict[str, Any] = {
            "report_mail_to": "Boss <boss@example.org>, team@example.org",
            "report_mail_link": "https://magacin.example.org",
            "smtp_host": f"127.0.0.1:{self.smtp_port}",
            "smtp_from": "Magacin <reports@example.org>",
            "smtp_require_tls": False,
        }
        return ReportMailSettings(**(values | self.changed))

    def mailing(self, database: Database) -> Mailing:
        return Mailing(database, str(ZONE), read=self.settings, now=lambda: self.now)

    async def mails(self) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/api/messages", params={"service": "reports"}) as response:
            found = (await response.json())["items"]
        return [await self._whole(one["id"]) for one in found]

    async def _whole(self, message_id: int) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/api/messages/{message_id}") as response:
            return dict(await response.json())


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    settings = InboxSettings(port=0, smtp_port=free_port())
    morning = datetime.combine(datetime.now(ZONE).date(), time(7), ZONE)
    async with serving(create_inbox(settings)) as url, aiohttp.ClientSession() as session:
        yield Post(session, url, settings.smtp_port, morning)


@dataclass
class Hall:
    """Where work is done, yesterday or any other day, and reported of."""

    warehouse: Warehouse
    call: Caller
    database: Database
    today: date

    async def picked(self, quantity: int, days_ago: int = 1, *, follow: bool = True) -> str:
        """Pick some pieces on a former day, told now; return the operation."""
        task_id = await self.warehouse.task("ana", A=quantity)
        made = datetime.combine(self.today - timedelta(days=days_ago), time(12), ZONE)
        operation = str(uuid4())
        status, answer = await self.warehouse.scan(
            task_id, "A", quantity, picked_at=made.isoformat(), operation_id=operation
        )
        assert status == 200, answer
        if follow:
            await self.followed()
        return operation

    async def undo(self, operation: str) -> None:
        sent = {"undoes": operation, "operation_id": str(uuid4())}
        status, answer = await self.call("POST", "/api/undo", sent, user="ana")
        assert status == 200, answer
        await self.followed()

    async def followed(self) -> None:
        await catch_up(following(self.database, str(ZONE)))

    async def rows(self) -> dict[tuple[str, date], str]:
        async with self.database.begin() as connection:
            found = await connection.execute(text("SELECT each, first_day, status FROM tasks.report_mails"))
            return {(row.each, row.first_day): row.status for row in found}

    async def due_now(self) -> None:
        """Let the time go by that is waited for until the next attempt."""
        async with self.database.begin() as connection:
            await connection.execute(text("UPDATE tasks.report_mails SET due_at = now()"))


@pytest.fixture
def hall(warehouse: Warehouse, call: Caller, empty: Database) -> Hall:
    return Hall(warehouse, call, empty, datetime.now(ZONE).date())


def cells(html: str) -> list[list[str]]:
    """The rows of all tables with figures."""
    rows = re.findall(r"<tr>\n(.*?)</tr>", html, re.S)
    return [re.findall(r"<t[dh] [^>]*>([^<]*)</t[dh]>", row) for row in rows]


class TestWhatItSays:
    async def test_figures_those_before_and_where_to_look(self, hall: Hall, post: Post) -> None:
        await hall.picked(1200)
        await hall.picked(1000, 2)
        await post.mailing(hall.database).step()

        [mail] = await post.mails()
        assert mail["recipients"] == ["boss@example.org", "team@example.org"]
        yesterday = hall.today - timedelta(days=1)
        assert mail["subject"] == f"Report of {yesterday:%A} {yesterday}"
        assert ["Pieces", "1,200", "1,000", "+20%"] in cells(mail["html"])
        assert re.search(r"^Pieces +1,200 +1,000 +\+20%$", mail["text"], re.M)
        report = (
            f"https://magacin.example.org/desk/reports?by=team&first_day={yesterday}&last_day={yesterday}"
        )
        assert escape(report) in mail["html"]
        assert report in mail["text"]
        assert not re.search(r"<(img|link|script|iframe)|url\(|@import", mail["html"])
        assert mail["headers"]["Message-ID"].endswith("@example.org>")

    async def test_by_whom_where_that_is_set(self, hall: Hall, post: Post) -> None:
        post.changed = {"report_mail_by": "worker"}
        await hall.picked(3)
        await post.mailing(hall.database).step()
        [mail] = await post.mails()
        assert ["ana", "1", "3"] in [row[:3] for row in cells(mail["html"])]

    async def test_names_are_no_markup_and_not_kept(self, hall: Hall, post: Post) -> None:
        post.changed = {"report_mail_by": "team"}
        await hall.picked(3)
        body = {"name": "<b>A & B</b>"}
        status, team = await hall.call("POST", "/api/teams", body, role=Role.SUPERVISOR)
        assert status == 201, team
        async with hall.database.begin() as connection:
            await connection.execute(
                text("INSERT INTO tasks.team_members (team_id, worker, since)"
                     " SELECT id, 'ana', :since FROM tasks.teams"),
                {"since": hall.today - timedelta(days=9)},
            )  # fmt: skip
        await post.mailing(hall.database).step()
        [mail] = await post.mails()
        assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in mail["html"]
        assert "<b>A & B</b>" in mail["text"]
        async with hall.database.begin() as connection:
            kept = await connection.scalar(text("SELECT content FROM tasks.report_mails"))
        assert kept == {}

    @pytest.mark.parametrize(
        ("language", "pieces", "subject"),
        [("sr-Latn", "Komadi", "Izveštaj za "), ("sr-Cyrl", "Комади", "Извештај за ")],
    )
    async def test_in_serbian(self, hall: Hall, post: Post, language: str, pieces: str, subject: str) -> None:
        post.changed = {"report_mail_language": language}
        await hall.picked(1200)
        await post.mailing(hall.database).step()
        [mail] = await post.mails()
        assert mail["subject"].startswith(subject)
        assert [pieces, "1.200"] in [row[:2] for row in cells(mail["html"])]

    async def test_of_a_week(self, hall: Hall, post: Post) -> None:
        post.changed = {"report_mail": "weekly", "report_mail_by": "day"}
        monday = hall.today - timedelta(days=hall.today.weekday())
        await hall.picked(4, (hall.today - monday).days + 1)
        await post.mailing(hall.database).step()
        [mail] = await post.mails()
        assert f"{monday - timedelta(days=7)} – {monday - timedelta(days=1)}" in mail["subject"]
        assert f"Sunday {monday - timedelta(days=1)}" in mail["html"]
        assert await hall.rows() == {("weekly", monday - timedelta(days=7)): "sent"}

    async def test_nothing_where_nothing_was_done(self, hall: Hall, post: Post) -> None:
        await hall.picked(1, 0)
        await post.mailing(hall.database).step()
        assert await post.mails() == []
        assert set((await hall.rows()).values()) == {"nothing"}


async def test_a_service_mails_by_its_environment(
    hall: Hall, post: Post, settings: TaskSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.picked(5)
    for name, value in {
        "REPORT_MAIL_TO": "boss@example.org",
        "REPORT_MAIL_HOUR": "0",
        "SMTP_HOST": f"127.0.0.1:{post.smtp_port}",
        "SMTP_FROM": "reports@example.org",
        "SMTP_REQUIRE_TLS": "false",
    }.items():
        monkeypatch.setenv(f"MAGACIN_{name}", value)
    async with serving(create_app(settings)) as url:
        while True:
            mails, page = await post.mails(), await _metrics(post, url)
            if mails and "report_mail_last_success_timestamp_seconds 0" not in page:
                break
            await asyncio.sleep(0.05)
    assert [mail["recipients"] for mail in mails] == [["boss@example.org"]]
    assert "report_mail_last_success_timestamp_seconds 1" in page


async def _metrics(post: Post, url: str) -> str:
    async with post.session.get(f"{url}/metrics") as response:
        return await response.text()


class TestOnce:
    async def test_however_many_and_often(self, hall: Hall, post: Post, migrated: SecretStr) -> None:
        await hall.picked(5)
        async with Database(migrated, application="tests", pool_size=2) as other:
            both = [post.mailing(hall.database), post.mailing(other)]
            for _ in range(3):
                await asyncio.gather(*(one.step() for one in both))
                await hall.due_now()
        assert len(await post.mails()) == 1

    async def test_not_before_the_hour_and_not_before_all_is_followed(self, hall: Hall, post: Post) -> None:
        mailing = post.mailing(hall.database)
        await hall.picked(5)
        async with hall.database.begin() as connection:
            await connection.execute(text("UPDATE tasks.report_state SET time_zone = 'UTC'"))
        await mailing.step()  # the sums are of another time zone's days
        async with hall.database.begin() as connection:
            await connection.execute(text("UPDATE tasks.report_state SET time_zone = 'Europe/Belgrade'"))
        late = await hall.picked(1, follow=False)
        async with hall.database.begin() as connection:
            await connection.execute(
                text("UPDATE tasks.scans SET scanned_at = :at WHERE operation_id = :late"),
                {"at": datetime.combine(hall.today - timedelta(days=1), time(23), ZONE), "late": late},
            )
        await mailing.step()  # what came at eleven is missing
        assert await hall.rows() == {}
        await hall.followed()
        post.now = post.now.replace(hour=5)
        await mailing.step()
        yesterday = hall.today - timedelta(days=1)
        assert ("daily", yesterday) not in await hall.rows()
        post.now = post.now.replace(hour=6)
        await mailing.step()
        assert ("daily", yesterday) in await hall.rows()
        assert ["Pieces", "6"] in [row[:2] for row in cells((await post.mails())[-1]["html"])]

    async def test_killed_before_it_was_noted_the_same_mail_comes_again(
        self, hall: Hall, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(Exception):
            """The process is gone."""

        async def die(*_: object) -> bool:
            raise Killed

        await hall.picked(5)
        with monkeypatch.context() as changed:
            changed.setattr(ReportMailRepository, "record", die)
            with pytest.raises(Killed):
                await post.mailing(hall.database).step()
        await hall.picked(7)  # what it says stays what it was
        await post.mailing(hall.database).step()
        assert len(await post.mails()) == 1  # who died may be sending still
        await hall.due_now()
        await post.mailing(hall.database).step()
        first, second = await post.mails()
        for name in ("Message-ID", "Date", "Subject"):
            assert first["headers"][name] == second["headers"][name]
        assert (first["text"], first["html"]) == (second["text"], second["html"])


class TestChanges:
    async def test_undo_and_late_scans_are_told_once(self, hall: Hall, post: Post) -> None:
        mailing = post.mailing(hall.database)
        await hall.picked(5, 3)
        undone = await hall.picked(20, 3)
        post.now -= timedelta(days=2)
        await mailing.step()
        await hall.undo(undone)
        await hall.picked(300, 3)
        post.now += timedelta(days=1)
        await mailing.step()
        mail = (await post.mails())[1]
        day = hall.today - timedelta(days=3)
        assert f"{day:%A} {day}" in mail["html"]
        assert ["Pieces", "25", "305"] in [row[1:] for row in cells(mail["html"])]
        assert "Lines" not in [row[1] for row in cells(mail["html"])]  # there are two, as before
        assert re.search(r"Scans taken back +0 +1$", mail["text"], re.M)
        await hall.picked(1)
        post.now += timedelta(days=1)
        await mailing.step()
        assert len(await post.mails()) == 3
        assert "Is now" not in (await post.mails())[2]["html"]

    async def test_the_desk_is_told_what_mails_told(self, hall: Hall, post: Post) -> None:
        day = str(hall.today - timedelta(days=2))
        of_day = {"first_day": day, "last_day": day}

        async def asked() -> tuple[str, int | None, int, bool]:
            status, found = await hall.call(
                "GET", "/api/report-mails", user="vera", role=Role.SUPERVISOR, params=of_day
            )
            assert status == 200, found
            [one] = found["items"]
            assert (one["each"], one["first_day"]) == ("daily", day)
            return one["status"], one["told"] and one["told"]["pieces"], one["now"]["pieces"], one["changed"]

        mailing = post.mailing(hall.database)
        undone = await hall.picked(5, 2)
        post.now -= timedelta(days=1)
        await mailing.step()
        assert await asked() == ("sent", 5, 5, False)
        await hall.picked(2, 2)
        assert await asked() == ("sent", 5, 7, True)
        await hall.undo(undone)
        assert await asked() == ("sent", 5, 2, True)
        # The next mail tells it, and then that is what people know.
        post.now += timedelta(days=1)
        await mailing.step()
        assert await asked() == ("sent", 2, 2, False)

    async def test_a_week_is_what_its_days_are(self, hall: Hall, post: Post) -> None:
        post.changed = {"report_mail": "weekly"}
        monday = hall.today - timedelta(days=hall.today.weekday() + 7)
        for day in range(0, 7, 3):
            await hall.picked(10, (hall.today - monday).days - day)
        await post.mailing(hall.database).step()
        await hall.picked(1, (hall.today - monday).days - 6)
        _, found = await hall.call("GET", "/api/report-mails?period=last_week", role=Role.MANAGER)
        [week] = found["items"]
        assert (week["told"]["pieces"], week["now"]["pieces"], week["changed"]) == (30, 31, True)
        days = {"first_day": str(monday), "last_day": str(monday + timedelta(days=6))}
        _, report = await hall.call("GET", "/api/reports/week", role=Role.MANAGER, params=days)
        assert week["now"] == report["totals"]
        # It is not wholly of these days.
        days["last_day"] = str(monday)
        _, none = await hall.call("GET", "/api/report-mails", role=Role.MANAGER, params=days)
        assert none == {"items": []}

    async def test_the_same_figures_are_no_change(self, hall: Hall, post: Post) -> None:
        mailing = post.mailing(hall.database)
        await hall.picked(5, 2)
        post.now -= timedelta(days=1)
        await mailing.step()
        await hall.picked(1)
        post.now += timedelta(days=1)
        await mailing.step()
        assert "Is now" not in (await post.mails())[-1]["html"]

    async def test_of_a_day_on_which_there_was_nothing_to_tell(self, hall: Hall, post: Post) -> None:
        mailing = post.mailing(hall.database)
        await hall.picked(1, 0)
        post.now -= timedelta(days=1)
        await mailing.step()
        await hall.picked(8, 2)
        post.now += timedelta(days=1)
        await mailing.step()
        [mail] = await post.mails()
        assert "Nothing was done." in mail["text"]
        assert re.search(r"Pieces +0 +8$", mail["text"], re.M)


class TestServerAway:
    async def test_is_tried_again_and_given_up_after_hours(
        self, hall: Hall, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted = {name: REPORT_MAILS.labels(name)._value.get() for name in ("sent", "failed", "given_up")}

        def more(name: str) -> float:
            return float(REPORT_MAILS.labels(name)._value.get() - counted[name])

        mailing = post.mailing(hall.database)
        await hall.picked(5, 2)
        post.now -= timedelta(days=1)
        post.changed = {"smtp_host": f"127.0.0.1:{free_port()}"}
        assert not await mailing.step()
        assert not await mailing.step()  # not at once
        assert more("failed") == 1
        async with hall.database.begin() as connection:
            waits = await connection.scalar(text("SELECT due_at - now() FROM tasks.report_mails"))
        assert timedelta(seconds=30) < waits < timedelta(seconds=61)
        for _ in range(8):
            await hall.due_now()
            await mailing.step()
        assert (more("failed"), more("given_up"), more("sent")) == (9, 1, 0)
        assert set((await hall.rows()).values()) == {"given_up"}

        # What nobody was told is in the next mail.
        post.changed = {}
        post.now += timedelta(days=1)
        await mailing.step()
        [mail] = await post.mails()
        assert re.search(r"Pieces +– +5$", mail["text"], re.M)
        assert more("sent") == 1
        assert (await mailing.last_success())[0] > 0

    async def test_comes_once_it_is_back(self, hall: Hall, post: Post) -> None:
        port = post.smtp_port
        await hall.picked(5)
        post.changed = {"smtp_host": f"127.0.0.1:{free_port()}"}
        mailing = post.mailing(hall.database)
        await mailing.step()
        post.changed = {"smtp_host": f"127.0.0.1:{port}"}
        await hall.due_now()
        await mailing.step()
        assert len(await post.mails()) == 1


class TestTls:
    @pytest.fixture
    def trusted(self, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:  # noqa: F811
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        return certificate

    @pytest.mark.parametrize("password", [PASSWORD, "not this one"])
    async def test_logs_in_over_tls_and_says_no_password(
        self,
        hall: Hall,
        post: Post,
        trusted: Certificate,
        capsys: pytest.CaptureFixture[str],
        password: str,
    ) -> None:
        await hall.picked(5)
        with mail_server(trusted.context()) as server:
            post.changed = {
                "smtp_host": f"localhost:{server.port}",
                "smtp_username": USER,
                "smtp_password": password,
                "smtp_require_tls": True,
            }
            await post.mailing(hall.database).step()
        assert len(server.mails) == (password == PASSWORD)
        assert password not in str(capsys.readouterr())
        assert password not in repr(post.settings())

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    async def test_a_certificate_that_nobody_trusts_gets_nothing(
        self,
        hall: Hall,
        post: Post,
        certificate: Certificate,  # noqa: F811
        host: str,
    ) -> None:
        await hall.picked(5)
        with mail_server(certificate.context()) as server:
            post.changed = {"smtp_host": f"{host}:{server.port}", "smtp_require_tls": True}
            await post.mailing(hall.database).step()
        assert server.mails == []
        assert set((await hall.rows()).values()) == {"waiting"}

    async def test_a_server_without_tls_gets_nothing(self, hall: Hall, post: Post) -> None:
        await hall.picked(5)
        post.changed = {"smtp_require_tls": True}
        await post.mailing(hall.database).step()
        assert await post.mails() == []

    async def test_some_recipients_that_are_refused_keep_nobody_else_from_it(
        self, hall: Hall, post: Post
    ) -> None:
        await hall.picked(5)
        with mail_server() as server:
            post.changed = {
                "smtp_host": f"localhost:{server.port}",
                "report_mail_to": "nobody@example.org, boss@example.org",
            }
            await post.mailing(hall.database).step()
        [mail] = server.mails
        assert mail.rcpt_tos == ["boss@example.org"]
        assert set((await hall.rows()).values()) == {"sent"}


class TestDays:
    @pytest.mark.parametrize(
        ("now", "hour", "first", "last"),
        [
            ("2026-11-30T05:59+01:00", 6, "2026-11-28", "2026-11-28"),
            ("2026-11-30T06:00+01:00", 6, "2026-11-29", "2026-11-29"),
            ("2026-11-30T00:00+01:00", 0, "2026-11-29", "2026-11-29"),
            # The hour from 2 on is missing on 29 March, and there twice on 25 October.
            ("2026-03-29T01:59+01:00", 2, "2026-03-27", "2026-03-27"),
            ("2026-03-29T03:00+02:00", 2, "2026-03-28", "2026-03-28"),
            ("2026-10-25T02:30+02:00", 3, "2026-10-23", "2026-10-23"),
            ("2026-10-25T02:30+01:00", 3, "2026-10-23", "2026-10-23"),
            ("2026-10-25T03:00+01:00", 3, "2026-10-24", "2026-10-24"),
        ],
    )
    def test_of_which_day(self, now: str, hour: int, first: str, last: str) -> None:
        span = due(MailEach.DAILY, datetime.fromisoformat(now).astimezone(UTC), ZONE, hour)
        assert (str(span.first), str(span.last)) == (first, last)

    @pytest.mark.parametrize(
        ("now", "first"),
        [
            ("2026-11-30T05:59+01:00", "2026-11-16"),
            ("2026-11-30T06:00+01:00", "2026-11-23"),
            ("2026-12-06T23:59+01:00", "2026-11-23"),
        ],
    )
    def test_of_which_week(self, now: str, first: str) -> None:
        span = due(MailEach.WEEKLY, datetime.fromisoformat(now), ZONE, 6)
        assert (str(span.first), span.days) == (first, 7)

    def test_a_day_may_have_25_hours(self) -> None:
        day = date(2026, 10, 25)
        ends = end_of(day, ZONE).astimezone(UTC), end_of(day - timedelta(days=1), ZONE).astimezone(UTC)
        assert ends[0] - ends[1] == timedelta(hours=25)

    async def test_a_long_day_is_one_mail(self, hall: Hall, post: Post) -> None:
        await hall.followed()
        first = datetime(2026, 10, 25, 2, 30, tzinfo=ZONE, fold=0)
        async with hall.database.begin() as connection:
            await connection.execute(text("INSERT INTO tasks.pick_tasks (lines_open) VALUES (1)"))
            for moment in (first, first.replace(fold=1)):
                await connection.execute(_SCAN, {"id": uuid4(), "at": moment.astimezone(UTC)})
        await hall.followed()
        for now in ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-26T07:00+01:00"):
            post.now = datetime.fromisoformat(now)
            await post.mailing(hall.database).step()
        mails = await post.mails()
        assert [mail["subject"] for mail in mails] == ["Report of Sunday 2026-10-25"]
        assert ["Pieces", "2"] in [row[:2] for row in cells(mails[0]["html"])]


_SCAN = text("""
    WITH used AS (INSERT INTO tasks.operations (operation_id) VALUES (:id))
    INSERT INTO tasks.scans (operation_id, task_id, line_id, worker, code, sent_quantity, quantity, outcome,
                             task_status, remaining_lines, scanned_at)
    SELECT :id, id, NULL, 'ana', 'A', 1, 1, 'picked', 'in_progress', 1, :at FROM tasks.pick_tasks LIMIT 1
""")


class TestSettings:
    def test_nobody_gets_anything_unless_named(self) -> None:
        assert ReportMailSettings().each() == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"report_mail_to": "boss"},
            {"report_mail_to": "boss@example.org\nBcc: all@example.org"},
            {"report_mail_to": ", ".join(f"a{n}@example.org" for n in range(51))},
            {"report_mail": "hourly"},
            {"report_mail_hour": 24},
            {"report_mail_by": "article"},
            {"report_mail_link": "javascript:alert(1)"},
            {"smtp_host": "smtp.example.org"},
            {"report_mail_to": "boss@example.org", "smtp_host": ""},
        ],
    )
    def test_what_is_wrong_is_refused(self, post_settings: Callable[..., Any], wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            post_settings(**wrong)

    @pytest.fixture
    def post_settings(self) -> Callable[..., ReportMailSettings]:
        good: dict[str, Any] = {"smtp_host": "smtp.example.org:25", "smtp_from": "a@example.org"}
        return lambda **values: ReportMailSettings(**(good | values))

    def test_are_read_anew_and_their_values_never_quoted(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        file = tmp_path / "SMTP_HOST"
        file.write_text("smtp.example.org:25\n")
        monkeypatch.setenv("MAGACIN_SMTP_HOST_FILE", str(file))
        assert read_anew().smtp_host == "smtp.example.org:25"
        file.write_text("very-secret\n")
        with pytest.raises(DependencyUnavailable) as caught:
            read_anew()
        assert "smtp_host" in str(caught.value.reason)
        assert "very-secret" not in str(caught.value.reason)
        file.unlink()
        with pytest.raises(DependencyUnavailable):
            read_anew()


def test_numbers_are_written_as_the_language_does() -> None:
    english, serbian = Language(LanguageTag.ENGLISH), Language(LanguageTag.SERBIAN_LATIN)
    assert english.figure("pieces", 1234) == "1,234"
    assert serbian.figure("pieces_per_hour", 1234.56) == "1.234,6"
    assert serbian.figure("accuracy", 0.9876) == "98,8%"
    assert english.difference("accuracy", 0.98, 0.99) == "\N{MINUS SIGN}1.0"
    assert english.difference("pieces", 90, 100) == "\N{MINUS SIGN}10%"
    assert english.difference("pieces", 90, 0) == ""
    assert english.figure("on_time", None) == "–"
    cyrillic = Language(LanguageTag.SERBIAN_CYRILLIC)
    assert cyrillic.word("subject_weekly", days="1. 6. 2026.") == "Извештај за недељу 1. 6. 2026."
    assert "Magacin Track (MAGACIN_REPORT_MAIL_TO)" in cyrillic.word("why")

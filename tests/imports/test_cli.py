"""The command as a person runs it, through a real gateway to a real Import Service."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import HttpUrl, SecretStr
from sqlalchemy import text

from magacin.cli.import_file import exit_code
from magacin.contracts.identity import Role
from magacin.contracts.imports import ImportCounts, ImportJob, JobStatus
from magacin.core.audit import SYSTEM
from magacin.core.db import Database
from magacin.gateway.app import create_app as create_gateway
from magacin.gateway.migrate import migrate as migrate_gateway
from magacin.gateway.people.passwords import Passwords
from magacin.gateway.people.users import Users
from magacin.gateway.settings import GatewaySettings
from magacin.imports.app import create_app
from magacin.imports.parsers.registry import titles
from magacin.imports.settings import ImportSettings
from tests.conftest import SERVICE_TOKEN
from tests.imports.support import TaskServiceOnWheels, csv_bytes, xlsx_bytes
from tests.support import serving

PASSWORD = "correct horse battery"


@dataclass
class Command:
    """Runs `magacin` beside the services of this process."""

    url: str
    folder: Path
    environment: dict[str, str]

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "magacin.cli", *arguments),
            env=self.environment,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def import_(self, *arguments: str) -> tuple[int, str, str]:
        who = ("--url", self.url, "--user", "ana", "--password-file", "password")
        return await self.run("import", *who, *arguments)

    async def profiles(self, deed: str, *arguments: str) -> tuple[int, str, str]:
        who = ("--url", self.url, "--user", "ana", "--password-file", "password")
        return await self.run("profiles", deed, *who, *arguments)


@pytest.fixture(scope="session")
async def with_gateway(migrated: SecretStr) -> None:
    """The gateway's tables, beside those of the Import Service."""
    await migrate_gateway(migrated)


@pytest.fixture
async def command(
    settings: ImportSettings, with_gateway: None, empty: Database, tmp_path: Path
) -> AsyncIterator[Command]:
    async with empty.begin() as connection:
        await connection.execute(text("TRUNCATE gateway.users, gateway.refresh_tokens"))
    async with serving(create_app(settings)) as imports:
        gateway = GatewaySettings(
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            service_token=SecretStr(SERVICE_TOKEN),
            jwt_key=SecretStr("f3b1c95d4f2e4d1f9a6b7c8d9e0f1a2b"),
            import_service_url=HttpUrl(imports),
        )
        async with serving(create_gateway(gateway)) as url:
            environment = os.environ | {"MAGACIN_DATABASE_URL": settings.database_url.get_secret_value()}
            command = Command(url, tmp_path, environment)
            (tmp_path / "password").write_text(PASSWORD + "\n")
            (tmp_path / "password").chmod(0o600)
            await Users(empty, Passwords()).add(SYSTEM, "ana", Role.MANAGER, SecretStr(PASSWORD))
            yield command


class TestImport:
    async def test_all_is_well(self, command: Command, task_service: TaskServiceOnWheels) -> None:
        (command.folder / "orders.xlsx").write_bytes(xlsx_bytes([("R1", "A1", "Lantern", 6, "", "")]))
        code, out, err = await command.import_("--release", "orders.xlsx")
        assert code == 0, err
        assert "import 1 succeeded" in out
        assert task_service.lines("R1") == [("A1", 6)]

    async def test_a_file_is_called_by_its_name(self, command: Command) -> None:
        names = {
            b"my orders, 100% [b].csv": "my orders, 100% [b].csv",
            "поруџбина „1“.csv".encode(): "поруџбина „1“.csv",
            b'a "b".csv': 'a "b".csv',
            b"latin-\xe9\n.csv": "latin-\ufffd_.csv",
        }
        for number, name in enumerate(names):
            content = csv_bytes([(f"R{number}", "A1", "", 6, "", "")])
            (command.folder / os.fsdecode(name)).write_bytes(content)
        code, out, err = await command.import_("--json", *map(os.fsdecode, names))
        assert code == 0, err
        assert [job["filename"] for job in json.loads(out)] == list(names.values())

    async def test_rejects_are_shown(self, command: Command) -> None:
        rows = [("R1", "A1", "", 6, "", ""), ("R2", "A1", "", 0, "", "")]
        (command.folder / "orders.csv").write_bytes(csv_bytes(rows))
        code, out, _ = await command.import_("orders.csv")
        assert code == 3
        assert "row 3, requisition R2: quantity: The quantity is 0; it has to be 1 or more." in out
        assert f"{command.url}/api/imports/1/rejects.csv" in out

    async def test_several_files_with_a_mapping_as_json(self, command: Command) -> None:
        for name in ("a.csv", "b.csv"):
            content = csv_bytes([(f"R-{name}", "A1", 2)], header=("Belegnr", "Teil", "qty"))
            (command.folder / name).write_bytes(content)
        mapping = ("--mapping", "requisition=Belegnr", "--mapping", "sku=Teil")
        code, out, err = await command.import_("--json", "--partial", *mapping, "a.csv", "b.csv")
        assert code == 0, err
        jobs = json.loads(out)
        assert [job["filename"] for job in jobs] == ["a.csv", "b.csv"]
        assert {job["source"] for job in jobs} == {"cli"}
        assert all(job["partial"] and job["counts"]["requisitions_created"] == 1 for job in jobs)

    async def test_a_duplicate_that_differs(
        self, command: Command, task_service: TaskServiceOnWheels
    ) -> None:
        (command.folder / "orders.csv").write_bytes(csv_bytes([("R1", "A1", "", 6, "", "")]))
        assert (await command.import_("orders.csv"))[0] == 0
        assert (await command.import_("orders.csv"))[0] == 0
        task_service.differences = {"R1": [{"change": "quantity", "sku": "A1", "before": 4, "after": 6}]}
        code, out, _ = await command.import_("orders.csv")
        assert code == 3
        assert "R1 was imported before and differs now: A1 4 → 6. It stays as it was; import" in out
        _, out, _ = await command.import_("--replace", "--json", "orders.csv")
        assert json.loads(out)[0]["replace"]

    async def test_a_file_that_fails(self, command: Command) -> None:
        (command.folder / "orders.csv").write_bytes(b"colour\nred\n")
        code, out, _ = await command.import_("orders.csv")
        assert code == 1
        assert "'colour'" in out

    async def test_a_file_that_is_refused_at_once(self, command: Command) -> None:
        (command.folder / "orders.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
        code, _, err = await command.import_("orders.csv")
        assert code == 1
        assert f"orders.csv: The file is not {titles()}" in err


class TestDryRun:
    @pytest.fixture
    def task_service_url(self, real_task_service_url: str) -> str:
        return real_task_service_url

    async def test_the_stack_knows_what_is_there(self, command: Command) -> None:
        (command.folder / "orders.csv").write_bytes(csv_bytes([("R1", "A1", "", 6, "", "")]))
        await command.import_("orders.csv")
        (command.folder / "orders.csv").write_bytes(
            csv_bytes([("R1", "A1", "", 7, "", ""), ("R2", "A1", "", 1, "", "")])
        )
        code, out, err = await command.import_("--dry-run", "orders.csv")
        assert code == 3, err
        assert "R1 was imported before and differs now: A1 6 → 7" in out


class TestArticlesAndLocations:
    @pytest.fixture
    def task_service_url(self, real_task_service_url: str) -> str:
        return real_task_service_url

    @pytest.fixture
    def articles(self, command: Command) -> tuple[str, ...]:
        header = ("sku", "description", "barcode", "pieces")
        rows = [("A1", "Lantern", "B1", ""), ("A2", "", "B2", "6"), ("A3", "", "B1", ""), ("A4", "", "", "0")]
        (command.folder / "articles.csv").write_bytes(csv_bytes(rows, header))
        return ("--subject", "articles", "articles.csv")

    async def test_good_rows_of_articles_count(self, command: Command, articles: tuple[str, ...]) -> None:
        rejects = (
            "row 4, article A3: barcode: Row 2 gives it to the article A1.",
            "row 5, article A4: pieces: 0 is too little",
        )
        code, out, err = await command.import_("--dry-run", *articles)
        assert code == 3, err
        assert "row 2: sku A1, description Lantern, barcode B1" in out
        assert all(reject in out for reject in rejects)
        code, out, err = await command.import_(*articles)
        assert code == 3, err
        assert "import 1 succeeded" in out
        assert all(reject in out for reject in rejects)
        assert "Requisitions" not in out
        code, out, err = await command.import_("--json", *articles)
        assert code == 3, err
        [job] = json.loads(out)
        counts = {name: count for name, count in job["counts"].items() if count}
        assert (job["subject"], job["source"]) == ("articles", "cli")
        assert counts == {"rows_read": 4, "rows_duplicate": 2, "rows_rejected": 2}

    async def test_what_is_there_is_known_to_the_stack(self, command: Command) -> None:
        header = ("location", "zone", "sequence")
        (command.folder / "there.csv").write_bytes(csv_bytes([("L1", "Dry", "10")], header))
        assert (await command.import_("--subject", "locations", "there.csv"))[0] == 0
        (command.folder / "more.csv").write_bytes(csv_bytes([("L1", "Cold", ""), ("L2", "Dry", "")], header))
        code, out, err = await command.import_("--dry-run", "--subject", "locations", "more.csv")
        assert code == 3, err
        assert "row 3, location L2: sequence: The location is new" in out

    async def test_a_profile_is_for_one_subject(self, command: Command, articles: tuple[str, ...]) -> None:
        mapping = ("--mapping", "sku=sku", "--mapping", "pieces=pieces")
        code, out, err = await command.profiles("save", "teile", "--subject", "articles", *mapping)
        assert code == 0, err
        _, out, _ = await command.profiles("show", "teile")
        assert "  --subject articles\n  --mapping pieces=pieces\n" in out
        assert (await command.import_("--profile", "teile", *articles))[0] == 3
        for more in ([], ["--dry-run"], ["--dry-run", "--json"]):
            code, _, err = await command.import_(*more, "--profile", "teile", "articles.csv")
            assert code == 1
            assert "is for files of articles, and this is one of orders" in err


class TestProfiles:
    async def test_saved_listed_used_and_removed(
        self, command: Command, task_service: TaskServiceOnWheels
    ) -> None:
        mapping = ("--mapping", "requisition=Beleg", "--mapping", "sku=Teil", "--mapping", "sku=Teile")
        code, out, err = await command.profiles(
            "save", "Teile", *mapping, "--decimal", ",", "--description", "Our supplier"
        )
        assert code == 0, err
        assert "--profile teile" in out
        code, out, _ = await command.profiles("list")
        assert "saved       Our supplier" in out
        code, out, _ = await command.profiles("show", "--json", "teile")
        assert json.loads(out)["mapping"] == {"requisition": "Beleg", "sku": ["Teil", "Teile"]}
        code, out, _ = await command.profiles("show", "teile")
        assert "  --mapping sku=Teil\n  --mapping sku=Teile\n  --decimal ,\n" in out
        (command.folder / "orders.csv").write_bytes(b"Beleg;Teile;Menge\nR1;A1;1.000\n")
        code, out, err = await command.import_("--dry-run", "--json", "--profile", "teile", "orders.csv")
        assert code == 0, err
        assert (json.loads(out)["profile"], json.loads(out)["rows"][0]["quantity"]) == ("teile", 1000)
        code, _, err = await command.import_("--profile", "teile", "orders.csv")
        assert code == 0, err
        assert task_service.lines("R1") == [("A1", 1000)]
        assert (await command.profiles("remove", "teile"))[0] == 0
        code, _, err = await command.profiles("show", "teile")
        assert code == 1
        assert "There is no profile 'teile'" in err


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["missing.csv"], "cannot read missing.csv"),
            (["--mapping", "colour=x", "password"], "meanings are requisition"),
            (["--subject", "locations", "--mapping", "sku=x", "password"], "meanings are location"),
            (["--subject", "articles", "--release", "password"], "--release is for orders"),
            (["--subject", "articles", "--unit", "pcs", "password"], "--unit is of files of orders"),
            (["--url", "http://127.0.0.1:9", "password"], "does not answer"),
        ],
    )
    async def test_what_to_do_is_said(self, command: Command, arguments: list[str], says: str) -> None:
        code, _, err = await command.import_(*arguments)
        assert code == 1
        assert says in err
        assert "Traceback" not in err

    async def test_a_wrong_password(self, command: Command) -> None:
        (command.folder / "password").write_text("incorrect donkey capacitor")
        (command.folder / "orders.csv").write_bytes(csv_bytes([("R1", "A1", "", 1, "", "")]))
        code, _, err = await command.import_("orders.csv")
        assert code == 1
        assert "password" in err.lower()

    async def test_no_stack(self, command: Command) -> None:
        (command.folder / "orders.csv").write_bytes(b"x")
        code, _, err = await command.run("import", "--data-dir", "nowhere", "orders.csv")
        assert code == 1
        assert "there is no stack in" in err


def test_exit_codes() -> None:
    def job(error: str | None = None, **counts: int) -> ImportJob:
        now = datetime.now(UTC)
        return ImportJob(
            job_id=1,
            filename="x.csv",
            format="csv",
            status=JobStatus.FAILED if error else JobStatus.SUCCEEDED,
            source="cli",
            submitted_by="ana",
            partial=False,
            release=False,
            replace=False,
            counts=ImportCounts(**counts),
            error=error,
            created_at=now,
            started_at=now,
            finished_at=now,
        )

    assert exit_code([job(), job()]) == 0
    assert exit_code([job(), job(rows_held_back=1)]) == 3
    assert exit_code([job(requisitions_duplicate=2)]) == 0
    assert exit_code([job(requisitions_duplicate=2, requisitions_differing=1)]) == 3
    assert exit_code([job(rows_rejected=1), job("unreadable")]) == 1

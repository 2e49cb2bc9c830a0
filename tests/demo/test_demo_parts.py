"""What the demo is made of: barcodes, files, bounds, passwords."""

from __future__ import annotations

import asyncio
import csv
import io
import stat
import zipfile
from pathlib import Path
from random import Random

from biip.gtin import Gtin
from openpyxl import load_workbook

from magacin.contracts.identity import Role
from magacin.demo.barcodes import as_scanned, in_house_gtin13, packs_of
from magacin.demo.client import renew_after
from magacin.demo.orders import (
    COLUMNS,
    DESTINATION,
    PREFIX,
    Budget,
    FollowUps,
    OrderFile,
    Ware,
    sample,
    sample_wares,
)
from magacin.demo.pace import Pace
from magacin.demo.users import ensure_demo_users, read_demo_users
from magacin.demo.warehouse import bins, lay_out
from tests.conftest import DATA_FILE

WARES = [Ware(f"SKU{n}", f"Thing {n}") for n in range(40)]


def rows_of(file: OrderFile) -> list[list[str]]:
    if file.name.endswith(".csv"):
        return list(csv.reader(io.StringIO(file.content.decode(), newline="")))
    sheet = load_workbook(io.BytesIO(file.content), read_only=True).active
    assert sheet is not None
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


class TestBarcodes:
    def test_they_are_valid_and_of_the_kind_for_own_use(self) -> None:
        for sku in ("85123A", "71053", "POST", "15056BL", ""):
            gtin = Gtin.parse(in_house_gtin13(sku))
            assert gtin.format.name == "GTIN_13"
            assert gtin.value.startswith("20")

    def test_an_article_keeps_its_own(self) -> None:
        assert in_house_gtin13("85123A") == in_house_gtin13("85123A") != in_house_gtin13("85123B")

    def test_every_form_stands_for_the_same_pieces(self) -> None:
        from magacin.tasks.codes import read_code

        code, random = in_house_gtin13("85123A"), Random(1)
        forms = {as_scanned(code, 3, random) for _ in range(100)}
        assert len(forms) == 5
        for form, quantity in forms:
            reading = read_code(form)
            assert reading.gtin == code.zfill(14)
            assert reading.count * quantity == 3

    def test_packs_are_gtin_14s_of_the_articles_own_number(self) -> None:
        packings = {tuple((pack.pieces, pack.level) for pack in packs_of(f"SKU{n}")) for n in range(40)}
        assert len(packings) == 4
        for ware in sample_wares():
            own = in_house_gtin13(ware.sku)
            for pack in packs_of(ware.sku):
                assert Gtin.parse(pack.code).format.name == "GTIN_14"
                assert pack.code[1:13] == own[:12]
                assert pack.code[0] in "12"
        assert packs_of("22386") == packs_of("22386")


class TestWarehouse:
    def test_a_round_goes_up_one_aisle_and_down_the_next(self) -> None:
        every = bins()
        assert [one.sequence for one in every] == sorted({one.sequence for one in every})
        assert len({one.code for one in every}) == len(every) == 300
        assert [one.code for one in every[18:22]] == ["A-01-19", "A-01-20", "A-02-20", "A-02-19"]
        assert every[-1].zone == "C"
        assert {one.zone for one in every if one.aisle == "06"} == {"B"}

    def test_every_article_of_the_sample_lies_in_one_bin_and_no_bin_holds_many(self) -> None:
        wares = sample_wares()
        planned = lay_out(wares)
        assert [one for one, _ in planned] == bins()
        lying = [ware for _, some in planned for ware in some]
        assert lying == sorted(wares, key=lambda ware: ware.sku)
        assert {len(some) for _, some in planned} == {4, 5}
        assert planned == lay_out(wares[::-1])

    def test_fewer_articles_than_bins_leave_some_empty(self) -> None:
        planned = lay_out(WARES)
        assert sum(len(some) for _, some in planned) == len(WARES)
        assert {len(some) for _, some in planned} == {0, 1}


class TestSample:
    def test_it_is_an_unchanged_excerpt_with_its_dirt(self) -> None:
        lines = sample().content.split(b"\r\n")
        assert lines[-1] == b""
        rows = [next(csv.reader([line.decode("cp1252")])) for line in lines[1:-1]]
        assert len(rows) == 2_760
        assert len({row[0] for row in rows}) == 120
        assert any(row[0].startswith("C") and int(row[3]) < 0 for row in rows)
        assert any(not row[2].strip() for row in rows)
        assert any(row[1] == "POST" for row in rows)
        assert any("£" in row[2] for row in rows)
        assert len({(row[0], row[1]) for row in rows}) < len(rows)
        if DATA_FILE.exists():
            assert set(lines) <= set(DATA_FILE.read_bytes().split(b"\r\n"))

    def test_its_articles_are_goods_and_not_postage(self) -> None:
        wares = sample_wares()
        assert wares[0] == Ware("22386", "JUMBO BAG PINK POLKADOT")
        assert len({ware.sku for ware in wares}) == len(wares) > 1_000
        assert not {"POST", "DOT", "M", "AMAZONFEE"} & {ware.sku for ware in wares}

    def test_its_source_is_named_beside_it(self) -> None:
        import magacin.demo

        readme = Path(magacin.demo.__file__).with_name("sample_orders.README").read_text()
        assert "10.24432/C5BW33" in readme
        assert "CC BY 4.0" in readme


class TestFollowUps:
    def test_numbers_never_repeat_and_say_what_they_are(self) -> None:
        make = FollowUps(Random(1)).make
        numbers = [{row[0] for row in rows_of(make(WARES, 6))[1:]} for _ in range(4)]
        assert len(set().union(*numbers)) == sum(len(each) for each in numbers)
        assert all(number.startswith(PREFIX) for each in numbers for number in each)

    def test_they_have_both_formats_and_bad_rows_now_and_then(self) -> None:
        follow_ups = FollowUps(Random(1))
        files = [follow_ups.make(WARES, 6) for _ in range(6)]
        assert [zipfile.is_zipfile(io.BytesIO(file.content)) for file in files] == [False, True] * 3
        bad = [any(row[3] == "a few" for row in rows_of(file)) for file in files]
        assert bad == [True, False, False] * 2
        for file in files:
            header, *rows = rows_of(file)
            assert tuple(header) == COLUMNS
            assert {row[5] for row in rows} == {DESTINATION}


class TestBounds:
    def test_no_hour_has_more_requisitions_than_allowed(self) -> None:
        budget = Budget(10)
        assert [budget.take(6, now) for now in (0.0, 1.0, 2.0, 3599.0)] == [6, 4, 0, 0]
        assert [budget.take(6, now) for now in (3600.0, 3601.0, 3602.0)] == [6, 4, 0]

    async def test_the_pace_is_that_of_all_together(self) -> None:
        pace = Pace(1000, Random(1))
        turns: list[float] = []

        async def scan() -> None:
            for _ in range(20):
                await pace.turn()
                turns.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(scan() for _ in range(5)))
        assert (
            turns[-1] - turns[0] >= 0.05
        )  # a hundred turns of half a millisecond at the very least: never sooner


class TestTokens:
    def test_those_who_logged_in_together_renew_apart_and_in_time(self) -> None:
        random = Random(1)
        moments = sorted(renew_after(900, random) for _ in range(1000))
        assert 450 <= moments[0] < 460
        assert 710 < moments[-1] <= 720


class TestUsers:
    def test_passwords_are_generated_once_and_for_the_owner_only(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets" / "demo-users.json"
        assert read_demo_users(path) == []
        users = ensure_demo_users(path)
        assert read_demo_users(path) == users == ensure_demo_users(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len({user.password for user in users}) == len(users)
        assert min(len(user.password) for user in users) >= 20
        assert {user.role for user in users} == {Role.WORKER, Role.SUPERVISOR, Role.MANAGER}
        assert list(path.parent.iterdir()) == [path]

    def test_one_who_is_missing_gets_a_password_and_the_others_keep_theirs(self, tmp_path: Path) -> None:
        path = tmp_path / "users.json"
        first = ensure_demo_users(path)
        path.write_text(path.read_text().replace('"ana"', '"anna"'))
        again = {user.username: user.password for user in ensure_demo_users(path)}
        assert {u.username: u.password for u in first if u.username != "ana"}.items() <= again.items()
        assert "ana" in again

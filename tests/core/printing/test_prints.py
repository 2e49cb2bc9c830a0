"""Prints: what was printed is read again, as a scanner would."""

from __future__ import annotations

import subprocess
import sys

import pytest

from magacin.contracts.badges import BADGE_ALPHABET, BADGE_LENGTH, BADGE_PREFIX, badge_in
from magacin.core.languages import LanguageTag
from magacin.core.printing.__main__ import drawn
from magacin.core.printing.canvas import REGULAR, CannotPrint, width_of, wrapped
from magacin.core.printing.jobs import (
    BADGE_SHEETS,
    LABEL_SHEETS,
    BadgeSheet,
    BadgesJob,
    Card,
    Label,
    LabelSheet,
    LabelsJob,
    ListLine,
    ListTask,
    PickListsJob,
    Symbols,
)
from magacin.core.printing.press import Unprintable, print_pdf
from magacin.core.printing.words import WORDS
from tests.core.printing.reading import BARS, SQUARE, pages

SHEETS = sorted(LABEL_SHEETS)
SECRET = BADGE_PREFIX + (BADGE_ALPHABET * 2)[5 : 5 + BADGE_LENGTH]
LONG_NAME = "Хладњача за смрзнуто воће и поврће са веома дугачким именом, улаз са задње стране"


def labels(
    *codes: str, sheet: LabelSheet = LabelSheet.A4_3X8, symbols: Symbols = Symbols.BOTH, skip: int = 0
) -> bytes:
    made = [Label(code=code, lines=[LONG_NAME]) for code in codes]
    return drawn(LabelsJob(sheet=LABEL_SHEETS[sheet], symbols=symbols, skip=skip, labels=made))


class TestLabels:
    @pytest.mark.parametrize("sheet", SHEETS)
    @pytest.mark.parametrize(
        ("symbols", "kinds"),
        [(Symbols.CODE_128, {BARS}), (Symbols.DATA_MATRIX, {SQUARE}), (Symbols.BOTH, {BARS, SQUARE})],
    )
    def test_each_is_read_once(self, sheet: LabelSheet, symbols: Symbols, kinds: set[str]) -> None:
        codes = [f"A-{number:02}-03/2" for number in range(30)]
        found = [
            code for page in pages(labels(*codes, sheet=sheet, symbols=symbols)) for code in page.codes()
        ]
        assert sorted(found) == sorted((kind, code) for kind in kinds for code in codes)

    @pytest.mark.parametrize("sheet", SHEETS)
    def test_a_thermal_printer_has_fewer_dots(self, sheet: LabelSheet) -> None:
        [page, *_] = pages(labels("A-12-03", sheet=sheet), dots_per_inch=203)
        assert page.codes() == [(BARS, "A-12-03"), (SQUARE, "A-12-03")]

    def test_pages_are_as_large_as_they_are_called(self) -> None:
        sizes = {sheet: pages(labels("A-1", sheet=sheet), 72)[0].size for sheet in SHEETS}
        assert sizes == {sheet: LABEL_SHEETS[sheet].page for sheet in SHEETS}

    def test_the_code_is_there_for_people(self) -> None:
        assert "A-12-03" in pages(labels("A-12-03"))[0].text

    def test_begins_where_the_sheet_has_labels_left(self) -> None:
        first, second = pages(labels("A-1", "A-2", "A-3", skip=22))
        assert {text for _, text in first.codes()} == {"A-1", "A-2"}
        assert {text for _, text in second.codes()} == {"A-3"}
        height = first.image.height
        assert all(one.position.top_left.y > height * 7 / 8 for one in first.found())

    @pytest.mark.parametrize("sheet", SHEETS)
    def test_no_label_reaches_into_another(self, sheet: LabelSheet) -> None:
        """Nothing is printed within 1.5 mm of where it is cut, and the codes are quiet all around."""
        layout = LABEL_SHEETS[sheet]
        [page] = pages(labels("A-12-03-X", sheet=sheet))
        dots = page.image.width / layout.page[0]
        (x, y), (width, height) = layout.place(0), layout.size
        ink = page.image.point(lambda value: 255 if value < 128 else 0).getbbox()
        assert ink is not None
        left, top, right, bottom = (edge / dots for edge in ink)
        assert left >= x + 1.5
        assert top >= y + 1.5
        assert right <= x + width - 1.5
        assert bottom <= y + height - 1.5

    @pytest.mark.parametrize("sheet", SHEETS)
    def test_bars_stand_apart(self, sheet: LabelSheet) -> None:
        """ISO/IEC 15417 wants ten times the narrowest bar to be white on both sides."""
        [page] = pages(labels("A-12-03-X", sheet=sheet, symbols=Symbols.CODE_128), 600)
        [found] = page.found()
        place = found.position
        row = (place.top_left.y + place.bottom_left.y) // 2
        dark = [x for x in range(page.image.width) if page.image.getpixel((x, row)) < 128]  # type: ignore[operator]
        # A start code begins with a bar of two modules.
        module = next(x for x in range(dark[0], dark[-1]) if x + 1 not in set(dark)) + 1 - dark[0]
        quiet = 10 * module / 2
        size = page.image.width / LABEL_SHEETS[sheet].page[0] * LABEL_SHEETS[sheet].size[0]
        begins = page.image.width / LABEL_SHEETS[sheet].page[0] * LABEL_SHEETS[sheet].place(0)[0]
        assert dark[0] - begins >= quiet
        assert begins + size - dark[-1] >= quiet

    @pytest.mark.parametrize("code", ["Б-12", "Š-1", "A\u00a01", "A\n1"])
    @pytest.mark.parametrize("symbols", Symbols)
    def test_refuses_what_scanners_send_otherwise(self, code: str, symbols: Symbols) -> None:
        with pytest.raises(CannotPrint) as refused:
            labels("A-1", code, symbols=symbols)
        assert refused.value.codes == [code]

    def test_refuses_bars_that_nobody_could_read(self) -> None:
        code = "x" * 32
        with pytest.raises(CannotPrint, match="too long for bars") as refused:
            labels("A-1", code)
        assert refused.value.codes == [code]
        assert pages(labels(code, symbols=Symbols.DATA_MATRIX))[0].codes() == [(SQUARE, code)]
        assert (BARS, code) in pages(labels(code, sheet=LabelSheet.SINGLE_100X50))[0].codes()


class TestBadges:
    @pytest.mark.parametrize("sheet", BadgeSheet)
    @pytest.mark.parametrize("language", LanguageTag)
    def test_is_read_and_does_not_stand_there(self, sheet: BadgeSheet, language: LanguageTag) -> None:
        card = Card(name="a.name.of.thirty-two.letters.all", role="worker", code=SECRET)
        [page] = pages(drawn(BadgesJob(sheet=BADGE_SHEETS[sheet], language=language, cards=[card])))
        assert page.codes() == [(BARS, SECRET), (SQUARE, SECRET)]
        assert [badge_in(text) for _, text in page.codes()] == [SECRET, SECRET]
        assert SECRET[4:] not in page.text
        assert "worker" in page.text

    def test_twelve_are_two_sheets(self) -> None:
        cards = [
            Card(name=f"w{n}", role="worker", code=SECRET[:-2] + f"A{BADGE_ALPHABET[n]}") for n in range(12)
        ]
        job = BadgesJob(sheet=BADGE_SHEETS[BadgeSheet.A4_2X5], language=LanguageTag.ENGLISH, cards=cards)
        first, second = pages(drawn(job))
        assert len(first.codes()) == 20
        assert len(second.codes()) == 4

    def test_a_secret_is_not_shown_by_accident(self) -> None:
        assert SECRET not in repr(Card(name="ana", role="worker", code=SECRET))


def pick_list(*lines: ListLine, language: LanguageTag = LanguageTag.SERBIAN_CYRILLIC) -> bytes:
    task = ListTask(
        task_id=42,
        number="536365",
        destination="Нови Сад",
        workers=["ana"],
        due="2027-03-01 12:00",
        priority=5,
        held=True,
        version=3,
        lines=list(lines),
    )
    return drawn(PickListsJob(language=language, printed="2027-03-01 07:00", tasks=[task, task]))


def line(sku: str = "85123A", **more: object) -> ListLine:
    usual = {"location": "A-12", "zone": "", "description": "", "tote": "", "required": 12, "remaining": 5}
    return ListLine.model_validate(usual | {"sku": sku} | more)


class TestPickLists:
    def test_has_what_is_to_be_picked_and_its_bars(self) -> None:
        first, second = pages(pick_list(line(description=LONG_NAME, tote="T-7"), line("Чај")))
        for expected in ("536365", "#42", "Нови Сад", "ana", "ЗАДРЖАН", "A-12", "85123A", "Чај", "T-7"):
            assert expected in first.text
        assert " ".join(first.text.split()).count("улаз са задње стране") == 1
        assert first.codes() == [(BARS, "85123A")]
        assert second.codes() == first.codes()

    def test_a_long_one_goes_on_and_says_so(self) -> None:
        printed = pages(pick_list(*(line(f"SKU-{n:03}") for n in range(40))))
        assert len(printed) % 2 == 0
        half = len(printed) // 2
        read = [text for page in printed[:half] for _, text in page.codes()]
        assert sorted(read) == [f"SKU-{n:03}" for n in range(40)]
        for number, page in enumerate(printed[:half], 1):
            assert f"Страна {number} од {half}" in page.text

    def test_letters_that_the_font_lacks_are_not_passed_over(self) -> None:
        [first, _] = pages(pick_list(line("漢字-7", description="茶 ЧАЈ")))
        assert "??-7" in first.text
        assert "? ЧАЈ" in first.text

    def test_of_a_task_with_nothing_left_says_so(self) -> None:
        assert WORDS[LanguageTag.ENGLISH]["nothing"] in pages(pick_list(language=LanguageTag.ENGLISH))[0].text


class TestText:
    @pytest.mark.parametrize("width", [5, 12, 30, 80])
    @pytest.mark.parametrize("text", [LONG_NAME, "x" * 200, "", "  а  б  ", "SUPERCALIFRAGILISTIC b"])
    def test_wraps_within_its_room_and_loses_no_letter(self, text: str, width: float) -> None:
        lines = wrapped(text, width, 8)
        assert all(width_of(one, 8, REGULAR) <= width for one in lines)
        assert "".join(lines).replace(" ", "") == "".join(text.split())

    def test_what_is_too_much_ends_in_an_ellipsis(self) -> None:
        lines = wrapped(LONG_NAME, 30, 8, most=2)
        assert len(lines) == 2
        assert lines[1].endswith("…")
        assert width_of(lines[1], 8) <= 30

    def test_all_languages_say_the_same_things(self) -> None:
        assert {frozenset(WORDS[language]) for language in LanguageTag} == {
            frozenset(WORDS[LanguageTag.ENGLISH])
        }


class TestPress:
    async def test_prints_in_a_process_of_its_own(self) -> None:
        job = LabelsJob(
            sheet=LABEL_SHEETS[LabelSheet.A4_3X8],
            symbols=Symbols.BOTH,
            labels=[Label(code="A-1", lines=["Нови"])],
        )
        assert pages(await print_pdf(job))[0].codes() == [(BARS, "A-1"), (SQUARE, "A-1")]

    async def test_says_what_cannot_be_printed(self) -> None:
        sheet = LABEL_SHEETS[LabelSheet.A4_3X8]
        job = LabelsJob(sheet=sheet, symbols=Symbols.BOTH, labels=[Label(code="Ж-1")])
        with pytest.raises(Unprintable) as refused:
            await print_pdf(job)
        assert refused.value.details == {"codes": ["Ж-1"]}

    def test_a_service_does_not_load_what_draws(self) -> None:
        drawing = "{'reportlab', 'pystrich', 'PIL'}"
        program = f"import sys, magacin.core.printing.press; print(sorted({drawing} & {{*sys.modules}}))"
        told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == "[]"

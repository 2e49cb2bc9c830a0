"""The worker's application reads codes and judges operations as the service does."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from biip.checksums import gs1_standard_check_digit
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS as IDENTIFIERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.scans import ScanIn
from magacin.tasks.codes import Code, CodeRules, MeasureRule, gtin14, normalise_barcode, read_code
from magacin.tasks.codes.controls import SEPARATORS
from magacin.tasks.codes.elements import _known
from magacin.tasks.picking.exceptions import Exceptions, lower, upper
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.state import Article, LineState
from tests.tasks.test_scan_rules import RULES
from tests.tasks.twins import Twin

MASKS = ("21IIIIIWW.WWWC", "22IIIIIPPP.PPC", "25IIIIINNNNNC", "02IIIIVPP.PPPC")
SITE = {"separators": list(SEPARATORS), "variable_measure_eans": list(MASKS)}
CODE_RULES = CodeRules(measures=tuple(map(MeasureRule.parse, MASKS)))
ANA = Identity("ana", Role.WORKER)
_many = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with Twin() as running:
        yield running


# Numbers of articles and GTINs, few enough that they meet: EAN-13, UPC-A that UPC-E is short for, GTIN-8 that
# could be a UPC-E, EANs with a measure, packs.
_PAYLOADS = (
    "501234567890", "1501234567890", "01234500006", "04252000006", "0425264", "0123456", "211234501234",
    "211234500000", "221234501299", "251234500004", "251234500000", "021234012345", "9501234567890",
    "40063813339", "00000004252", "12345000001", "10000000005",
)  # fmt: skip
GTINS = tuple(f"{payload}{gs1_standard_check_digit(payload)}" for payload in _PAYLOADS)
NAMES = ("AB-1", "ab-1", "aB-1", "A#7~B", "12345", "1234", "123456", "425264", "Škare", "š1", "BOX_1")

gtins = st.sampled_from(GTINS)
names = st.sampled_from(NAMES)
add_ons = st.sampled_from(["05", "00", "51299", "00000", "12"])


def _form(digits: str, length: int) -> str:
    significant = digits.lstrip("0")
    return significant.zfill(max(length, len(significant)))


forms = st.builds(_form, gtins, st.integers(6, 20))
_UPC_E = ("01234565", "0123456", "123456", "1234565", "04252614", "0425261", "425261", "11234562", "4252614")
digits = forms | st.sampled_from(_UPC_E) | names
full = st.builds(_form, gtins, st.just(14))
# What is behind a GTIN in a label, with what may separate it.
tails = st.sampled_from(
    [
        "",
        "10LOT",
        "10LOT#375",
        "10LOT~3705",
        "#375",
        "3705",
        "(37)5",
        "(8010)AB",
        "8010ab",
        "17261301",
        "21S9<GS>302",
    ]
)
labels = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "10L#", "~"]),
    st.sampled_from(["01", "02", "(01)", "(02)"]),
    full,
    tails,
)
links = st.builds(
    "{}{}{}".format,
    st.sampled_from(["https://e.com/01/", "HTTPS://E.com/gtin/", "id.gs1.org/01/", "https://e.com/a/02/"]),
    full | forms,
    st.sampled_from(["", "/10/A%2f1", "?30=5", "?310x=5&37=2", "/21/s?exp=270131"]),
)
messages = st.builds(
    "[)>{{RS}}06{{GS}}{}{}{{GS}}Q5{}{{RS}}{{EOT}}".format,
    st.sampled_from(["P", "1P", "8P", "30p"]),
    digits,
    st.sampled_from(["", "{GS}1TL"]),
)
grouped = st.builds(
    lambda text, sign: f"{text[:1]}{sign}{text[1:7]}{sign}{text[7:]}", forms, st.sampled_from(["-", " "])
)
with_add_on = st.builds("{}{}".format, digits, add_ons)
apart = st.builds("{}]E1{}".format, digits, add_ons)
plain = digits | labels | links | messages | grouped | with_add_on | apart
_FRAMES = ("*{}*", "<STX>{}<ETX>", "[stx]{}", "{}{{CR}}", "**{}**")
framed = st.builds(str.format, st.sampled_from(_FRAMES), plain)
written = plain | framed
# As catalogues take them.
codes_kept = written.filter(lambda code: len(code) <= 48)


@st.composite
def scanned(draw: st.DrawFn, known: Sequence[str] = NAMES) -> str:
    """Draw what a scanner sends: one of the codes that are known, or another, as it may come."""
    code = draw(st.sampled_from(known) | written | written)
    if draw(st.integers(0, 3)) == 0:
        code = draw(st.sampled_from([code.upper(), code.lower(), code.swapcase()]))
    if draw(st.integers(0, 3)) == 0:
        code = draw(st.sampled_from(_FRAMES)).format(code)
    if draw(st.integers(0, 4)) == 0:
        code = (
            code.replace("{GS}", "\x1d").replace("{RS}", "\x1e").replace("{EOT}", "\x04").replace("#", "\x1d")
        )
    around = st.sampled_from(
        ["", "", "", "]C1", "]d2", "]E3", "]e3", "]E0", "]X1", "\x02", "~", "<GS>]C1", "\x1d"]
    )
    return draw(around) + code + draw(st.sampled_from(["", "", "\r\n", "\x03", "\t", code, "\r\nAB-1"]))


def _as_told(code: Code) -> dict[str, Any]:
    label = {
        name: Decimal(value) if name in {"weight", "price"} else value
        for name, value in ((code.label and code.label.told()) or {}).items()
    }
    return {
        "literal": code.literal,
        "gtin": code.gtin,
        "count": code.count,
        "countFrom": code.count_from,
        "primary": code.primary,
        "others": list(code.others),
        "isVariable": code.is_variable,
        "isSeveral": code.is_several,
        "rivals": list(code.rivals),
        "isEither": code.is_either,
        "label": label,
    }


def _told(code: dict[str, Any]) -> dict[str, Any]:
    label = code["label"] or {}
    numbers = {name: Decimal(label[name]) for name in ("weight", "price") if name in label}
    return code | {"label": label | numbers}


def _same_readings(twin: Twin, codes: Sequence[str]) -> None:
    found = list(map(_told, twin.read(codes, SITE)))
    assert found == [_as_told(read_code(code, CODE_RULES)) for code in codes]


class TestReading:
    """A code has the same readings here and there."""

    def test_of_the_table(self, twin: Twin) -> None:
        _same_readings(twin, [case["code"] for case in RULES["cases"]])

    @_many
    @given(codes=st.lists(scanned(), min_size=10, max_size=30))
    def test_of_every_family(self, twin: Twin, codes: list[str]) -> None:
        _same_readings(twin, codes)

    @_many
    @given(
        codes=st.lists(
            st.lists(
                st.text(max_size=3)
                | st.sampled_from("\x1d\x1e\x04\x02\x03\r /?&=%~^#()*ſKıİ٣²\u200b\u2003\x85\x1c🧦")
                | st.sampled_from(
                    ["[)>", "06", "05", "https://", "e.com", "]C1", "]E3", "<GS>", "01", "(01)", "%C3%28"]
                )
                | full
                | digits
                | st.sampled_from(
                    ["17", "37", "30", "10", "P", "1P", "Q5", "14D20270229", "310", "3103", "320", "392"]
                ),
                max_size=10,
            ).map("".join),
            min_size=10,
            max_size=30,
        )
    )
    def test_of_whatever_is_put_together(self, twin: Twin, codes: list[str]) -> None:
        _same_readings(twin, codes)

    @_many
    @given(data=st.data())
    def test_of_every_identifier(self, twin: Twin, data: st.DataObject) -> None:
        elements = st.builds(
            "{}{}{}".format,
            st.sampled_from(sorted(IDENTIFIERS)),
            st.from_regex(r"\A[0-9]{0,9}[!-z]{0,6}\Z") | st.from_regex(r"\A[0-9]{2,20}\Z"),
            st.sampled_from(["", "\x1d", "#"]),
        )
        codes = data.draw(st.lists(st.builds("]C101{}{}{}".format, full, elements, elements), min_size=9))
        _same_readings(twin, codes)

    def test_the_tables_of_identifiers_are_one(self, twin: Twin) -> None:
        heads = [f"{number:0{length}}" for length in (2, 3, 4) for number in range(10**length)]
        for head, found in zip(heads, twin.identify(heads), strict=True):
            known = _known(head)
            assert (found and (found["identifier"], found["isOpen"])) == (known and (known[0], known[2])), (
                head
            )
        for identifier, found in zip(IDENTIFIERS, twin.identify([*IDENTIFIERS]), strict=True):
            known = _known(identifier)
            assert found
            assert known
            theirs = re.compile(identifier + found["value"].removeprefix("^").replace(r"\p{Nd}", r"\d"))
            # How far each of them goes.
            for text in (identifier + value for value in _values(identifier)):
                one, other = theirs.match(text), known[1].match(text)
                assert (one and one.end()) == (other and other.end()), text


def _values(identifier: str) -> list[str]:
    """Return values of every length, of digits, letters and signs."""
    signs = ["0", "1", "9", "A", "z", "%", "/", "-", '"', "_", " ", "#", "~", "%41%42"]
    dates = ["200101", "20270131", "2701312359", "202701312359", "1/2", "999999"]
    return [*dates, *(sign * length for sign in signs for length in range(95))] + [
        f"{'1' * length}{'A' * more}" for length in (1, 2, 3, 13, 14) for more in (1, 3, 9, 16, 17, 27, 28)
    ]


@dataclass
class Catalogue:
    """Articles as the service has them, and how it finds them: the query of tasks/scans/repository.py."""

    skus: dict[str, int] = field(default_factory=dict)
    barcodes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Code → article, pieces."""

    def find(self, code: Code) -> tuple[int, int, bool] | None:
        """Return (article, pieces, literally)."""
        if self.doubts(code, self.barcodes):
            return None
        if found := self._exactly(code.literal):
            return *found, True
        if code.gtin in self.barcodes:
            return *self.barcodes[code.gtin], False
        for other in code.others:
            if found := self._exactly(other):
                return *found, False
        near = [
            (place, owned)
            for place, form in enumerate((code.literal, *code.others))
            for key, owned in self._all()
            if lower(key) == lower(form) and lower(key) != upper(key)
        ]
        if len({owned for _, owned in near}) != 1:
            return None
        return *near[0][1], min(place for place, _ in near) == 0

    @staticmethod
    def doubts(code: Code, barcodes: Iterable[str]) -> bool:
        """Tell whether as many rivals of a code are known as make it mean nothing."""
        known = frozenset(barcodes)
        rivals, enough = (code.others, 2) if code.is_either else (code.rivals, 1)
        return sum(rival in known for rival in rivals) >= enough

    def _exactly(self, form: str) -> tuple[int, int] | None:
        return (self.skus[form], 1) if form in self.skus else self.barcodes.get(form)

    def _all(self) -> Iterator[tuple[str, tuple[int, int]]]:
        yield from ((sku, (article, 1)) for sku, article in self.skus.items())
        yield from self.barcodes.items()

    def codes(self, articles: Iterable[int]) -> tuple[set[str], set[str]]:
        """Return the SKUs and barcodes of articles."""
        wanted = set(articles)
        skus = {sku for sku, article in self.skus.items() if article in wanted}
        return skus, {code for code, (article, _) in self.barcodes.items() if article in wanted}

    def exceptions(self, held: set[int]) -> dict[str, list[str]]:
        """Return what a device that holds these articles is told of the others."""
        exceptions = Exceptions(*self.codes(held), CODE_RULES)
        others = self.codes({*self.skus.values()} - held)
        for code in itertools.chain(*others):
            assert exceptions.may_have(code) or not exceptions.has(code), "the query would leave it out"
        skus, barcodes = ([code for code in sorted(kind) if exceptions.has(code)] for kind in others)
        return {"skus": skus, "barcodes": barcodes}

    def articles(self, held: set[int]) -> list[dict[str, Any]]:
        """Return articles as a device holds them."""
        names = {article: sku for sku, article in self.skus.items()}
        return [
            {
                "sku": names[article],
                "description": "",
                "codes": [
                    {"code": code, "pieces": pieces, "level": "each"}
                    for code, (owner, pieces) in self.barcodes.items()
                    if owner == article
                ],
            }
            for article in sorted(held)
        ]


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Draw articles whose codes come into each other's way."""
    found = Catalogue()
    skus = draw(st.lists(codes_kept, min_size=3, max_size=10, unique=True))
    found.skus = {sku: article for article, sku in enumerate(skus, start=1)}
    for code in draw(st.lists(codes_kept.map(normalise_barcode), max_size=16, unique=True)):
        article = draw(st.integers(1, len(skus)))
        found.barcodes[code] = (article, draw(st.sampled_from([1, 1, 6])))
    return found


def _snapshot(
    catalogue: Catalogue, held: set[int], lines: Sequence[LineState], **task: Any
) -> dict[str, Any]:
    return {
        "taken_at": datetime.now(UTC).isoformat(),
        "worker": ANA.username,
        "settings": SITE | {"undo_seconds": 900},
        "tasks": [
            {
                "task_id": 1,
                "status": "assigned",
                "version": 1,
                "workers": ["ana"],
                "completed_at": None,
                "required": sum(line.required for line in lines),
                "picked": sum(line.picked for line in lines),
                "short": sum(line.short for line in lines),
                "lines": [
                    {
                        "line_id": line.line_id,
                        "sku": line.article.sku,
                        "required": line.required,
                        "picked": line.picked,
                        "short": line.short,
                    }
                    for line in lines
                ],
            }
            | task
        ],
        "articles": catalogue.articles(held),
        "exceptions": catalogue.exceptions(held),
    }


def _lines(catalogue: Catalogue, held: set[int]) -> list[LineState]:
    names = {article: sku for sku, article in catalogue.skus.items()}
    return [LineState(article, 1, Article(article, names[article]), 10**9, 0, 0) for article in sorted(held)]


def _scan(number: int, code: str, **more: Any) -> dict[str, Any]:
    return {"operation_id": str(UUID(int=number)), "task_id": 1, "code": code, "quantity": 1} | more


def _has_several_parts(code: Code) -> bool:
    """Tell whether a message has several part numbers, of which only the first is sure on a device."""
    parts = [other for other in code.others if "[)>" not in other]
    return "[)>" in code.literal and len(parts) > 1 and not (len(parts) == 2 and gtin14(parts[0]) == parts[1])


def _sendable(code: str) -> bool:
    return 0 < len(code.strip()) <= 512 and "\x00" not in code


class TestFinding:
    """A code counts on a device exactly where it counts here, for the same pieces of the same article."""

    @settings(max_examples=150, suppress_health_check=[*HealthCheck])
    @given(data=st.data())
    def test_with_other_articles_codes(self, twin: Twin, data: st.DataObject) -> None:
        self._check(twin, data)

    @pytest.mark.long
    @settings(max_examples=10_000, suppress_health_check=[*HealthCheck])
    @given(data=st.data())
    def test_with_many_more(self, twin: Twin, data: st.DataObject) -> None:
        self._check(twin, data)

    def _check(self, twin: Twin, data: st.DataObject) -> None:
        catalogue = data.draw(catalogues())
        held = data.draw(st.sets(st.integers(1, len(catalogue.skus)), min_size=1))
        known = [*catalogue.skus, *catalogue.barcodes]
        codes = data.draw(st.lists(scanned(known).filter(_sendable), min_size=20, max_size=60))
        lines = _lines(catalogue, held)
        sent = [_scan(number, code) for number, code in enumerate(codes)]
        snapshot = _snapshot(catalogue, held, lines)
        told = twin.judge(snapshot, [{"kind": "scan", "at": 0, **one} for one in sent])
        names = {article: sku for sku, article in catalogue.skus.items()}
        on_it = {*catalogue.codes(held)[1], *snapshot["exceptions"]["barcodes"]}
        for one, answer in zip(sent, told["answers"], strict=True):
            scan = Scan.of(ScanIn.model_validate(one), ANA, CODE_RULES)
            found = catalogue.find(scan.code)
            counted = None
            if found and found[0] in held:
                counted = (names[found[0]], scan.quantity(Article(found[0], "", *found[1:])))
            on_device = (answer["sku"], answer["quantity"]) if answer["accepted"] else None
            if _has_several_parts(scan.code) and on_device is None:
                continue
            if scan.code.rivals and catalogue.doubts(scan.code, on_it) != catalogue.doubts(
                scan.code, catalogue.barcodes
            ):
                continue
            assert on_device == counted, (one["code"], scan.code, found)
            if counted is None:
                assert answer["outcome"] in {"not_in_task", "several_codes"}
                assert answer["outcome"] == "not_in_task" or scan.code.is_several or scan.code.rivals

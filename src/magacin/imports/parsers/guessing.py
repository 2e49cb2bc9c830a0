"""Which code page a text without a mark is in: judged by what each of them would make of it.

A list of goods has few words beyond ASCII, too few for statistics alone. So each code page that can decode
the text is judged by what comes out: words that mix scripts, or that have signs and capitals in their middle,
were decoded wrongly, and so were letters that no one language has together. Names of columns that are known
decide. What is still open goes by the frequencies of chardet, and where two readings stay close, a person is
asked.
"""

from __future__ import annotations

import codecs
import itertools
import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from magacin.imports.parsers.alphabets import (
    ALPHABETS,
    COMMONEST,
    EAST_ASIAN,
    NEVER_FIRST,
    OURS,
    SIGNS,
    SINGLE,
    is_consonant,
    script,
)


class Page(NamedTuple):
    """A code page: what people know it by, what was written in it, and how much likelier it is than others
    that read the same text as well. Files come from Windows first of all, and hardly from a Macintosh of the
    last century."""

    name: str
    group: str
    prior: float


# By Python's name.
PAGES: dict[str, Page] = {
    "cp1250": Page("Windows-1250 (Central European)", "Central European", 0.02),
    "cp1251": Page("Windows-1251 (Cyrillic)", "Cyrillic", 0.02),
    "cp1252": Page("Windows-1252 (Western European)", "Western European", 0.03),
    "cp1253": Page("Windows-1253 (Greek)", "Greek", 0.02),
    "cp1254": Page("Windows-1254 (Turkish)", "Turkish", 0.02),
    "cp1255": Page("Windows-1255 (Hebrew)", "Hebrew", 0.02),
    "cp1256": Page("Windows-1256 (Arabic)", "Arabic", 0.02),
    "cp1257": Page("Windows-1257 (Baltic)", "Baltic", -0.02),
    "cp874": Page("Windows-874 (Thai)", "Thai", 0.0),
    "iso8859-2": Page("ISO 8859-2 (Central European)", "Central European", 0.01),
    "iso8859-5": Page("ISO 8859-5 (Cyrillic)", "Cyrillic", 0.0),
    "iso8859-6": Page("ISO 8859-6 (Arabic)", "Arabic", 0.0),
    "iso8859-7": Page("ISO 8859-7 (Greek)", "Greek", 0.01),
    "iso8859-8": Page("ISO 8859-8 (Hebrew)", "Hebrew", 0.0),
    "iso8859-9": Page("ISO 8859-9 (Turkish)", "Turkish", 0.01),
    "iso8859-13": Page("ISO 8859-13 (Baltic)", "Baltic", -0.01),
    "iso8859-15": Page("ISO 8859-15 (Western European)", "Western European", 0.01),
    "cp437": Page("DOS 437", "Western European", 0.0),
    "cp737": Page("DOS 737 (Greek)", "Greek", 0.0),
    "cp775": Page("DOS 775 (Baltic)", "Baltic", -0.04),
    "cp850": Page("DOS 850 (Western European)", "Western European", 0.01),
    "cp852": Page("DOS 852 (Central European)", "Central European", 0.01),
    "cp855": Page("DOS 855 (Cyrillic)", "Cyrillic", 0.0),
    "cp857": Page("DOS 857 (Turkish)", "Turkish", -0.04),
    "cp862": Page("DOS 862 (Hebrew)", "Hebrew", -0.02),
    "cp865": Page("DOS 865 (Nordic)", "Western European", -0.02),
    "cp866": Page("DOS 866 (Cyrillic)", "Cyrillic", 0.01),
    "koi8-r": Page("KOI8-R (Russian)", "Cyrillic", 0.0),
    "koi8-u": Page("KOI8-U (Ukrainian)", "Cyrillic", 0.0),
    "mac-roman": Page("Mac Roman", "Western European", -0.02),
    "mac-latin2": Page("Mac Central European", "Central European", -0.02),
    "mac-cyrillic": Page("Mac Cyrillic", "Cyrillic", 0.0),
    "mac-greek": Page("Mac Greek", "Greek", -0.03),
    "mac-turkish": Page("Mac Turkish", "Turkish", -0.03),
    "cp932": Page("Shift-JIS (Japanese)", "East Asian", 0.0),
    "euc_jp": Page("EUC-JP (Japanese)", "East Asian", 0.0),
    "gb18030": Page("GB 18030 (simplified Chinese)", "East Asian", 0.0),
    "cp950": Page("Big5 (traditional Chinese)", "East Asian", 0.0),
    "cp949": Page("EUC-KR (Korean)", "East Asian", 0.0),
}
# What chardet calls some of them, of which it knows a larger form.
_AS_CHARDET_SAYS = {"cp950": "big5hkscs", "euc_jp": "euc_jis_2004"}
_LANGUAGES = {
    "cp932": "Japanese",
    "euc_jp": "Japanese",
    "gb18030": "Chinese, simplified",
    "cp950": "Chinese, traditional",
    "cp949": "Korean",
}
_ONLY_IN = {"HIRAGANA": ("cp932", "euc_jp"), "KATAKANA": ("cp932", "euc_jp"), "HANGUL": ("cp949",)}

# A word beyond ASCII: what stands between blanks, digits and the marks of a table, with such a letter in it.
_BETWEEN = r"\s\d;,|\"'()/\\.:_+*=<>\[\]{}-"
_WORD = re.compile(rf"[^{_BETWEEN}]*[^\x00-\x7f{_BETWEEN}][^{_BETWEEN}]*")
_FIELDS = re.compile(rb"[^;,\t\r\n\"0-9 ]+")
_CELLS_OF_TEXT = re.compile(r"[;,\t|\"\r\n]+")
# r and l make syllables without a vowel in half of Europe.
_SYLLABIC = frozenset("rl")
_CELLS = re.compile(r"[;,\t|\"\r]+")
# Controls of ISO 8859 that nothing writes, digits of other scripts, and blanks that hold letters together.
_NOT_TYPED = re.compile(r"[\x80-\x9f]|(?![0-9])\d|(?<=[^\W\d_])\xa0(?=[^\W\d_])")
# How far the best reading has to be ahead of the next for nobody to be asked: further, where all there is to
# judge by is one letter, or characters of which the next encoding makes as many others.
_CLEAR, _CLEAR_OF_ONE, _CLEAR_EAST_ASIAN = 0.05, 0.08, 0.15
_FAULTS, _ALPHABET, _FREQUENCY, _HEADER, _OURS = 3.0, 6.0, 3.0, 2.0, 0.04
_RARE, _SPEAKABLE, _SMALL, _UNCOMMON = 0.03, 0.4, 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """What one code page makes of a text, and how plausible that is: comparable with other readings of it."""

    codec: str
    text: str
    score: float

    def words(self) -> list[str]:
        """Return some words that show what reading it so would mean."""
        return list(dict.fromkeys(_WORD.findall(self.text)))[:3]


def readings(sample: bytes, header_words: Container[str]) -> list[Reading]:
    """Return what the code pages make of `sample`, the most plausible first, each text once.

    `header_words` are names of columns in small letters, as `recognise` knows them.
    """
    frequencies = _frequencies(sample)
    best: dict[str, Reading] = {}
    for codec, page in PAGES.items():
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        score = page.prior + _FREQUENCY * frequencies.get(codec, 0.0) + _plausible(codec, text, header_words)
        if text not in best or best[text].score < score:
            best[text] = Reading(codec, text, score)
    return sorted(best.values(), key=lambda reading: reading.score, reverse=True)


def close(found: Sequence[Reading]) -> Sequence[Reading]:
    """Return the readings between which only a person can choose; the first alone where that one is clear."""
    if not found:
        return found
    letters = [letter for letter in found[0].text if not letter.isascii() and letter.isalpha()]
    clear = _CLEAR_OF_ONE if len(letters) == 1 else _CLEAR
    if any(script(letter) in EAST_ASIAN for letter in letters[:1]):
        clear = _CLEAR_EAST_ASIAN
    return [reading for reading in found[:3] if found[0].score - reading.score < clear]


def _frequencies(sample: bytes) -> dict[str, float]:
    import chardet  # its models are 1 MB that a process without such files does without

    found: dict[str, float] = {}
    # Without the header's English and the codes, which all code pages read alike and would water it down.
    sample = b" ".join(field for field in _FIELDS.findall(sample) if not field.isascii())
    known = {codec: _AS_CHARDET_SAYS.get(codec, codec) for codec in PAGES}
    for result in chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=known.values(), compat_names=False
    ):
        name = codecs.lookup(result["encoding"] or "ascii").name
        found[name] = max(found.get(name, 0.0), result["confidence"])
    return {codec: found.get(codecs.lookup(name).name, 0.0) for codec, name in known.items()}


def _plausible(codec: str, text: str, header_words: Container[str]) -> float:
    words = _WORD.findall(text)
    letters = [c for word in words for c in word if not c.isascii() and c.isalpha()]
    faults = (sum(map(_faults, words)) + 3 * len(_NOT_TYPED.findall(text))) / max(len(words), 1)
    scripts = {script(letter) for letter in letters}
    foreign = any(codec not in pages for name, pages in _ONLY_IN.items() if name in scripts)
    # Korean of today has no Chinese characters in it, and Chinese nothing of Korean.
    foreign |= {"HANGUL", "CJK"} <= scripts
    header = next((line for line in text.splitlines() if line.strip()), "")
    body = text.partition(header)[2]
    known = any(not name.isascii() and name in header_words for name in _names(header))
    return (
        _ALPHABET * (_in_one_alphabet(letters, PAGES[codec].group) - 1)
        - _SPEAKABLE * sum(map(_unspeakable, words)) / max(len(words), 1)
        - _SMALL * _begun_small(body)
        - _UNCOMMON * _uncommon(codec, letters)
        - _FAULTS * (min(faults, 2.0) + foreign)
        + _HEADER * known
        + _OURS * (letters != [] and OURS.issuperset(letters))
    )


def _names(header: str) -> Iterator[str]:
    return (cell.strip().casefold() for cell in _CELLS.split(header))


@lru_cache(maxsize=1 << 12)
def _faults(word: str) -> float:
    """Count what shows that a word was decoded wrongly."""
    scripts = {script(c) for c in word if c.isalpha()} - {""}
    faults = float(len(scripts) > 1 and not scripts <= EAST_ASIAN)
    for character in word:
        kind = unicodedata.category(character)
        if kind in {"Cc", "Cn", "Co"}:
            faults += 3
        elif not character.isascii() and not character.isalpha() and not _belongs(character, kind, scripts):
            faults += 1.0 if character not in SIGNS else 0.5 if len(word) > 1 else 0.0
    letters = [c for c in word if c.isalpha()]
    if len(letters) == 1 and not scripts <= EAST_ASIAN:
        faults += word.casefold() not in SINGLE
    faults += any(a.islower() and b.isupper() for a, b in itertools.pairwise(letters))
    # SŤmpistol: a capital too many, and not one that anybody typed.
    faults += len(letters) > 2 and letters[1].isupper() and not letters[1].isascii() and letters[2].islower()
    return faults + (letters[:1] != [] and letters[0] in NEVER_FIRST)


def _belongs(character: str, kind: str, scripts: Container[str]) -> bool:
    # Vowels of Thai and Arabic are marks on other letters, and on none of Latin's.
    return (kind == "Mn" and "LATIN" not in scripts) or script(character) in EAST_ASIAN


def _in_one_alphabet(letters: Sequence[str], group: str) -> float:
    """Return which share of the letters the language has that has most of them, of those written so."""
    if not letters:
        return 1.0
    if group == "East Asian":
        return sum(script(letter) in EAST_ASIAN for letter in letters) / len(letters)
    return max(
        sum((letter in alphabet.letters) - _RARE * (letter in alphabet.rare) for letter in letters)
        for alphabet in ALPHABETS[group]
    ) / len(letters)


@lru_cache(maxsize=1 << 12)
def _unspeakable(word: str) -> bool:
    """Tell whether a word of Latin script has a letter beyond ASCII where only a vowel can stand: Kčhl."""
    return any(
        not letter.isascii()
        and (i == 1 or before.casefold() not in _SYLLABIC)
        and all(c.isalpha() and script(c) == "LATIN" and is_consonant(c) for c in (before, letter, behind))
        for i, (before, letter, behind) in enumerate(zip(word, word[1:], word[2:], strict=False), start=1)
    )


def _begun_small(text: str) -> float:
    """Return which share of the cells with a first letter beyond ASCII begin with a small one, where those
    with one of ASCII's do not."""
    firsts = [cell[0] for cell in map(str.strip, _CELLS_OF_TEXT.split(text)) if cell and cell[0].isalpha()]
    ascii_firsts = [first for first in firsts if first.isascii()]
    others = [first for first in firsts if not first.isascii()]
    if not others or sum(map(str.isupper, ascii_firsts)) < len(ascii_firsts) * 0.6:
        return 0.0
    return sum(first.islower() for first in others) / len(others)


def _uncommon(codec: str, letters: Sequence[str]) -> float:
    """Return which share of the characters of an East Asian text are not among those that any text has."""
    if codec not in _LANGUAGES:
        return 0.0
    common = COMMONEST[_LANGUAGES[codec]]
    many = [letter for letter in letters if script(letter) in {"CJK", "HANGUL"}]
    return sum(letter not in common for letter in many) / max(len(letters), 1)

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

from magacin.imports.parsers.alphabets import ALPHABETS, EAST_ASIAN, NEVER_FIRST, OURS, SIGNS, SINGLE, script

# Python's name → what people know it by, and how much likelier it is than others that read the same text as
# well: files come from Windows first of all, and hardly from a Macintosh of the last century.
PAGES: dict[str, tuple[str, float]] = {
    "cp1250": ("Windows-1250 (Central European)", 0.02),
    "cp1251": ("Windows-1251 (Cyrillic)", 0.02),
    "cp1252": ("Windows-1252 (Western European)", 0.03),
    "cp1253": ("Windows-1253 (Greek)", 0.02),
    "cp1254": ("Windows-1254 (Turkish)", 0.02),
    "cp1255": ("Windows-1255 (Hebrew)", 0.02),
    "cp1257": ("Windows-1257 (Baltic)", 0.0),
    "iso8859-2": ("ISO 8859-2 (Central European)", 0.01),
    "iso8859-5": ("ISO 8859-5 (Cyrillic)", 0.0),
    "iso8859-7": ("ISO 8859-7 (Greek)", 0.01),
    "iso8859-9": ("ISO 8859-9 (Turkish)", 0.01),
    "iso8859-15": ("ISO 8859-15 (Western European)", 0.01),
    "cp437": ("DOS 437", 0.0),
    "cp737": ("DOS 737 (Greek)", 0.0),
    "cp850": ("DOS 850 (Western European)", 0.01),
    "cp852": ("DOS 852 (Central European)", 0.01),
    "cp855": ("DOS 855 (Cyrillic)", 0.0),
    "cp857": ("DOS 857 (Turkish)", 0.0),
    "cp866": ("DOS 866 (Cyrillic)", 0.01),
    "koi8-r": ("KOI8-R (Russian)", 0.0),
    "koi8-u": ("KOI8-U (Ukrainian)", 0.0),
    "mac-roman": ("Mac Roman", 0.0),
    "mac-latin2": ("Mac Central European", -0.02),
    "mac-cyrillic": ("Mac Cyrillic", 0.0),
    "cp932": ("Shift-JIS (Japanese)", 0.0),
    "euc_jp": ("EUC-JP (Japanese)", 0.0),
    "gb18030": ("GB 18030 (simplified Chinese)", 0.0),
    "big5": ("Big5 (traditional Chinese)", 0.0),
    "cp949": ("EUC-KR (Korean)", 0.0),
}
_ONLY_IN = {"HIRAGANA": ("cp932", "euc_jp"), "KATAKANA": ("cp932", "euc_jp"), "HANGUL": ("cp949",)}

# A word beyond ASCII: what stands between blanks, digits and the marks of a table, with such a letter in it.
_BETWEEN = r"\s\d;,|\"'()/\\.:_+*=<>\[\]{}-"
_WORD = re.compile(rf"[^{_BETWEEN}]*[^\x00-\x7f{_BETWEEN}][^{_BETWEEN}]*")
_FIELDS = re.compile(rb"[^;,\t\r\n\"0-9 ]+")
_CELLS = re.compile(r"[;,\t|\"\r]+")
# How far the best reading has to be ahead of the next for nobody to be asked.
_CLEAR = 0.05
_FAULTS, _ALPHABET, _FREQUENCY, _HEADER, _OURS = 3.0, 6.0, 3.0, 2.0, 0.04


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
    for codec, (_, prior) in PAGES.items():
        try:
            text = sample.decode(codec)
        except UnicodeDecodeError:
            continue
        score = prior + _FREQUENCY * frequencies.get(codec, 0.0) + _plausible(codec, text, header_words)
        if text not in best or best[text].score < score:
            best[text] = Reading(codec, text, score)
    return sorted(best.values(), key=lambda reading: reading.score, reverse=True)


def close(found: Sequence[Reading]) -> Sequence[Reading]:
    """Return the readings between which only a person can choose; the first alone where that one is clear."""
    return [reading for reading in found[:3] if found[0].score - reading.score < _CLEAR]


def _frequencies(sample: bytes) -> dict[str, float]:
    import chardet  # its models are 1 MB that a process without such files does without

    found: dict[str, float] = {}
    # Without the header's English and the codes, which all code pages read alike and would water it down.
    sample = b" ".join(field for field in _FIELDS.findall(sample) if not field.isascii())
    names = [codec.replace("_", "-") for codec in PAGES]
    for result in chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=names, compat_names=False
    ):
        name = codecs.lookup(result["encoding"] or "ascii").name
        found[name] = max(found.get(name, 0.0), result["confidence"])
    return {codec: found.get(codecs.lookup(codec).name, 0.0) for codec in PAGES}


def _plausible(codec: str, text: str, header_words: Container[str]) -> float:
    words = _WORD.findall(text)
    letters = [c for word in words for c in word if not c.isascii() and c.isalpha()]
    faults = sum(_faults(word) for word in words) / max(len(words), 1)
    scripts = {script(letter) for letter in letters}
    foreign = any(codec not in pages for name, pages in _ONLY_IN.items() if name in scripts)
    # Korean of today has no Chinese characters in it, and Chinese nothing of Korean.
    foreign |= {"HANGUL", "CJK"} <= scripts
    header = next((line for line in text.splitlines() if line.strip()), "")
    known = any(not name.isascii() and name in header_words for name in _names(header))
    return (
        _ALPHABET * (_in_one_alphabet(letters) - 1)
        - _FAULTS * (min(faults, 2.0) + foreign)
        + _HEADER * known
        + _OURS * (set(letters) <= OURS)
    )


def _names(header: str) -> Iterator[str]:
    return (cell.strip().casefold() for cell in _CELLS.split(header))


def _faults(word: str) -> float:
    """Count what shows that a word was decoded wrongly."""
    scripts = {script(c) for c in word if c.isalpha()} - {""}
    faults = float(len(scripts) > 1 and not scripts <= EAST_ASIAN)
    for character in word:
        kind = unicodedata.category(character)
        if kind in {"Cc", "Cn", "Co"}:
            faults += 3
        elif not character.isascii() and not character.isalpha() and not _belongs(character, kind):
            faults += 1.0 if character not in SIGNS else 0.5 if len(word) > 1 else 0.0
    letters = [c for c in word if c.isalpha()]
    if len(letters) == 1 and not scripts <= EAST_ASIAN:
        faults += word.casefold() not in SINGLE
    faults += any(a.islower() and b.isupper() for a, b in itertools.pairwise(letters))
    # SŤmpistol: a capital too many, and not one that anybody typed.
    faults += len(letters) > 2 and letters[1].isupper() and not letters[1].isascii() and letters[2].islower()
    return faults + (letters[:1] != [] and letters[0] in NEVER_FIRST)


def _belongs(character: str, kind: str) -> bool:
    return kind == "Mn" or script(character) in EAST_ASIAN


def _in_one_alphabet(letters: Sequence[str]) -> float:
    """Return which share of the letters the language has that has most of them."""
    if not letters:
        return 1.0
    if any(script(letter) in EAST_ASIAN for letter in letters):
        return sum(script(letter) in EAST_ASIAN for letter in letters) / len(letters)
    return max(sum(letter in alphabet for letter in letters) for alphabet in ALPHABETS) / len(letters)

"""Which letters languages write beyond ASCII: what a wrong code page makes of a text is no language's.

Of each language only the letters that ASCII lacks, in small; capitals follow. The source is the main set of
exemplar characters in Unicode's CLDR, less those that only foreign names have.
"""

from __future__ import annotations

import re
import unicodedata

_LETTERS = {
    "Serbian, Croatian": "čćžšđ",
    "Slovene": "čšž",
    "Polish": "ąćęłńóśźż",
    "Hungarian": "áéíóöőúüű",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "German": "äöüß",
    "French": "àâæçéèêëîïôœùûüÿ",
    "Spanish": "áéíñóúüªº",
    "Portuguese": "ãáâàçéêíóôõúªº",
    "Italian": "àèéìíòóùîªº",
    "Dutch": "éëèïöüáíóú",
    "Catalan": "àçéèíïóòúü",
    "Danish, Norwegian": "æøåé",
    "Swedish, Finnish": "åäöé",
    "Icelandic": "áðéíóúýþæö",
    "Romanian": "ăâîșşțţ",
    "Albanian": "çë",
    "Estonian": "äöõüšž",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Turkish": "çğıöşüâİ",
    "Russian": "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
    "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "Macedonian": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
}
ALPHABETS: tuple[frozenset[str], ...] = tuple(
    frozenset(letters) | frozenset(letters.upper()) for letters in _LETTERS.values()
)
# Of the languages that the product itself speaks: its files come from their countries first of all.
OURS = frozenset("čćžšđČĆŽŠĐ") | frozenset(_LETTERS["Serbian"] + _LETTERS["Serbian"].upper())
# Words of one letter that there are in one of the languages.
SINGLE = frozenset("àéèòóôåöøивскоуяазійήοη")
# No word of any of the languages begins with these.
NEVER_FIRST = frozenset("ÿßůğ")
# What stands beside letters in lists of goods without being one: 20 °C, Ø 30 mm, 3 × 1½", Schäfer® „Tor“.
SIGNS = frozenset("°²³½¼¾×€£¥¢¿¡ªº§–—‘’‚“”„«»‹›©®™…•±µ·№Ø´ \u00ad")

_SCRIPTS = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
)
EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


def script(character: str) -> str:
    """Return the script that a letter belongs to, as Unicode's names begin with it; "" where it has none."""
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    # ー, which lengthens a vowel, is named KATAKANA-HIRAGANA.
    first = re.split("[ -]", unicodedata.name(character, ""), maxsplit=1)[0]
    return first if first in _SCRIPTS else ""

"""The words of mails, and how numbers and days are written, in each language."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from magacin.core.languages import LanguageTag

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "sr": ("ponedeljak", "utorak", "sreda", "četvrtak", "petak", "subota", "nedelja"),
}
_WORDS: dict[str, tuple[str, str]] = {
    "subject_daily": ("Report of {days}", "Izveštaj za {days}"),
    "subject_weekly": ("Report of the week {days}", "Izveštaj za nedelju {days}"),
    "figure": ("Figure", "Podatak"),
    "this_daily": ("That day", "Tog dana"),
    "this_weekly": ("That week", "Te nedelje"),
    "before_daily": ("The day before", "Dan ranije"),
    "before_weekly": ("The week before", "Nedelju ranije"),
    "difference": ("Difference", "Razlika"),
    "nothing": ("Nothing was done.", "Ništa nije urađeno."),
    "by_team": ("Team", "Tim"),
    "by_shift": ("Shift", "Smena"),
    "by_worker": ("Worker", "Radnik"),
    "by_day": ("Day", "Dan"),
    "no_team": ("No team", "Bez tima"),
    "no_shift": ("Outside of all shifts", "Van smena"),
    "no_worker": ("Nobody", "Niko"),
    "more": ("More of them are at the desk.", "Ostali su u aplikaciji."),
    "changes": (
        "What is other now than it was reported",
        "Šta je sada drugačije nego što je javljeno",
    ),
    "changes_mean": (
        "Scans that arrived late, and what was taken back, count on the day on which they were made.",
        "Skeniranja koja su kasno stigla, i ono što je poništeno, računaju se u dan kada su napravljena.",
    ),
    "days": ("Days", "Dani"),
    "was": ("Was", "Bilo"),
    "now": ("Is now", "Sada"),
    "open": ("Open this report", "Otvorite ovaj izveštaj"),
    "as_of": ("As of {at}.", "Stanje: {at}."),
    "why": (
        "This mail is sent because the settings of Magacin Track name you (MAGACIN_REPORT_MAIL_TO).",
        "Ova poruka se šalje jer vas navode podešavanja programa Magacin Track (MAGACIN_REPORT_MAIL_TO).",
    ),
    "lines": ("Lines", "Stavke"),
    "pieces": ("Pieces", "Komadi"),
    "tasks": ("Completed tasks", "Završeni zadaci"),
    "on_time": ("On time", "Na vreme"),
    "lines_per_hour": ("Lines an hour", "Stavki na sat"),
    "pieces_per_hour": ("Pieces an hour", "Komada na sat"),
    "active_hours": ("Hours at work", "Sati rada"),
    "accuracy": ("Accuracy", "Tačnost"),
    "refused": ("Refused scans", "Odbijena skeniranja"),
    "undone": ("Scans taken back", "Poništena skeniranja"),
    "shortages": ("Shortages", "Manjkovi"),
    "short_pieces": ("Pieces short", "Komada u manjku"),
}
_CYRILLIC = {
    "lj": "љ", "nj": "њ", "dž": "џ", "a": "а", "b": "б", "v": "в", "g": "г", "d": "д", "đ": "ђ", "e": "е",
    "ž": "ж", "z": "з", "i": "и", "j": "ј", "k": "к", "l": "л", "m": "м", "n": "н", "o": "о", "p": "п",
    "r": "р", "s": "с", "t": "т", "ć": "ћ", "u": "у", "f": "ф", "h": "х", "c": "ц", "č": "ч", "š": "ш",
}  # fmt: skip
# What is filled in, and names, stay as they are.
_LETTERS = re.compile(r"\{\w+\}|Magacin Track|MAGACIN_\w+|lj|nj|dž|[a-zčćžšđ]", re.IGNORECASE)
_SHARES = frozenset({"accuracy", "on_time"})
_NOT_KNOWN = "–"


class Language(NamedTuple):
    """One language: what it says, and how it writes."""

    code: LanguageTag

    @property
    def serbian(self) -> bool:
        """Return whether it is Serbian, in either script."""
        return self.code is not LanguageTag.ENGLISH

    def word(self, key: str, **values: str) -> str:
        """Return what `key` stands for."""
        return self._script(_WORDS[key][self.serbian]).format(**values)

    def day(self, day: date) -> str:
        """Return a day with its name."""
        name = self._script(_DAYS["sr" if self.serbian else "en"][day.weekday()])
        return f"{name}, {self._date(day)}" if self.serbian else f"{name} {self._date(day)}"

    def days(self, first: date, last: date) -> str:
        """Return some days, or the one."""
        return self.day(first) if first == last else f"{self._date(first)} – {self._date(last)}"

    def moment(self, at: datetime) -> str:
        """Return a moment, in whatever time zone it is given."""
        return f"{self._date(at)} {at:%H:%M}"

    def figure(self, name: str, value: float | None) -> str:
        """Return a figure as it is written, a dash where it is not known."""
        if value is None:
            return _NOT_KNOWN
        if name in _SHARES:
            return self._number(f"{value:.1%}")
        return self._number(f"{value:,.1f}" if isinstance(value, float) else f"{value:,}")

    def difference(self, name: str, now: float | None, before: float | None) -> str:
        """Return by how much a figure is other than before; of shares in points, else as a share."""
        if now is None or before is None or (not before and name not in _SHARES):
            return ""
        if name in _SHARES:
            by = round(100 * (now - before), 1)
            return self._number(f"{by:+.1f}") if by else "="
        share = round(100 * (now - before) / before)
        return self._number(f"{share:+,}%") if share else "="

    def _date(self, day: date) -> str:
        return f"{day.day}. {day.month}. {day.year}." if self.serbian else f"{day:%Y-%m-%d}"

    def _number(self, written: str) -> str:
        # A minus is as wide as a plus, and a hyphen is not.
        written = written.replace("-", "\N{MINUS SIGN}")
        return written.translate(str.maketrans(",.", ".,")) if self.serbian else written

    def _script(self, latin: str) -> str:
        if self.code is not LanguageTag.SERBIAN_CYRILLIC:
            return latin
        return _LETTERS.sub(lambda found: _cyrillic(found[0]), latin)


def _cyrillic(letter: str) -> str:
    written = _CYRILLIC.get(letter.lower(), letter)
    return written.upper() if letter[0].isupper() and len(letter) < 3 else written

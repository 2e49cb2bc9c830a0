from __future__ import annotations

import re

import pytest
import segno

from magacin.cli import up
from tests.support import parse_command

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = ".".join(["a" * 60] * 4) + ".example"
# What a half block shows of its two modules, upper and lower; True is dark.
_SHOWN = {"█": (False, False), "▀": (False, True), "▄": (True, False), " ": (True, True)}


class TestTheCode:
    @pytest.mark.parametrize("name", ["warehouse.lan", _LONGEST])
    def test_fits_a_terminal_of_80_columns(self, name: str) -> None:
        lines = up.code(f"http://{name}:8442/authority").splitlines()
        assert max(len(_STYLE.sub("", line)) for line in lines) <= 80

    def test_is_that_of_the_address_light_on_dark_on_every_terminal(self) -> None:
        address = "https://warehouse.lan:8443/"
        lines = up.code(address).splitlines()
        assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
        drawn = [
            [_SHOWN[character][half] for character in _STYLE.sub("", line)]
            for line in lines
            for half in (0, 1)
        ]
        wanted = [
            list(map(bool, row)) for row in segno.make(address, micro=False, error="L").matrix_iter(border=2)
        ]
        assert drawn[: len(wanted)] == wanted


def test_the_options_are_there() -> None:
    parse_command(
        ["up", "--lan", "a.lan", "--lan-bind", "::", "--certificate", "a.pem", "--key", "a.key", "--detach"]
    )

from __future__ import annotations

import pytest

from magacin.stack.waiting import for_all, until


class Recorder:
    def __init__(self) -> None:
        self.said: list[str] = []

    def doing(self, text: str) -> None:
        self.said.append(text)

    done = doing

    def percent(self, percent: int, text: str) -> None:
        self.said.append(f"{percent} {text}")


def test_until_gives_what_came() -> None:
    answers = iter([0, 0, 7])
    assert until(lambda: next(answers), seconds=60, every=0) == 7


def test_until_gives_up() -> None:
    assert until(lambda: None, seconds=0, every=0.001) is None


def test_for_all_shows_what_is_left() -> None:
    recorder = Recorder()
    for_all(["a", "bc"], lambda left, _: left[1:], recorder, named=str.upper, seconds=60, every=0)
    assert recorder.said == ["Waiting for BC"]


def test_for_all_tells_that_it_is_late() -> None:
    def still(left: list[str], late: bool) -> list[str]:
        if late:
            raise LookupError(*left)
        return left

    with pytest.raises(LookupError, match="b"):
        for_all(["b"], still, Recorder(), named=str, seconds=0, every=0.001)

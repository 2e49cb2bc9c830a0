from __future__ import annotations

from functools import partial

import pytest

from magacin.stack.waiting import Patience, for_all, machine_is_busy, until


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


def test_patience_lasts_while_there_are_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("magacin.stack.waiting.time.monotonic", lambda: now)
    patience = Patience(seconds=10, longest=100)
    for second in range(11):
        now = 1000.0 + 9 * second
        patience.look(partial(tuple, ("log", second)))
        assert patience.why_over() is None
    now += 11
    patience.look(partial(tuple, ("log", 11)))
    assert patience.why_over() == "not within 100 s"


def test_patience_ends_where_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("magacin.stack.waiting.time.monotonic", lambda: now)
    patience = Patience(seconds=10, longest=100)
    for second in range(12):
        now = 1000.0 + second
        patience.look(partial(str, "always the same"))
    assert patience.why_over() == "for 10 s it did nothing that is seen"


def test_patience_looks_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    looks: list[float] = []
    monkeypatch.setattr("magacin.stack.waiting.time.monotonic", lambda: now)
    patience = Patience(seconds=8, longest=100)
    for tenth in range(81):
        now = 1000.0 + tenth / 10
        patience.look(partial(looks.append, now))
    assert looks == [1000.0, 1002.0, 1004.0, 1006.0, 1008.0]


@pytest.mark.parametrize(
    ("load", "processors", "said"),
    [
        (14.6, 2, "The machine is busy: a load of 15 on 2 processors. That alone may be why."),
        (4.0, 1, "The machine is busy: a load of 4 on one processor. That alone may be why."),
        (5.9, 2, ""),
        (0.1, None, ""),
    ],
)
def test_a_busy_machine_is_named(
    monkeypatch: pytest.MonkeyPatch, load: float, processors: int | None, said: str
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    assert machine_is_busy() == said


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

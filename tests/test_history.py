"""The checker of histories: it has to believe what can have been, and nothing else."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.history import Call, Ledger, explained, unexplained

_TASK = Ledger.of(A=5, B=3)
seeds = st.integers(0, 2**32)


def lived(chance: random.Random, count: int) -> list[Call]:
    """Return what clients of a right ledger note whose operations overlap."""
    ledger, calls, clock = _TASK, [], 0.0
    for number in range(count):
        kind = chance.choice(["scan", "scan", "shortage", "undo"])
        undoes = f"{chance.randrange(number)}" if number and kind == "undo" else "never sent"
        call = Call(f"{number}", kind, chance.choice("AB"), chance.randint(1, 2), undoes)
        answer, ledger = ledger.take(call)
        clock += 1
        # It is decided at `clock`; on its way to and from there it may overlap the three beside it.
        began, ended = clock - chance.random() * 3, clock + chance.random() * 3
        lost = chance.random() < 0.1
        calls.append(
            replace(call, began=began, ended=1e9 if lost else ended, answer=None if lost else answer)
        )
    chance.shuffle(calls)
    return calls


@given(seeds, st.integers(0, 25))
def test_what_can_have_been_is_explained(seed: int, count: int) -> None:
    calls = lived(random.Random(seed), count)
    order = explained(_TASK, calls)
    assert order is not None
    ledger = _TASK
    for call in order:
        answer, ledger = ledger.take(call)
        assert call.answer in (None, answer)
    assert {call.id for call in calls if call.answer} <= {call.id for call in order}
    for before, after in itertools.pairwise(order):
        assert after.ended >= before.began
    assert unexplained(_TASK, calls) == []


@given(seeds, st.integers(1, 25), st.integers(0, 24))
def test_a_total_that_never_was_is_found(seed: int, count: int, place: int) -> None:
    calls = lived(random.Random(seed), count)
    wrong = calls[place % count]
    assume(wrong.answer is not None and len(wrong.answer) > 2)
    assert wrong.answer is not None
    # More was picked of the line than was ever asked for.
    calls[place % count] = replace(wrong, answer=(wrong.answer[0], 99, *wrong.answer[2:]))
    found = unexplained(_TASK, calls)
    assert max((call for call in found if call.answer), key=lambda call: call.ended).id == wrong.id


def scan(number: int, began: float, ended: float, *answer: str | int, quantity: int = 1) -> Call:
    return Call(f"{number}", "scan", "A", quantity, "", began, ended, answer)


def test_a_scan_that_was_lost_is_found() -> None:
    history = [scan(1, 0, 1, "picked", 1, 2), scan(2, 2, 3, "picked", 1, 2)]
    assert explained(_TASK, history) is None
    assert [call.id for call in unexplained(_TASK, history)] == ["1", "2"]


def test_a_scan_that_counted_twice_is_found() -> None:
    assert explained(_TASK, [scan(1, 0, 1, "picked", 2, 2)]) is None


def test_an_answer_from_before_it_was_asked_is_found() -> None:
    later = [scan(1, 0, 1, "picked", 2, 2), scan(2, 2, 3, "picked", 1, 2)]
    at_once = [replace(later[0], ended=4), later[1]]
    assert explained(_TASK, later) is None
    assert explained(_TASK, at_once) is not None


def test_an_undo_that_came_before_what_it_undoes_is_found() -> None:
    undo = Call("2", "undo", undoes="1", began=0, ended=1, answer=("undone", 0, 0, 2))
    assert explained(_TASK, [undo, scan(1, 2, 3, "picked", 1, 2)]) is None
    assert explained(_TASK, [replace(undo, began=4, ended=5), scan(1, 2, 3, "picked", 1, 2)]) is not None


def test_what_was_never_answered_may_have_counted_or_not() -> None:
    lost = Call("1", "scan", "A", 1, "", 0)
    for picked in (1, 2):
        assert explained(_TASK, [lost, scan(2, 1, 2, "picked", picked, 2)]) is not None
    assert explained(_TASK, [lost, scan(2, 1, 2, "picked", 3, 2)]) is None

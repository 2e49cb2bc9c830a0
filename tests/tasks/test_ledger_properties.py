"""Any order of scans, shortages, undos and plans, repeated and interleaved: every piece is accounted for."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from magacin.contracts.identity import Identity, Role
from magacin.contracts.tasks.operations import UndoIn
from magacin.contracts.tasks.pick_tasks import CLOSED, Pieces, PlanIn, PlanResult, TaskStatus
from magacin.contracts.tasks.scans import ScanIn, ScanOutcome
from magacin.contracts.tasks.shortages import ShortageIn, ShortageReason
from magacin.core.errors import AppError
from magacin.tasks.codes import CodeRules
from magacin.tasks.errors import OperationIdReused
from magacin.tasks.planning.moves import PlannedLine, Source
from magacin.tasks.scans.ledger import Operation
from magacin.tasks.scans.scan import Scan
from magacin.tasks.scans.shortage import Shortage
from magacin.tasks.scans.state import Article, TaskState
from magacin.tasks.scans.undo import Undo
from tests.tasks.ledger_model import Store, told

_RULES = CodeRules()
_PEOPLE = [Identity("ana", Role.WORKER), Identity("marko", Role.WORKER), Identity("vera", Role.SUPERVISOR)]
_BOTH = frozenset({"ana", "marko"})
_ARTICLES = {"A": Article(1, "A"), "B": Article(2, "B"), "A-PACK": Article(1, "A", pieces=2)}

people = st.sampled_from(_PEOPLE)
places = st.sampled_from([None, 1, 2])
quantities = st.integers(1, 3)


class LedgerMachine(RuleBasedStateMachine):
    """Two requisitions in one task or two, several workers, and a supervisor who moves pieces about."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(1)
        self.sent: dict[UUID, Operation] = {}
        self.plans: dict[UUID, tuple[int, PlanIn, Source]] = {}
        self.first: dict[UUID, Any] = {}

    @initialize(requireds=st.lists(st.integers(1, 6), min_size=4, max_size=4), together=st.booleans())
    def two_requisitions(self, requireds: list[int], *, together: bool) -> None:
        self.store = Store(dict(enumerate(requireds, start=1)), _ARTICLES)
        for id_, required in self.store.required.items():
            task_id = 1 if together or id_ <= 2 else 2
            self.store.lines[id_] = PlannedLine(id_, task_id, id_, 1 + id_ % 2, None, None, required)
        for task_id in {line.task_id for line in self.store.lines.values()}:
            count = sum(line.task_id == task_id for line in self.store.lines.values())
            self.store.tasks[task_id] = TaskState(task_id, TaskStatus.ASSIGNED, count, 1, _BOTH)

    def _new_id(self) -> UUID:
        return UUID(int=next(self._ids))

    def _task(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.store.tasks)))

    def _line(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.store.lines)))

    def _new(self, data: st.DataObject, batch: list[Operation]) -> Operation:
        kind = data.draw(st.sampled_from(["scan", "scan", "shortage", "undo", "undo"]))
        who = data.draw(people)
        if kind == "scan":
            # Mostly of a line that is there; sometimes of whatever was scanned by mistake.
            line = self.store.lines[self._line(data)]
            request = ScanIn(
                task_id=data.draw(st.sampled_from([line.task_id] * 3 + sorted(self.store.tasks))),
                code=data.draw(st.sampled_from(["A", "B", "A-PACK", "?"])),
                quantity=data.draw(quantities),
                operation_id=self._new_id(),
                line_id=data.draw(st.sampled_from([None, None, line.line_id])),
                version=data.draw(st.sampled_from([None, None, 1, 2])),
                pieces=data.draw(st.sampled_from([None, None, None, 2])),
                refused_as=data.draw(st.sampled_from([None, None, None, ScanOutcome.UNKNOWN_CODE])),
            )
            return Scan.of(request, who, _RULES)
        if kind == "shortage":
            line = self.store.lines[self._line(data)]
            report = ShortageIn(
                line_id=line.line_id,
                quantity=data.draw(quantities),
                reason=data.draw(st.sampled_from(ShortageReason)),
                operation_id=self._new_id(),
            )
            return Shortage(line.task_id, report, who)
        known = [*self.sent, *(one.operation_id for one in batch)]
        undoes = data.draw(st.sampled_from([*known, UUID(int=0)]))
        return Undo(UndoIn(undoes=undoes, operation_id=self._new_id()), who)

    @rule(data=st.data(), size=st.integers(1, 4), crash=st.sampled_from([False, False, False, True]))
    def batch(self, data: st.DataObject, size: int, *, crash: bool) -> None:
        """New operations and repeated ones, in one transaction, the answers of which may be lost."""
        batch: list[Operation] = []
        for _ in range(size):
            repeats = [*self.sent.values(), *batch]
            again = bool(repeats) and data.draw(st.integers(0, 3)) == 0
            batch.append(data.draw(st.sampled_from(repeats)) if again else self._new(data, batch))
        one_by_one = self.store.copy()
        answers = [told(one) for one in self.store.record(batch, crash=crash)]
        self.sent |= {one.operation_id: one for one in batch}
        if crash:
            return  # nobody was told, and nothing counts
        assert answers == [told(one_by_one.record([one])[0]) for one in batch]
        assert _state(one_by_one) == _state(self.store)
        for one, answer in zip(batch, answers, strict=True):
            assert answer == self.first.setdefault(one.operation_id, answer)

    @rule(data=st.data())
    @precondition(lambda self: self.store.recorded)
    def an_id_that_was_used(self, data: st.DataObject) -> None:
        """What is other than what was sent under the id is told so, and counts nothing."""
        id_ = data.draw(st.sampled_from(sorted(self.store.recorded)))
        other = Identity("somebody", Role.SUPERVISOR)
        one = self.sent.get(id_)
        others: list[Operation] = [Undo(UndoIn(undoes=UUID(int=1), operation_id=id_), other)]
        if isinstance(one, Scan):
            others += [Scan.of(one.request, other, _RULES)]
            refused = {"refused_as": ScanOutcome.SEVERAL_CODES}
            others += [
                Scan.of(one.request.model_copy(update=other), one.identity, _RULES)
                for other in ({"quantity": 9}, refused)
            ]
        if isinstance(one, Shortage):
            others += [Shortage(one.task_id, one.request, other)]
            others += [Shortage(one.task_id, one.request.model_copy(update={"quantity": 9}), one.identity)]
        before = _state(self.store)
        for answer in self.store.record([data.draw(st.sampled_from(others))]):
            assert isinstance(answer, OperationIdReused)
        another = PlanIn(lines=[Pieces(line_id=99, quantity=9)], operation_id=id_)
        assert isinstance(self.store.plan(1, another, Source.LEFT), OperationIdReused)
        assert _state(self.store) == before

    @rule(data=st.data(), source=st.sampled_from(Source), place=places, new=st.booleans())
    def plan(self, data: st.DataObject, source: Source, place: int | None, *, new: bool) -> None:
        """What is left, or was short, of some lines of a task is to be picked elsewhere."""
        task_id = self.store.lines[self._line(data)].task_id
        lines = [line for line in self.store.lines.values() if line.task_id == task_id]
        picked = data.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=3))
        wanted = [
            Pieces(line_id=line.line_id, quantity=data.draw(st.integers(1, max(1, line.left, line.short))))
            for line in picked
        ]
        plan = PlanIn(
            lines=wanted,
            to_task_id=None if new else self._task(data),
            location=None if place is None else str(place),
            operation_id=self._new_id(),
        )
        self._plan(task_id, plan, source)

    @rule(data=st.data())
    @precondition(lambda self: self.plans)
    def a_plan_again(self, data: st.DataObject) -> None:
        """What it came to stays what it came to, also where it was refused and could be done by now."""
        before = _state(self.store)
        self._plan(*self.plans[data.draw(st.sampled_from(sorted(self.plans)))])
        assert _state(self.store) == before

    def _plan(self, task_id: int, plan: PlanIn, source: Source) -> None:
        before = _state(self.store)[:2]
        self.plans[plan.operation_id] = (task_id, plan, source)
        answer = self.store.plan(task_id, plan, source)
        if isinstance(answer, AppError):
            assert _state(self.store)[:2] == before
        assert told(answer) == self.first.setdefault(plan.operation_id, told(answer))

    @rule(data=st.data(), workers=st.sampled_from([_BOTH, frozenset({"marko"}), frozenset()]))
    def assign(self, data: st.DataObject, workers: frozenset[str]) -> None:
        task = self.store.tasks[self._task(data)]
        if task.status not in CLOSED:
            self.store.assign(task, workers)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        task = self.store.tasks[self._task(data)]
        if task.status not in CLOSED:
            self.store.close(task, TaskStatus.CANCELLED)

    @rule()
    def an_hour_passes(self) -> None:
        for task in self.store.tasks.values():
            if task.closed_at is not None:
                task.closed_at -= timedelta(hours=1)

    @invariant()
    def every_piece_is_accounted_for(self) -> None:
        assert self.store.broken() == []


def _state(store: Store) -> Any:
    """Return all but the times."""
    tasks = {id_: (one.status, one.lines_open, one.version, one.workers) for id_, one in store.tasks.items()}
    return tasks, store.lines, sorted(store.recorded), store.undone


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=40)


def test_what_is_opened_again_and_nobody_has_can_be_claimed() -> None:
    store = Store({1: 2}, _ARTICLES)
    store.lines[1] = PlannedLine(1, 1, 1, 1, None, None, required=2)
    store.tasks[1] = TaskState(1, TaskStatus.ASSIGNED, 1, 1, _BOTH)
    ana = _PEOPLE[0]
    store.record([Scan.of(ScanIn(task_id=1, code="A", operation_id=UUID(int=1)), ana, _RULES)])
    store.assign(store.tasks[1], frozenset())
    split = PlanIn(lines=[Pieces(line_id=1, quantity=1)], operation_id=UUID(int=3))
    assert isinstance(store.plan(1, split, Source.LEFT), PlanResult)
    assert [task.status for task in store.tasks.values()] == ["completed", "open"]

    store.record([Undo(UndoIn(undoes=UUID(int=1), operation_id=UUID(int=2)), ana)])

    assert [task.status for task in store.tasks.values()] == ["open", "open"]
    assert store.broken() == []

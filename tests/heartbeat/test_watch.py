"""When a silence has lasted too long, and what is told of it."""

from __future__ import annotations

import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from magacin.heartbeat import state as memory
from magacin.heartbeat.notices import text_of
from magacin.heartbeat.state import MOST_WAITING, Condition, Kind, Notice, State
from magacin.heartbeat.watch import Watch


class Clock:
    """The clock that nobody sets, set by a test."""

    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def watch(state: State | None = None, repeat: float = 3600) -> Watch:
    return Watch(state or State(), ["email", "slack"], 300, repeat)


def told(watch: Watch) -> list[Kind]:
    queues = [[notice.kind for notice in watch.state.waiting.get(name, [])] for name in ("email", "slack")]
    assert queues[0] == queues[1]
    return queues[0]


class TestSilence:
    def test_is_told_after_the_timeout_and_not_sooner(self, clock: Clock) -> None:
        watching = watch()
        watching.beat()
        watching.look()
        clock.now += 300
        watching.look()
        assert told(watching) == []
        clock.now += 1
        assert watching.look()
        assert told(watching) == [Kind.STOPPED]

    def test_is_told_once_until_it_is_time_to_remind(self, clock: Clock) -> None:
        watching = watch()
        clock.now += 301
        watching.look()
        watching.look()
        assert told(watching) == [Kind.STOPPED]
        watching.state.told_at = datetime.now(UTC) - timedelta(hours=2)
        watching.look()
        watching.look()
        assert told(watching) == [Kind.STOPPED, Kind.STILL]

    def test_ends_with_a_beat(self, clock: Clock) -> None:
        watching = watch()
        clock.now += 301
        watching.look()
        watching.beat()
        assert watching.look()
        assert told(watching) == [Kind.STOPPED, Kind.RETURNED]
        assert watching.state.condition is Condition.BEATING

    def test_that_never_was_broken_is_told_too(self, clock: Clock) -> None:
        watching = watch()
        clock.now += 301
        watching.look()
        [notice] = watching.state.waiting["email"]
        assert "None has ever come." in text_of(notice, "X").body

    def test_beats_keep_it_away(self, clock: Clock) -> None:
        watching = watch()
        for _ in range(20):
            clock.now += 299
            watching.beat()
            watching.look()
        assert told(watching) == []


class TestRestart:
    def test_listens_for_one_more_timeout(self, clock: Clock) -> None:
        long_ago = datetime.now(UTC) - timedelta(days=1)
        watching = watch(State(condition=Condition.BEATING, since=long_ago, last_beat=long_ago))
        watching.look()
        assert told(watching) == []
        clock.now += 301
        watching.look()
        [notice] = watching.state.waiting["email"]
        assert notice.since == long_ago

    def test_a_silence_goes_on_and_its_end_is_told(self, clock: Clock) -> None:
        began = datetime.now(UTC) - timedelta(hours=1)
        watching = watch(State(condition=Condition.SILENT, since=began, told_at=datetime.now(UTC)))
        clock.now += 301
        watching.look()
        assert told(watching) == []
        watching.beat()
        watching.look()
        [notice] = watching.state.waiting["email"]
        assert "after 60 min of silence" in text_of(notice, "X").body


class TestMemory:
    def test_comes_back_as_it_was(self, tmp_path: Path) -> None:
        now = datetime.now(UTC)
        state = State(condition=Condition.SILENT, last_beat=now)
        state.tell(Notice(kind=Kind.STOPPED, at=now, since=now, last_beat=now), ["email"])
        memory.write(tmp_path / "state", state)
        assert memory.read(tmp_path / "state") == state
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["state"]

    @pytest.mark.parametrize("content", [b"", b"{", b'{"condition": "asleep"}', b"[]"])
    def test_that_is_damaged_begins_anew(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "state").write_bytes(content)
        assert memory.read(tmp_path / "state").condition is Condition.WAITING

    def test_is_bounded(self) -> None:
        state, now = State(), datetime.now(UTC)
        for number in range(MOST_WAITING + 5):
            at = now + timedelta(hours=number)
            state.tell(Notice(kind=Kind.STILL, at=at, since=now, last_beat=None), ["email"])
        assert len(state.waiting["email"]) == MOST_WAITING
        assert state.waiting["email"][-1].at == at

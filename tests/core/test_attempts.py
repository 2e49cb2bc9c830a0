"""Attempts that are counted, taken back and forgotten."""

from __future__ import annotations

import pytest

from magacin.core.attempts import AttemptCounts


class TestTakeBack:
    def test_takes_one_back_and_leaves_the_others(self) -> None:
        counts = AttemptCounts(window=60)
        for _ in range(3):
            counts.add("a")
        counts.add("b")
        counts.take_back("a")
        assert counts.wait("a", 3) == 0
        assert counts.wait("a", 2) > 0
        assert counts.wait("b", 1) > 0

    def test_of_the_only_one_leaves_none(self) -> None:
        counts = AttemptCounts(window=60)
        counts.add("a")
        counts.take_back("a")
        assert not counts.counts

    def test_of_what_was_forgotten_meanwhile_never_counts_below_none(self) -> None:
        counts = AttemptCounts(window=60)
        counts.take_back("a")
        counts.add("a")
        assert counts.wait("a", 1) > 0

    def test_does_not_make_the_others_last_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0
        monkeypatch.setattr("time.monotonic", lambda: now)
        counts = AttemptCounts(window=60)
        counts.add("a")
        now += 50
        counts.add("a")
        counts.take_back("a")
        assert counts.wait("a", 1) == 10

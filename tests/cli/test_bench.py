"""`magacin bench --against`: both builds in turn, and the ratios of neighbours."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import against, build
from benchmarks.build import HERE, Build
from benchmarks.report import Measurement

OTHER = Build("other", Path("/other"), Path("/other/python"))


def test_builds_are_measured_in_turn_and_neighbours_compared() -> None:
    order: list[str] = []
    values = iter([100.0, 50.0, 400.0, 100.0, 10.0, 10.0])

    def run(measured: Build) -> list[Measurement]:
        order.append(measured.name)
        only_one_has = [Measurement("new", 1, "")] if measured is HERE else []
        return [Measurement("rate", next(values), "/s"), Measurement("none", 0, ""), *only_one_has]

    rate, none = against.compare(OTHER, run, 3)
    assert order == [OTHER.name, HERE.name] * 3
    assert (rate.baseline, rate.here) == ([100, 400, 10], [50, 100, 10])
    assert rate.ratios == [0.5, 0.25, 1.0]
    assert none.ratios == []


def test_a_commit_that_is_not_there_is_said() -> None:
    with pytest.raises(SystemExit, match="There is no commit no-such-thing here"):
        build.of_commit("no-such-thing")

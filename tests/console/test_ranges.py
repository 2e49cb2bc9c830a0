"""The cache of range queries: what it answers is what Prometheus would, and it asks for less."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magacin.console.range_cache import SETTLE_MS, RangeCache
from magacin.console.ranges import RangeQuery, read_query
from magacin.console.sharing import Sharing
from magacin.console.upstream import Answer
from tests.console.conftest import INTERVAL, Browser, Prometheus

QUERY = "rate(work_total[2m])"


class Counted:
    """Asks Prometheus itself, and keeps count."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.asked: list[RangeQuery] = []

    async def __call__(self, query: RangeQuery) -> Answer:
        self.asked.append(query)
        return await self.direct(query)

    async def direct(self, query: RangeQuery) -> Answer:
        url = f"{self._url}/api/v1/query_range"
        async with self._session.post(url, data=query.form(10)) as response:
            return Answer(response.status, await response.read())


@pytest.fixture
async def ask(prometheus: Prometheus) -> AsyncIterator[Counted]:
    async with aiohttp.ClientSession() as session:
        yield Counted(session, prometheus.url)


class Clock:
    """The time of a cache, which a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def cache_of(ask: Counted, clock: Clock, most: int = 100_000) -> RangeCache:
    return RangeCache(ask, Sharing(max_bytes=0), most_samples=most, now=clock)


def result(answer: Answer) -> Any:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["data"]["result"]


def on_grid(start: int, end: int, step: int, query: str = QUERY) -> RangeQuery:
    found = read_query({"query": query, "start": str(start), "end": str(end), "step": str(step)})
    assert found is not None
    return found


class TestReadQuery:
    def test_is_moved_down_to_the_grid(self) -> None:
        found = read_query({"query": "up", "start": "1000.7", "end": "1061", "step": "15s"})
        assert found == RangeQuery("up", 990_000, 1_050_000, 15_000)

    @pytest.mark.parametrize(
        ("step", "milliseconds"), [("15", 15_000), ("1m30s", 90_000), ("0.5", 500), ("250ms", 250)]
    )
    def test_steps_as_prometheus_reads_them(self, step: str, milliseconds: int) -> None:
        found = read_query({"query": "up", "start": "0", "end": "10", "step": step})
        assert found is not None
        assert found.step == milliseconds

    def test_times_in_words(self) -> None:
        found = read_query(
            {"query": "up", "start": "1970-01-01T00:01:00Z", "end": "1970-01-01T01:02:00+01:00", "step": "60"}
        )
        assert found == RangeQuery("up", 60_000, 120_000, 60_000)

    @pytest.mark.parametrize(
        "changed",
        [
            {"step": "0"},
            {"step": "-1"},
            {"step": "soon"},
            {"step": "nan"},
            {"step": "1"},  # too many steps
            {"start": "inf"},
            {"start": "3", "end": "2"},
            {"query": ""},
            {"limit": "5"},
        ],
    )
    def test_what_prometheus_should_judge_is_left_to_it(self, changed: dict[str, str]) -> None:
        parameters = {"query": "up", "start": "0", "end": "100000", "step": "60"} | changed
        assert read_query(parameters) is None


class TestSameAsDirect:
    @given(data=st.data())
    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_whatever_was_asked_before(
        self, ask: Counted, prometheus: Prometheus, data: st.DataObject
    ) -> None:
        """Windows slide, jump and grow while time goes on; each answer is compared with Prometheus' own."""
        history = prometheus.history
        clock = Clock(history.start + 3600.0)
        cache = cache_of(ask, clock, most=data.draw(st.sampled_from([0, 300, 100_000])))
        step = data.draw(st.sampled_from([15, 60, 420]))
        query = data.draw(st.sampled_from([QUERY, "work_total", "count(work_total) by (job) > bool 0"]))
        for _ in range(data.draw(st.integers(2, 6))):
            clock.now += data.draw(st.sampled_from([0, 7, 15, 90, 700, 4000]))
            end = int(clock.now) - data.draw(st.sampled_from([0, 0, 0, 30, 5000]))
            asked = on_grid(end - data.draw(st.sampled_from([600, 3600, 9000])), end, step, query)
            answer, _ = await cache.get(asked)
            assert result(answer) == result(await ask.direct(asked))


class TestAsksForLess:
    async def test_only_the_newest_steps_the_second_time(self, ask: Counted, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        clock = Clock(end)
        cache = cache_of(ask, clock)
        await cache.get(on_grid(end - 3600, end, INTERVAL))
        clock.now += 30
        _, outcome = await cache.get(on_grid(end - 3570, end + 30, INTERVAL))
        assert outcome == "extended"
        steps = [(query.end - query.start) // query.step + 1 for query in ask.asked]
        assert steps == [241, (SETTLE_MS // 1000 + 30) // INTERVAL]

    async def test_nothing_when_every_step_is_complete(self, ask: Counted, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        cache = cache_of(ask, Clock(end + 3600.0))
        await cache.get(on_grid(end - 3600, end, INTERVAL))
        _, outcome = await cache.get(on_grid(end - 1800, end - 900, INTERVAL))
        assert (outcome, len(ask.asked)) == ("hit", 1)

    async def test_a_step_counts_as_complete_only_after_its_time(self, ask: Counted) -> None:
        """A sample that comes late is seen: what was asked too early is asked again."""
        late: list[int] = [0]

        async def growing(query: RangeQuery) -> Answer:
            values = [[t / 1000, str(late[0])] for t in range(query.start, query.end + 1, query.step)]
            data = {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}
            return Answer(200, json.dumps({"status": "success", "data": data}).encode())

        clock = Clock(10_000.0)
        cache = RangeCache(growing, Sharing(max_bytes=0), most_samples=1000, now=clock)
        await cache.get(on_grid(9_000, 10_000, 20))
        late[0] = 1
        answer, _ = await cache.get(on_grid(9_000, 10_000, 20))
        [series] = result(answer)
        complete = [value for time, value in series["values"] if time <= 10_000 - SETTLE_MS / 1000]
        newest = [value for time, value in series["values"] if time > 10_000 - SETTLE_MS / 1000]
        assert set(complete) == {"0"}
        assert set(newest) == {"1"}
        assert newest

    async def test_all_of_it_again_after_ten_minutes(self, ask: Counted, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        clock = Clock(end + 3600.0)
        cache = cache_of(ask, clock)
        await cache.get(on_grid(end - 3600, end, INTERVAL))
        clock.now += 601
        _, outcome = await cache.get(on_grid(end - 3600, end, INTERVAL))
        assert (outcome, len(ask.asked)) == ("miss", 2)

    @pytest.mark.parametrize(
        "query", ["work_total @ end()", "work_total offset -5m", "sum(work_total @ 1700000000)"]
    )
    async def test_never_of_what_depends_on_the_range_or_on_later(
        self, ask: Counted, prometheus: Prometheus, query: str
    ) -> None:
        end = prometheus.history.end
        cache = cache_of(ask, Clock(end + 3600.0))
        for _ in range(2):
            _, outcome = await cache.get(on_grid(end - 600, end, INTERVAL, query))
            assert outcome == "uncached"
        assert len(ask.asked) == 2

    async def test_what_is_kept_is_bounded(self, ask: Counted, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        cache = cache_of(ask, Clock(end + 3600.0), most=1000)
        for number in range(20):
            await cache.get(on_grid(end - 3600, end, INTERVAL, f"work_total + {number}"))
            assert cache._samples <= 1000
            assert cache._samples == sum(block.samples for block in cache._blocks.values())
        assert cache._blocks

    async def test_an_error_is_not_kept(self, ask: Counted, prometheus: Prometheus) -> None:
        end = prometheus.history.end
        cache = cache_of(ask, Clock(float(end)))
        for _ in range(2):
            answer, _ = await cache.get(on_grid(end - 600, end, INTERVAL, "rate(work_total)"))
            assert answer.status == 400
        assert len(ask.asked) == 2


class TestManyViewers:
    async def test_the_same_query_is_asked_once(self, operator: Browser, prometheus: Prometheus) -> None:
        """Counted at Prometheus, whose own metric of its API says how often it was asked."""
        end = prometheus.history.end
        before = await _queries(operator.session, prometheus)
        answers = await asyncio.gather(
            *(operator.range("sum(work_total)", end - 3600, end + n * 0.1, 15) for n in range(20))
        )
        assert await _queries(operator.session, prometheus) - before == 1
        assert len({json.dumps(found) for found, _ in answers}) == 1
        assert sorted({outcome for _, outcome in answers}) == ["miss", "shared"]

    async def test_one_who_leaves_does_not_take_the_answer_along(self) -> None:
        release = asyncio.Event()

        async def slow() -> Answer:
            await release.wait()
            return Answer(200, b"{}")

        sharing = Sharing(max_bytes=1000)
        first = asyncio.create_task(sharing.get("q", slow, seconds=1))
        second = asyncio.create_task(sharing.get("q", slow, seconds=1))
        await asyncio.sleep(0)
        first.cancel()
        release.set()
        assert await second == (Answer(200, b"{}"), True)

    async def test_an_error_reaches_all_who_wait_and_nobody_after(self) -> None:
        asked = 0

        async def failing() -> Answer:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            raise RuntimeError("down")

        sharing = Sharing(max_bytes=1000)
        waiting = [sharing.get("q", failing, seconds=60) for _ in range(3)]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, RuntimeError) for outcome in outcomes)
        assert asked == 1
        with pytest.raises(RuntimeError):
            await sharing.get("q", failing, seconds=60)
        assert asked == 2

    async def test_answers_are_bounded_in_bytes(self) -> None:
        sharing = Sharing(max_bytes=1000)

        async def answer() -> Answer:
            return Answer(200, b"x" * 200)

        for number in range(50):
            await sharing.get(number, answer, seconds=60)
            await asyncio.sleep(0)
        assert sum(question.size for question in sharing._questions.values()) == sharing._bytes == 1000


async def _queries(session: aiohttp.ClientSession, prometheus: Prometheus) -> float:
    async with session.get(f"{prometheus.url}/metrics") as response:
        page = await response.text()
        assert response.status == 200, page
    name = 'prometheus_http_request_duration_seconds_count{handler="/api/v1/query_range"}'
    return next((float(line.split()[-1]) for line in page.splitlines() if line.startswith(name)), 0.0)

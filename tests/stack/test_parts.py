from __future__ import annotations

import pytest

from magacin.stack import parts
from magacin.stack.errors import StackError

STORES = ["postgres", "redis"]
SERVICES = ["task-service", "realtime-worker", "import-service", "api-gateway"]
MONITORING = ["inbox", "alertmanager", "prometheus", "node-exporter", "console", "grafana"]
STORE_EXPORTERS = ["redis-exporter", "postgres-exporter"]


def names(chosen: list[parts.Part]) -> list[str]:
    return [part.name for part in chosen]


class TestPorts:
    def test_are_those_of_the_specification(self) -> None:
        assert dict(parts.PORTS) == {
            "api-gateway": 8000,
            "task-service": 8001,
            "import-service": 8003,
            "realtime-worker": 8004,
            "demo": 8005,
            "postgres": 5432,
            "redis": 6379,
            "prometheus": 9090,
            "alertmanager": 9093,
            "inbox": 8025,
            "console": 3000,
            "heartbeat": 8026,
            "grafana": 3000,
            "node-exporter": 9100,
            "redis-exporter": 9121,
            "postgres-exporter": 9187,
        }

    def test_the_inbox_has_one_more(self) -> None:
        assert ("inbox", 1025) in parts.ENDPOINTS

    def test_move_by_the_offset(self) -> None:
        assert parts.address("task-service", 20000) == "127.0.0.1:28001"

    @pytest.mark.parametrize("offset", [60000, -2000])
    def test_an_offset_out_of_range_is_refused_with_the_range(self, offset: int) -> None:
        with pytest.raises(StackError, match=str(offset)) as caught:
            parts.check_offset(offset)
        assert "-1 to 56348" in caught.value.details[0]
        parts.check_offset(-1)
        parts.check_offset(56348)


class TestSelect:
    def test_all_but_the_demo(self) -> None:
        assert set(names(parts.select(None))) == {*STORES, *SERVICES, *MONITORING, *STORE_EXPORTERS}

    def test_the_demo_when_asked_for(self) -> None:
        assert names(parts.select(None, demo=True))[-1] == "demo"
        assert "heartbeat" not in names(parts.select(None, demo=True))

    def test_the_heartbeat_receiver_when_asked_for(self) -> None:
        assert "heartbeat" in names(parts.select(None, heartbeat=True))
        assert "demo" not in names(parts.select(None, heartbeat=True))

    def test_the_application(self) -> None:
        assert set(names(parts.select("app"))) == {*STORES, *SERVICES}

    def test_monitoring_alone_has_no_exporters_of_what_does_not_run(self) -> None:
        assert sorted(names(parts.select("monitoring"))) == sorted(MONITORING)

    def test_exporters_come_with_whichever_half_starts_second(self) -> None:
        assert set(STORE_EXPORTERS) <= set(names(parts.select("monitoring", running=STORES)))
        assert set(STORE_EXPORTERS) <= set(names(parts.select("app", running=MONITORING)))

    def test_stores_start_first_and_the_demo_last(self) -> None:
        started = [names(phase) for phase in parts.phases(parts.select(None, demo=True))]
        assert started[0] == STORES
        assert started[-1] == ["demo"]

    def test_callers_stop_before_what_they_call(self) -> None:
        stopped = [names(stage) for stage in parts.stop_stages(parts.select(None, demo=True))]
        assert stopped[0] == ["demo"]
        assert stopped[1] == ["api-gateway"]
        assert stopped[2] == ["import-service"]
        assert "task-service" in stopped[3]
        assert stopped[-1] == STORES


def test_an_unknown_part_is_answered_with_those_there_are() -> None:
    with pytest.raises(StackError, match="'postgress'") as caught:
        parts.get("postgress")
    assert "postgres, redis" in caught.value.details[0]

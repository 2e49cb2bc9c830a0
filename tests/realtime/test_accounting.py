"""What heartbeats add up to, without Redis."""

from __future__ import annotations

from magacin.contracts.presence import ClientKind, DisconnectReason, Heartbeat
from magacin.realtime.accounting import FORGET_SECONDS, Counted, Seen, account, flat

APP, OTHER = ClientKind.APP, ClientKind.OTHER
CLIENT, LOST, SERVER = (
    (OTHER, reason)
    for reason in (DisconnectReason.CLIENT, DisconnectReason.GATEWAY_LOST, DisconnectReason.SERVER)
)


def beat(connections: int, *, closing: bool = False, **disconnections: int) -> Heartbeat:
    return Heartbeat.model_validate(
        {
            "instance": "a",
            "connections": {"other": connections},
            "disconnections": {"other": disconnections},
            "closing": closing,
        }
    )


def run(
    *rounds: dict[str, Heartbeat | None], seen: Seen | None = None, may_lose: bool = True
) -> tuple[Seen, list[Counted]]:
    """Account the rounds, a second apart, and return the end and what each counted."""
    seen, counted = seen or Seen(), []
    for second, heartbeats in enumerate(rounds):
        seen, new = account(seen, heartbeats, now=float(second), may_lose=may_lose)
        counted.append(+new)
    return seen, counted


def test_only_what_is_new_is_counted() -> None:
    seen, counted = run(
        {"a": beat(5, client=2)}, {"a": beat(5, client=2)}, {"a": beat(3, client=4, server=1)}
    )
    assert counted == [{CLIENT: 2}, {}, {CLIENT: 2, SERVER: 1}]
    assert flat(seen.totals) == {CLIENT: 4, SERVER: 1}


def test_heartbeats_that_were_missed_do_not_matter() -> None:
    _, counted = run({"a": beat(5)}, {"a": beat(1, client=40)})
    assert counted[-1] == {CLIENT: 40}


def test_a_gateway_that_vanishes_takes_its_sockets_with_it_once() -> None:
    seen, counted = run({"a": beat(7, client=1)}, {}, {}, {})
    assert counted == [{CLIENT: 1}, {LOST: 7}, {}, {}]
    assert flat(seen.totals) == {CLIENT: 1, LOST: 7}


def test_a_gateway_that_said_goodbye_loses_nothing() -> None:
    seen, counted = run({"a": beat(7)}, {"a": beat(0, closing=True, server=7)}, {})
    assert counted == [{}, {SERVER: 7}, {}]
    assert seen.gateways == {}


def test_a_restarted_gateway_is_another_one() -> None:
    _, counted = run({"a": beat(7, client=3)}, {"b": beat(1, client=1)})
    assert counted[-1] == {LOST: 7, CLIENT: 1}


def test_nothing_is_lost_while_redis_may_be_to_blame() -> None:
    seen, counted = run({"a": beat(7)}, {}, may_lose=False)
    assert counted == [{}, {}]
    _, counted = run({"a": beat(7)}, seen=seen)
    assert counted == [{}]


def test_a_gateway_that_was_only_suspended_is_not_counted_from_its_start_again() -> None:
    _, counted = run({"a": beat(7, client=100)}, {}, {"a": beat(2, client=101)})
    assert counted[-1] == {CLIENT: 1}


def test_a_lost_gateway_is_forgotten_after_a_while() -> None:
    seen, _ = run({"a": beat(7)}, {})
    seen, counted = account(seen, {}, now=FORGET_SECONDS + 2, may_lose=True)
    assert seen.gateways == {}
    assert not +counted


def test_an_unreadable_heartbeat_changes_nothing() -> None:
    _, counted = run({"a": beat(7, client=1)}, {"a": None}, {"a": beat(7, client=2)})
    assert counted[1:] == [{}, {CLIENT: 1}]


def test_a_counter_that_goes_back_takes_nothing_away() -> None:
    seen, counted = run({"a": beat(1, client=5)}, {"a": beat(1, client=3)})
    assert counted[-1] == {}
    assert flat(seen.totals) == {CLIENT: 5}


def test_each_kind_of_client_is_counted_for_itself() -> None:
    def of(app: int, other: int, **reasons: int) -> Heartbeat:
        connections = {"app": app, "other": other}
        return Heartbeat.model_validate(
            {"instance": "a", "connections": connections, "disconnections": {"app": reasons}}
        )

    seen, counted = run({"a": of(5, 2)}, {"a": of(4, 2, client=1)}, {})
    assert counted[1:] == [
        {(APP, DisconnectReason.CLIENT): 1},
        {(APP, DisconnectReason.GATEWAY_LOST): 4, LOST: 2},
    ]
    assert flat(seen.totals) == sum(counted, Counted())


def test_what_was_kept_before_there_were_kinds_goes_on() -> None:
    kept = {"connections": 7, "disconnections": {"client": 3}}
    old = Seen.model_validate({"totals": {"client": 40, "server": 2}, "gateways": {"a": kept}})
    seen, counted = run({"a": beat(7, client=5)}, {}, seen=old)
    assert counted == [{CLIENT: 2}, {LOST: 7}]
    assert flat(seen.totals) == {CLIENT: 42, SERVER: 2, LOST: 7}
    assert Heartbeat.model_validate({"instance": "b", **kept}).connections == {OTHER: 7}

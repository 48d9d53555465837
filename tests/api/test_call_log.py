"""Calls are counted by hour, endpoint and status, and none is counted twice or lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from soundcharts_assets.api.call_log import CallCount, CallLog

HOUR = datetime(2026, 11, 22, 9, tzinfo=UTC)
NEXT = HOUR + timedelta(hours=1)


def test_calls_are_counted_by_hour_endpoint_and_status() -> None:
    log = CallLog()
    log.record(HOUR, "song", "200", 9)
    log.record(HOUR + timedelta(minutes=59, seconds=59, microseconds=999_999), "song", "200", 8)
    log.record(HOUR, "song", "404", 7)
    log.record(HOUR, "artist", "200", 6)
    log.record(NEXT, "song", "200", 5)
    assert sorted(log.drain()) == [
        CallCount(HOUR, "artist", "200", 1, 6),
        CallCount(HOUR, "song", "200", 2, 8),
        CallCount(HOUR, "song", "404", 1, 7),
        CallCount(NEXT, "song", "200", 1, 5),
    ]


def test_the_lowest_quota_seen_is_kept_and_no_quota_is_none() -> None:
    log = CallLog()
    for quota in (None, 7, 9, None):
        log.record(HOUR, "song", "200", quota)
    log.record(HOUR, "song", "no answer", None)
    log.record(HOUR, "artist", "200", 0)
    log.record(HOUR, "artist", "200", 3)
    assert {(count.endpoint, count.status): count.quota_remaining for count in log.drain()} == {
        ("song", "200"): 7,
        ("song", "no answer"): None,
        ("artist", "200"): 0,
    }


def test_what_was_drained_is_not_drained_again_but_stays_in_the_totals() -> None:
    log = CallLog()
    log.record(HOUR, "song", "200", 9)
    assert len(log.drain()) == 1
    assert log.drain() == []
    log.record(HOUR, "song", "404", 8)
    assert [count.calls for count in log.drain()] == [1]
    assert log.totals() == {"song": 2}


def test_the_totals_are_a_copy() -> None:
    log = CallLog()
    log.record(HOUR, "song", "200", None)
    log.totals()["song"] = 99
    assert log.totals() == {"song": 1}


@given(
    calls=st.lists(st.tuples(st.integers(0, 180), st.sampled_from("abc"), st.sampled_from(["200", "404"]))),
    drained_after=st.integers(0, 20),
)
def test_the_drained_counts_add_up_to_the_calls(calls: list[tuple[int, str, str]], drained_after: int) -> None:
    log = CallLog()
    drained: list[CallCount] = []
    for number, (minute, endpoint, status) in enumerate(calls):
        if number == drained_after:
            drained += log.drain()
        log.record(HOUR + timedelta(minutes=minute), endpoint, status, None)
    drained += log.drain()
    found: Counter[tuple[datetime, str, str]] = Counter()
    for count in drained:
        found[count.hour, count.endpoint, count.status] += count.calls
    expected = Counter((HOUR + timedelta(hours=minute // 60), name, status) for minute, name, status in calls)
    assert found == expected
    assert log.totals() == Counter(name for _, name, _ in calls)


def test_many_threads_count_without_losing_a_call() -> None:
    log = CallLog()

    def count(_: int) -> list[CallCount]:
        for _ in range(200):
            log.record(HOUR, "song", "200", None)
        return log.drain()

    with ThreadPoolExecutor(8) as pool:
        drained = [count for counts in pool.map(count, range(8)) for count in counts]
    assert sum(count.calls for count in drained) == 1600
    assert log.totals() == {"song": 1600}

"""What stops everything until Soundcharts says otherwise: who opens it, who looks again, and who closes it."""

from datetime import UTC, datetime, timedelta

import pytest

from soundcharts_assets.api.errors import (
    AllowanceSpent,
    CredentialsRejected,
    HostUnreachable,
    QuotaExhausted,
    Transient,
)
from soundcharts_assets.refresh.breaker import Breaker, PausedError, breaker_change, looked, open_breaker, opened_by
from soundcharts_assets.refresh.refresher import Refresher
from soundcharts_assets.warehouse.connection import Warehouse
from tests.conftest import Bench
from tests.warehouse.helpers import commit, open_warehouse

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BREAKER = Breaker("quota", NOON, NOON + 10 * MINUTE, "song 429: Maximum quota reached")
SPENT = QuotaExhausted("Maximum quota reached", endpoint="song", status=429)
REJECTED = CredentialsRejected("Invalid credentials", endpoint="song", status=401)


# What it is


def test_a_spent_quota_and_rejected_credentials_open_a_breaker_that_says_why() -> None:
    assert opened_by(SPENT, NOON, None) == BREAKER
    rejected = Breaker("credentials", NOON, NOON + 10 * MINUTE, "song 401: Invalid credentials")
    assert opened_by(REJECTED, NOON, None) == rejected


@pytest.mark.parametrize(
    "error", [AllowanceSpent("x"), HostUnreachable("x"), Transient("x"), ValueError("x"), PausedError(BREAKER)]
)
def test_nothing_else_does(error: Exception) -> None:
    assert opened_by(error, NOON, None) is None
    assert opened_by(error, NOON, BREAKER) is None


def test_a_breaker_that_is_opened_again_is_open_since_the_first_time_and_another_kind_since_now() -> None:
    again = opened_by(SPENT, NOON + HOUR, BREAKER)
    assert again == BREAKER._replace(look_at=NOON + HOUR + 10 * MINUTE)
    other = opened_by(REJECTED, NOON + HOUR, BREAKER)
    assert other is not None
    assert (other.kind, other.opened_at) == ("credentials", NOON + HOUR)


def test_after_another_look_it_stays_as_it_was_for_ten_minutes() -> None:
    assert looked(BREAKER, NOON + HOUR) == BREAKER._replace(look_at=NOON + HOUR + 10 * MINUTE)


def test_people_are_told_since_when_and_why_nothing_is_done() -> None:
    message = "paused since 2026-03-02 12:00 UTC for quota: song 429: Maximum quota reached"
    assert str(PausedError(BREAKER)) == message


@pytest.fixture
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return open_warehouse(tmp_path_factory.mktemp("breaker") / "warehouse.duckdb")


def _open(warehouse: Warehouse) -> Breaker | None:
    with warehouse.connect() as connection:
        return open_breaker(connection)


def test_a_breaker_is_open_for_every_process_until_it_is_closed(warehouse: Warehouse) -> None:
    assert _open(warehouse) is None
    commit(warehouse, breaker_change(BREAKER, is_open=True))
    assert _open(open_warehouse(warehouse.path)) == BREAKER
    commit(warehouse, breaker_change(BREAKER, is_open=False))
    assert _open(warehouse) is None


def test_of_two_breakers_the_older_is_told_and_the_other_stays_when_it_is_closed(warehouse: Warehouse) -> None:
    later = Breaker("credentials", NOON + MINUTE, NOON + HOUR, "401")
    commit(warehouse, breaker_change(later, is_open=True), breaker_change(BREAKER, is_open=True))
    assert _open(warehouse) == BREAKER
    commit(warehouse, breaker_change(BREAKER, is_open=False))
    assert _open(warehouse) == later


# Who looks again


def _looks(bench: Bench) -> int:
    return bench.sandbox.report().by_endpoint.get("team_usage", 0)


def _paused(refresher: Refresher) -> Breaker:
    with pytest.raises(PausedError) as raised:
        refresher.heed_breaker()
    return raised.value.breaker


def _attended(bench: Bench) -> Refresher:
    return Refresher(bench.settings(bench.content), clock=lambda: bench.now, attended=True)


@pytest.fixture
def spent(bench: Bench) -> Bench:
    """A bench whose quota is spent, and whose breaker is open."""
    bench.sandbox.switch(quota=0)
    bench.follow("global-28")
    breaker = bench.refresher().open_breaker(SPENT)
    assert breaker is not None
    assert breaker.opened_at == bench.now
    return bench


def test_where_no_breaker_is_open_nobody_looks(bench: Bench) -> None:
    for refresher in (bench.refresher(), _attended(bench)):
        refresher.heed_breaker()
        assert refresher.find_breaker() is None
    assert bench.sandbox.report().calls == 0


def test_an_unattended_process_does_not_look_again_before_it_is_time(spent: Bench) -> None:
    for minutes in (0, 5, 4.9):
        spent.let_pass(minutes=minutes)
        assert _paused(spent.refresher()).kind == "quota"
    assert spent.sandbox.report().calls == 0


def test_when_it_is_time_it_looks_once_free_of_charge_and_then_waits_as_long(spent: Bench) -> None:
    opened_at = spent.now
    spent.let_pass(minutes=10)
    for _ in range(3):
        breaker = _paused(spent.refresher())
        assert (breaker.opened_at, breaker.look_at) == (opened_at, spent.now + 10 * MINUTE)
    assert _looks(spent) == 1
    spent.let_pass(minutes=10)
    _paused(spent.refresher())
    assert _looks(spent) == 2
    assert spent.sandbox.report().billed == 0


def test_a_person_who_waits_has_it_looked_at_at_once(spent: Bench) -> None:
    for looks in (1, 2):
        _paused(_attended(spent))
        assert _looks(spent) == looks


def test_once_there_is_quota_again_it_is_closed_for_all(spent: Bench) -> None:
    spent.sandbox.switch(quota=1_000)
    spent.let_pass(minutes=10)
    refresher = spent.refresher()
    refresher.heed_breaker()
    assert refresher.find_breaker() is None
    spent.refresher().heed_breaker()
    assert _looks(spent) == 1


def test_a_quota_that_is_all_reserve_is_spent(spent: Bench) -> None:
    spent.content["budget"] = {"reserve": 100}
    for quota in (99, 100):
        spent.sandbox.switch(quota=quota)
        assert _paused(_attended(spent)).kind == "quota"
    spent.sandbox.switch(quota=101)
    _attended(spent).heed_breaker()
    assert spent.refresher().find_breaker() is None


@pytest.mark.parametrize("status", [403, 404])
def test_where_the_plan_does_not_tell_the_quota_a_real_call_must_find_out_once_in_a_while(
    spent: Bench, status: int
) -> None:
    spent.sandbox.faults([{"path": "team/usage", "kind": "status", "status": status}])
    _paused(spent.refresher())
    spent.let_pass(minutes=10)
    spent.refresher().heed_breaker()
    assert spent.refresher().find_breaker() is None


def test_a_look_that_fails_leaves_it_open(spent: Bench) -> None:
    spent.sandbox.faults([{"path": "team/usage", "kind": "status", "status": 500}])
    spent.sandbox.switch(quota=1_000)
    spent.let_pass(minutes=10)
    assert _paused(spent.refresher()).look_at == spent.now + 10 * MINUTE


# Credentials


@pytest.fixture
def rejected(bench: Bench) -> Bench:
    """A bench whose credentials are rejected, and whose breaker is open."""
    bench.sandbox.faults([{"path": "/api/", "kind": "status", "status": 401}])
    bench.follow("global-28")
    assert bench.sync().exit_code == 3
    return bench


def test_rejected_credentials_pause_everything_until_they_are_accepted(rejected: Bench) -> None:
    assert _paused(rejected.refresher()).kind == "credentials"
    rejected.let_pass(minutes=10)
    assert _paused(rejected.refresher()).reason == "team_usage 401: Invalid credentials"
    rejected.sandbox.faults([])
    rejected.let_pass(minutes=9)
    _paused(rejected.refresher())
    rejected.let_pass(minutes=1)
    rejected.refresher().heed_breaker()
    assert rejected.refresher().find_breaker() is None


def test_accepted_credentials_close_their_breaker_although_the_quota_is_spent(rejected: Bench) -> None:
    rejected.sandbox.faults([])
    rejected.sandbox.switch(quota=0)
    _attended(rejected).heed_breaker()
    assert rejected.refresher().find_breaker() is None


def test_credentials_that_are_rejected_while_the_quota_is_spent_are_what_is_told_then(spent: Bench) -> None:
    spent.sandbox.faults([{"path": "team/usage", "kind": "status", "status": 401}])
    assert _paused(_attended(spent)).kind == "credentials"


# Who is stopped


def test_while_it_is_open_no_chart_is_due_and_no_run_is_begun(spent: Bench) -> None:
    spent.sandbox.switch(quota=1_000_000)
    refresher = spent.refresher()
    with pytest.raises(PausedError), refresher.calling("a test"):
        pytest.fail("must not begin")
    assert refresher.charts_due(timedelta()) == set()
    assert spent.sandbox.report().calls == 0


def test_who_asks_for_nothing_is_not_stopped(spent: Bench) -> None:
    with spent.refresher().calling("a test", asks=False):
        assert spent.sandbox.report().calls == 0


def test_a_failure_that_ends_the_calling_opens_it(bench: Bench) -> None:
    bench.follow("global-28")
    with pytest.raises(QuotaExhausted), bench.refresher().calling("a test"):
        raise SPENT
    assert _paused(bench.refresher()).kind == "quota"
    with pytest.raises(HostUnreachable), _attended(bench).calling("a test"):
        raise HostUnreachable("nobody there")
    assert bench.refresher().find_breaker() is None

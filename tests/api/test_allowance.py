"""What may still be spent is never exceeded, whoever asks at once; and what a call has cost is found out."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soundcharts_assets.api.allowance import Allowance, BatchPrice
from soundcharts_assets.api.client import Client
from soundcharts_assets.api.errors import AllowanceSpent, Fatal, NotFound, Refused, Transient
from soundcharts_assets.api.metadata import ask_metadata
from soundcharts_assets.sandbox.process import Sandbox
from tests.api.conftest import Connect
from tests.api.local_server import Heard, Reply, in_turn, local_server, refused, said

LONG = 10.0
PLATFORMS = "/api/v2/chart/song/platforms"
LEFT = "the budget of the day is spent"
RESERVE = "only the reserve of 90 requests is left of the quota"


def _limited(left: int | None = None, reserve: int = 0, quota: int | None = None) -> Allowance:
    allowance = Allowance()
    allowance.limit(left, reserve)
    if quota is not None:
        allowance.see(quota)
    return allowance


def _in_another_thread(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


# What may be taken


def test_without_a_limit_there_is_no_end_of_it() -> None:
    allowance = Allowance()
    allowance.take(10**9)
    assert (allowance.is_limited, allowance.room) == (False, None)


@pytest.mark.parametrize(
    ("allowance", "room"),
    [
        (_limited(10), 10),
        (_limited(0), 0),
        (_limited(-3), 0),
        (_limited(None, 90, 100), 10),
        (_limited(None, 90, 70), 0),
        (_limited(4, 90, 100), 4),
        (_limited(40, 90, 100), 10),
        (_limited(40, 90), 40),
        (_limited(None, 90), None),
        (_limited(None, 0, 5), None),
    ],
)
def test_room_is_what_the_day_leaves_or_what_the_quota_has_beyond_the_reserve(
    allowance: Allowance, room: int | None
) -> None:
    assert allowance.room == room


def test_what_was_taken_is_gone_and_comes_back_as_far_as_it_was_not_spent() -> None:
    allowance = _limited(10)
    allowance.take(6)
    assert allowance.room == 4
    allowance.settle(6, 1, None)
    assert allowance.room == 9
    allowance.take(1)
    allowance.settle(1, 0, None)
    assert allowance.room == 9


def test_what_is_left_of_the_quota_is_what_the_last_answer_said() -> None:
    allowance = _limited(None, 90, 100)
    allowance.take(1)
    allowance.settle(1, 1, 97)  # somebody else called, too
    assert allowance.room == 7


@pytest.mark.parametrize(
    ("allowance", "reason"), [(_limited(0), LEFT), (_limited(None, 90, 90), RESERVE), (_limited(9, 90, 90), RESERVE)]
)
def test_where_there_is_no_room_it_is_said_why(allowance: Allowance, reason: str) -> None:
    with pytest.raises(AllowanceSpent, match=reason):
        allowance.take(1)


def test_a_refusal_takes_nothing() -> None:
    allowance = _limited(10)
    with pytest.raises(AllowanceSpent):
        allowance.take(11)
    allowance.take(10)
    assert allowance.room == 0


def test_that_the_allowance_is_spent_stops_everything_and_is_not_tried_again() -> None:
    assert issubclass(AllowanceSpent, Fatal)
    assert not issubclass(AllowanceSpent, Transient)


# Answers on their way


def test_where_an_answer_on_its_way_may_leave_room_it_is_waited_for() -> None:
    allowance = _limited(10)
    allowance.take(10)
    taken = threading.Event()

    def take() -> None:
        allowance.take(5)
        taken.set()

    waiting = _in_another_thread(take)
    assert not taken.wait(0.05)
    allowance.settle(10, 1, None)
    assert taken.wait(LONG)
    waiting.join(LONG)
    assert allowance.room == 4


def test_where_it_leaves_none_the_wait_ends_in_a_refusal() -> None:
    allowance = _limited(10)
    allowance.take(10)
    refusals: list[str] = []

    def take() -> None:
        with pytest.raises(AllowanceSpent) as raised:
            allowance.take(1)
        refusals.append(str(raised.value))

    waiting = [_in_another_thread(take) for _ in range(3)]
    time.sleep(0.05)
    assert refusals == []
    allowance.settle(10, 10, None)
    for thread in waiting:
        thread.join(LONG)
    assert refusals == [LEFT] * 3


def test_a_new_limit_wakes_those_who_wait() -> None:
    allowance = _limited(1)
    allowance.take(1)
    waiting = _in_another_thread(lambda: allowance.take(1))
    allowance.limit(5, 0)
    waiting.join(LONG)
    assert not waiting.is_alive()
    assert allowance.room == 3


class Vendor:
    """Takes calls from many threads, bills them as told, and watches that no limit is ever exceeded."""

    def __init__(self, allowance: Allowance, quota: int) -> None:
        self.allowance = allowance
        self.quota = quota
        self.billed = 0
        self.refused = 0
        self._lock = threading.Lock()

    def ask(self, call: tuple[int, int]) -> None:
        """Make a call of some price, and bill some of it."""
        price, cost = call
        try:
            self.allowance.take(price)
        except AllowanceSpent:
            with self._lock:
                self.refused += 1
            return
        time.sleep(0)
        # Billed and answered at once, since answers that overtake each other are the client's business.
        with self._lock:
            self.billed += cost
            self.quota -= cost
            self.allowance.settle(price, cost, self.quota)


CALLS = st.lists(
    st.integers(1, 6).flatmap(lambda price: st.tuples(st.just(price), st.integers(0, price))), min_size=1, max_size=60
)


@settings(max_examples=60, deadline=None)
@given(CALLS, st.none() | st.integers(0, 60), st.integers(0, 60))
def test_many_threads_never_spend_more_than_the_limit_nor_touch_the_reserve(
    calls: list[tuple[int, int]], left: int | None, reserve: int
) -> None:
    allowance = _limited(left, reserve, quota=80)
    vendor = Vendor(allowance, 80)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vendor.ask, calls))
    assert left is None or vendor.billed <= left
    assert not reserve or vendor.quota >= reserve
    if vendor.refused:
        room = allowance.room
        assert room is not None
        assert room < max(price for price, _ in calls)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.lists(st.booleans(), min_size=60, max_size=60))
def test_a_limit_is_used_up_to_the_last_request_where_there_is_enough_to_ask(left: int, billed: list[bool]) -> None:
    vendor = Vendor(_limited(left), 1_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vendor.ask, [(1, int(is_billed)) for is_billed in billed]))
    assert vendor.billed == min(left, sum(billed))
    assert (vendor.refused > 0) is (sum(billed[:-1]) >= left or sum(billed) > left) or vendor.billed == left


# What a batch costs


def test_as_long_as_the_price_is_not_known_a_batch_may_cost_a_request_for_each_id() -> None:
    price = BatchPrice()
    assert [price.of(ids) for ids in (1, 2, 50)] == [1, 2, 50]


def test_as_long_as_it_is_not_known_only_the_quota_tells_what_a_batch_cost() -> None:
    price = BatchPrice()
    assert [price.is_unknown_for(ids) for ids in (1, 2, 50)] == [False, True, True]
    price.learn(50, 1_000, 999)
    assert not price.is_unknown_for(50)


@pytest.mark.parametrize(
    ("after", "per_id", "cost"), [(950, True, 50), (949, True, 50), (999, False, 1), (1_500, False, 1)]
)
def test_the_price_shows_in_what_a_batch_takes_off_the_quota(
    after: int,
    per_id: bool,  # noqa: FBT001
    cost: int,
) -> None:
    price = BatchPrice()
    assert price.learn(50, 1_000, after) == cost
    # Calls of another process may have come in between once, hardly twice.
    assert price.per_id is (None if per_id else False)
    assert price.learn(50, 1_000, after) == cost
    assert price.per_id is per_id
    assert [price.of(ids) for ids in (1, 50)] == [1, cost]


def test_calls_that_others_made_meanwhile_are_not_taken_for_a_price_by_ids() -> None:
    price = BatchPrice()
    price.learn(50, 1_000, 990)
    assert price.per_id is False
    suspected = BatchPrice()
    suspected.learn(50, 1_000, 900)
    suspected.learn(50, 900, 899)
    assert suspected.per_id is False


def test_once_it_is_known_it_stays() -> None:
    price = BatchPrice()
    price.learn(50, 1_000, 950)
    price.learn(50, 950, 900)
    assert price.learn(40, 900, 899) == 40
    assert price.per_id is True


def test_a_small_batch_proves_nothing_but_its_own_cost() -> None:
    price = BatchPrice()
    assert price.learn(9, 100, 91) == 9
    assert price.learn(9, 91, 90) == 1
    assert price.per_id is None


@pytest.mark.parametrize(("before", "after"), [(None, 100), (100, None), (None, None)])
def test_without_figures_nothing_is_learnt(before: int | None, after: int | None) -> None:
    price = BatchPrice()
    price.learn(50, before, after)
    assert price.per_id is None


def test_a_single_call_costs_one_and_teaches_nothing() -> None:
    price = BatchPrice()
    assert price.learn(1, 100, 60) == 1
    assert price.per_id is None


# The client keeps to it


@pytest.fixture(autouse=True)
def usual_price(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave the sandbox billing by calls, as it does unless told otherwise."""
    yield
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("standing_sandbox").switch(batch_cost="call")


def _ask(client: Client, path: str = PLATFORMS, ids: int = 1) -> None:
    client.get("asked", path, ids=ids)


def _costs(client: Client) -> int:
    return sum(count.cost for count in client.calls.drain())


def _metadata(client: Client, uuids: list[str]) -> int:
    """Ask for metadata of songs; how many came."""
    answers = ask_metadata(client, "song", "v2.25", uuids, lambda payload: payload["uuid"])
    return sum(isinstance(answer, str) for _, answer in answers)


def test_a_call_beyond_the_allowance_is_not_sent(sandbox: Sandbox, connect: Connect) -> None:
    client = connect(sandbox.url)
    client.allowance.limit(3, 0)
    for _ in range(3):
        _ask(client)
    for _ in range(2):
        with pytest.raises(AllowanceSpent, match=LEFT):
            _ask(client)
    report = sandbox.report()
    assert (report.calls, report.billed, _costs(client)) == (3, 3, 3)
    assert connect.pauses == []


def test_the_quota_never_falls_below_the_reserve_however_many_ask_at_once(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(quota=110)
    client = connect(sandbox.url)
    client.allowance.limit(None, 90)
    client.allowance.see(client.look_at_quota())

    def ask(_: int) -> bool:
        try:
            _ask(client)
        except AllowanceSpent:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(ask, range(60)))
    assert answered == 20
    assert sandbox.report().quota_remaining == 90


def test_answers_that_are_not_billed_give_back_what_they_took(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults([{"path": "platforms", "kind": "status", "status": 503, "share": 0.5}])
    # A try in two fails: with ten tries, one run of this test in thirty would end on chance alone.
    client = connect(sandbox.url, attempts=40)
    client.allowance.limit(20, 0)

    def ask(_: int) -> int:
        try:
            _ask(client)
        except AllowanceSpent:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(ask, range(40)))
    report = sandbox.report()
    assert (answered, report.billed) == (20, 20)
    assert report.by_status["503"] > 0
    assert _costs(client) == 20


@pytest.mark.parametrize(
    ("reply", "error"),
    [(refused(404, "Not found."), NotFound), (refused(400, "No"), Refused), (said([]), Transient)],
)
def test_an_answer_that_is_of_no_use_is_billed_all_the_same(connect: Connect, reply: Any, error: type) -> None:
    with local_server(in_turn(reply)) as server:
        client = connect(server.url, attempts=1)
        client.allowance.limit(10, 0)
        with pytest.raises(error):
            client.get("asked", "/")
        assert (client.allowance.room, _costs(client)) == (9, 1)


def test_each_try_of_a_call_is_taken_off(connect: Connect) -> None:
    with local_server(in_turn(said([]))) as server:
        client = connect(server.url, attempts=4)
        client.allowance.limit(2, 0)
        with pytest.raises(AllowanceSpent):
            client.get("asked", "/")
        assert (len(server.heard), _costs(client)) == (2, 2)


def test_to_look_at_the_quota_is_free_and_always_allowed(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.switch(quota=55)
    client = connect(sandbox.url)
    client.allowance.limit(0, 0)
    assert client.look_at_quota() == 55
    assert (sandbox.report().billed, _costs(client)) == (0, 0)


@pytest.mark.parametrize(("batch_cost", "per_id", "cost"), [("call", False, 1), ("id", True, 20)])
def test_the_price_of_batches_is_learnt_from_the_first_one(
    sandbox: Sandbox,
    connect: Connect,
    songs: list[str],
    batch_cost: str,
    per_id: bool,  # noqa: FBT001
    cost: int,
) -> None:
    sandbox.switch(batch_cost=batch_cost)
    client = connect(sandbox.url)
    client.allowance.limit(1_000, 0)
    assert _metadata(client, songs[:20]) == 20
    assert client.batch_price.per_id is (None if per_id else False)
    assert client.allowance.room == 1_000 - cost
    assert sandbox.report().by_endpoint == {"song": 1, "team_usage": 1}
    assert _metadata(client, songs[20:25]) == 5
    assert sandbox.report().billed == _costs(client) == cost + (5 if per_id else 1)


def test_an_unlimited_client_looks_at_no_quota_and_learns_from_later_batches(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.switch(batch_cost="id")
    client = connect(sandbox.url)
    _metadata(client, songs[:20])
    assert client.batch_price.per_id is None
    _metadata(client, songs[20:40])
    _metadata(client, songs[40:60])
    assert client.batch_price.per_id is True
    assert sandbox.report().by_endpoint == {"song": 3}


def test_what_other_processes_called_meanwhile_is_no_price(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    client, other = connect(sandbox.url), connect(sandbox.url)
    _metadata(client, songs[:20])
    for uuid in songs[:30]:
        _metadata(other, [uuid])
    client.begin()
    _metadata(client, songs[20:40])
    _metadata(client, songs[40:60])
    assert client.batch_price.per_id is False
    assert _costs(client) == 3


def test_small_batches_are_counted_for_what_they_cost_though_they_never_prove_the_price(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.switch(batch_cost="id")
    client = connect(sandbox.url)
    client.allowance.limit(100, 0)

    def ask(start: int) -> int:
        try:
            return _metadata(client, songs[start : start + 5])
        except AllowanceSpent:
            return 0

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(ask, range(0, 150, 5)))
    assert client.batch_price.per_id is None
    assert sandbox.report().billed == _costs(client) == answered == 100


def test_an_answer_that_comes_late_does_not_bring_quota_back(connect: Connect) -> None:
    overtaken = threading.Event()

    def reply(request: Heard) -> Reply:
        if request.target == "/slow":
            overtaken.wait(LONG)
            return said({}, x_quota_remaining="5000")
        return said({}, x_quota_remaining="100")

    with local_server(reply) as server:
        client = connect(server.url)
        client.allowance.limit(None, 90)
        slow = _in_another_thread(lambda: client.get("asked", "/slow"))
        while not server.heard:
            time.sleep(0.001)
        client.get("asked", "/quick")
        overtaken.set()
        slow.join(LONG)
        assert (client.quota_remaining, client.allowance.room) == (100, 10)


def test_an_answer_that_comes_late_does_not_make_the_next_batch_look_dearer(connect: Connect) -> None:
    overtaken = threading.Event()

    def reply(request: Heard) -> Reply:
        if request.target == "/slow":
            overtaken.wait(LONG)
            return said({}, x_quota_remaining="99")
        return said({}, x_quota_remaining="98" if request.target == "/quick" else "97")

    with local_server(reply) as server:
        client = connect(server.url)
        slow = _in_another_thread(lambda: client.get("asked", "/slow"))
        while not server.heard:
            time.sleep(0.001)
        client.get("asked", "/quick")
        overtaken.set()
        slow.join(LONG)
        client.get("song", "/batch", ids=12)
        assert _costs(client) == 3


def test_the_reserve_is_kept_where_batches_of_any_price_and_single_calls_are_sent_at_once(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.switch(batch_cost="id", quota=300)
    client = connect(sandbox.url)
    client.allowance.limit(None, 90)
    client.allowance.see(client.look_at_quota())

    def ask(number: int) -> None:
        with suppress(AllowanceSpent):
            if number % 2:
                _metadata(client, songs[number : number + 20])
            else:
                _ask(client)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(60)))
    assert sandbox.report().quota_remaining >= 90


def test_a_quota_that_has_risen_since_a_call_was_sent_is_that_of_a_new_term(connect: Connect) -> None:
    quotas = [said({}, x_quota_remaining=str(quota)) for quota in (100, 5_000, 4_999)]
    with local_server(in_turn(*quotas)) as server:
        client = connect(server.url)
        client.allowance.limit(None, 90)
        for room in (10, 4_910, 4_909):
            client.get("asked", "/")
            assert client.allowance.room == room


@pytest.mark.parametrize(("batch_cost", "batches"), [("call", 45), ("id", 2)])
def test_batches_sent_at_once_never_exceed_the_allowance_whatever_they_cost(
    sandbox: Sandbox, connect: Connect, songs: list[str], batch_cost: str, batches: int
) -> None:
    sandbox.switch(batch_cost=batch_cost)
    client = connect(sandbox.url)
    client.allowance.limit(45, 0)

    def ask(_: int) -> int:
        try:
            return int(_metadata(client, songs[:20]) == 20)
        except AllowanceSpent:
            return 0

    with ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(ask, range(60)))
    assert sandbox.report().billed == _costs(client) <= 45
    # A batch of unknown price is taken for the dearest, and so are those that are sent with it.
    assert answered >= 2
    assert answered == batches or batch_cost == "call"


def test_a_batch_that_would_not_fit_at_the_price_of_its_ids_is_not_sent(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    client = connect(sandbox.url)
    client.allowance.limit(19, 0)
    with pytest.raises(AllowanceSpent):
        _metadata(client, songs[:20])
    assert sandbox.report().by_endpoint == {"team_usage": 1}


def test_the_price_is_not_learnt_from_a_batch_that_was_refused(
    sandbox: Sandbox, connect: Connect, songs: list[str]
) -> None:
    sandbox.switch(batch_cost="id", batch_max_ids=15)
    client = connect(sandbox.url)
    client.allowance.limit(1_000, 0)
    assert _metadata(client, songs[:28]) == 28
    assert client.batch_price.per_id is True
    assert sandbox.report().billed == _costs(client)

"""Which failure an answer is: the table of contract sections 5 and 6."""

from collections.abc import Mapping

import pytest

from soundcharts_assets.api.errors import (
    CredentialsRejected,
    Fatal,
    Forbidden,
    Gone,
    HostUnreachable,
    Malformed,
    NotFound,
    QuotaExhausted,
    RateLimited,
    Refused,
    SoundchartsError,
    Transient,
    Unreachable,
    error_for,
)

PLAN = "This endpoint is not included in your current plan, reach out to help@soundcharts.com if you want access."
RATE = "You have reached the maximum request count, please try again later."


def rate_limit(message: str, headers: Mapping[str, str] | None = None) -> RateLimited:
    error = error_for(429, message, headers or {}, "song")
    assert isinstance(error, RateLimited)
    return error


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Invalid platform code", Refused),
        (400, 'Only "instagram, tiktok, youtube" are supported platforms.', Refused),
        (401, "Invalid credentials", CredentialsRejected),
        (401, "You are not logged in", CredentialsRejected),
        (403, PLAN, Forbidden),
        (404, "Not found.", NotFound),
        (404, "Chart not found", NotFound),
        (405, "Sandbox only. This operation is not allowed on sandbox environment", SoundchartsError),
        (409, "Conflict", SoundchartsError),
        (410, "ISRC Blacklisted due to multiple tracks identified from DSP", Gone),
        (422, "Unprocessable", SoundchartsError),
        (429, "Maximum quota reached", QuotaExhausted),
        (429, RATE, RateLimited),
        (408, "Request Timeout", Transient),
        (500, "Internal Server Error", Transient),
        (502, "Bad Gateway", Transient),
        (503, "Service Unavailable", Transient),
        (504, "Gateway Time-out", Transient),
        (302, "Found", SoundchartsError),
    ],
)
def test_a_status_and_its_message_tell_which_failure_it_is(
    status: int, message: str, kind: type[SoundchartsError]
) -> None:
    error = error_for(status, message, {}, "song")
    assert type(error) is kind
    assert error.status == status
    assert error.endpoint == "song"
    assert error.args == (message,)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429])
@pytest.mark.parametrize("message", ["Quota exceeded", "your monthly QUOTA is used up"])
def test_a_spent_quota_is_recognised_under_any_refusal(status: int, message: str) -> None:
    assert type(error_for(status, message, {}, "song")) is QuotaExhausted


def test_no_calls_left_in_the_window_is_a_rate_limit_whatever_is_said() -> None:
    headers = {"x-ratelimit-remaining": "0"}
    assert type(error_for(429, "Maximum quota reached", headers, "song")) is RateLimited
    assert type(error_for(429, "", headers, "song")) is RateLimited


def test_calls_left_in_the_window_do_not_make_a_quota_a_rate_limit() -> None:
    error = error_for(429, "Maximum quota reached", {"x-ratelimit-remaining": "12"}, "song")
    assert type(error) is QuotaExhausted


def test_the_words_for_the_rate_are_found_in_any_case() -> None:
    assert type(error_for(429, RATE.upper(), {}, "song")) is RateLimited


def test_a_429_without_words_is_a_quota_where_none_is_left() -> None:
    assert type(error_for(429, "", {"x-quota-remaining": "0"}, "song")) is QuotaExhausted


def test_a_429_that_says_neither_is_taken_for_a_rate_limit_of_unsaid_length() -> None:
    assert rate_limit("Too Many Requests").pause is None
    assert rate_limit("Too Many Requests", {"x-quota-remaining": "17"}).pause is None


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"x-ratelimit-reset": "7"}, 8),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-reset": "0.5"}, 1.5),
        ({"x-ratelimit-reset": "-3"}, 1),
        ({"X-RateLimit-Reset": "7"}, 8),
        ({"retry-after": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"x-ratelimit-reset": "7", "retry-after": "30"}, 8),
        ({"x-ratelimit-reset": "soon", "retry-after": "30"}, 30),
        ({"x-ratelimit-reset": ""}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_server_says_how_long_to_wait(headers: dict[str, str], pause: float | None) -> None:
    assert rate_limit(RATE, headers).pause == pause


@pytest.mark.parametrize("kind", [CredentialsRejected, QuotaExhausted, HostUnreachable])
def test_what_the_next_call_would_meet_as_well_is_fatal(kind: type[SoundchartsError]) -> None:
    assert issubclass(kind, Fatal)
    assert not issubclass(kind, Transient)


@pytest.mark.parametrize("kind", [Refused, Forbidden, NotFound, Gone, Malformed, Transient, Unreachable, RateLimited])
def test_what_concerns_one_call_is_not_fatal(kind: type[SoundchartsError]) -> None:
    assert not issubclass(kind, Fatal)


def test_an_error_says_where_it_happened_and_with_which_status() -> None:
    assert str(error_for(404, "Song not found", {}, "song_audience/spotify")) == (
        "song_audience/spotify 404: Song not found"
    )
    assert str(Unreachable("no answer", endpoint="song")) == "song: no answer"
    assert str(Malformed("items is not a list")) == "items is not a list"


@pytest.mark.parametrize("reset", ["1763800000", "inf"])
def test_no_header_stops_us_for_years(reset: str) -> None:
    error = error_for(429, "maximum request count", {"x-ratelimit-reset": reset}, "song")
    assert isinstance(error, RateLimited)
    assert error.pause == 301


@pytest.mark.parametrize(("status", "message"), [(500, "disk quota exceeded"), (404, "Chart quotable-hits not found")])
def test_the_word_quota_in_passing_is_no_spent_quota(status: int, message: str) -> None:
    assert not isinstance(error_for(status, message, {}, "song"), QuotaExhausted)


def test_a_server_that_asks_for_patience_while_it_fails_gets_it() -> None:
    error = error_for(503, "down for maintenance", {"Retry-After": "7"}, "song")
    assert isinstance(error, Transient)
    assert error.pause == 7

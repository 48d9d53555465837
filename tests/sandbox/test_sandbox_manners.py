"""How the sandbox lets in, bills, limits, fails, moves on and reports, over real HTTP."""

import base64
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import requests

from soundcharts_assets.sandbox.process import child_environment, running_sandbox
from tests.sandbox.conftest import LEGACY, TODAY, Client

LATEST = "/api/v2.14/chart/song/global-28/ranking/latest"
PLATFORMS = "/api/v2/chart/song/platforms"


def token(client: Client, secret: str) -> requests.Response:
    basic = base64.b64encode(f"soundcharts:{secret}".encode()).decode()
    return client.session.post(
        f"{client.sandbox.url}/oauth/token",
        headers={"Authorization": f"Basic {basic}"},
        data={"grant_type": "client_credentials"},
        timeout=10,
    )


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-app-id": "soundcharts"}, {**LEGACY, "x-api-key": "wrong"}, {"Authorization": "Bearer sandbox.stranger"}],
)
def test_strangers_get_401(client: Client, headers: dict[str, str]) -> None:
    answer = client.get(PLATFORMS, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"key": "access", "code": 401, "message": "Invalid credentials"}]}
    assert client.sandbox.report().billed == 0


def test_bearer_from_the_token_endpoint(client: Client) -> None:
    issued = token(client, "soundcharts").json()
    assert set(issued) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert issued["expires_in"] == 3600
    assert client.get(PLATFORMS, headers={"Authorization": f"Bearer {issued['access_token']}"}).status_code == 200
    form = {"grant_type": "client_credentials", "client_id": "soundcharts", "client_secret": "soundcharts"}
    assert client.session.post(f"{client.sandbox.url}/oauth/token", data=form, timeout=10).status_code == 200
    assert token(client, secret="wrong").status_code == 401
    assert client.sandbox.report().by_endpoint == {"chart_platforms": 1, "oauth_token": 3}
    assert client.sandbox.report().billed == 1


def test_tokens_expire(client: Client) -> None:
    client.sandbox.switch(token_lifetime_seconds=0.2)
    bearer = {"Authorization": f"Bearer {token(client, 'soundcharts').json()['access_token']}"}
    assert client.get(PLATFORMS, headers=bearer).status_code == 200
    time.sleep(0.25)
    assert client.get(PLATFORMS, headers=bearer).status_code == 401


def test_quota_runs_out_at_110_percent(client: Client) -> None:
    client.sandbox.switch(quota=10)
    answers = [client.get(PLATFORMS) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [200] * 11 + [429]
    left = [int(answer.headers["x-quota-remaining"]) for answer in answers]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert answers[-1].json()["errors"][0]["message"] == "Maximum quota reached"
    assert "x-ratelimit-reset" not in answers[-1].headers


def test_usage_is_free_and_answered_when_the_quota_is_spent(client: Client) -> None:
    client.sandbox.switch(quota=10)
    usage = client.get("/api/v2/team/usage")
    assert (usage.status_code, usage.headers["x-quota-remaining"]) == (200, "10")
    for _ in range(12):
        client.get(PLATFORMS)
    spent = [client.get("/api/v2/team/usage") for _ in range(3)]
    assert {(answer.status_code, answer.headers["x-quota-remaining"]) for answer in spent} == {(200, "0")}
    assert client.sandbox.report().billed == 11
    client.sandbox.switch(quota=20)
    assert client.get("/api/v2/team/usage").headers["x-quota-remaining"] == "20"


def test_a_file_is_told_how_far_the_days_are_ahead(tmp_path: Path) -> None:
    clock = tmp_path / "made" / "clock"
    with running_sandbox(today=TODAY, clock=clock) as sandbox:
        assert clock.read_text(encoding="utf-8") == "0\n"
        sandbox.advance(3)
        sandbox.advance()
        assert float(clock.read_text(encoding="utf-8")) == 4 * 86_400
        assert [path.name for path in clock.parent.iterdir()] == ["clock"]
    with running_sandbox(today=TODAY, clock=clock):
        assert clock.read_text(encoding="utf-8") == "0\n"


def test_what_is_billed(client: Client) -> None:
    client.sandbox.switch(quota=1000)
    client.get("/api/v2/team/usage")
    client.get(PLATFORMS, headers={})
    client.sandbox.faults([{"path": "platforms", "kind": "status", "status": 503, "times": 1}])
    assert client.get(PLATFORMS).headers["x-quota-remaining"] == "1000"
    assert client.get("/api/v2.14/chart/song/none/ranking/latest").headers["x-quota-remaining"] == "999"
    songs = [entry["song"]["uuid"] for entry in client.latest("viral-50-40")["items"]]
    client.json(f"/api/v2.25/song/{','.join(songs[:40])}")
    assert client.sandbox.report().billed == 3
    client.sandbox.switch(batch_cost="id")
    client.json(f"/api/v2.25/song/{','.join(songs[:40])}")
    assert client.sandbox.report().billed == 43


def test_rate_limit(client: Client) -> None:
    client.sandbox.switch(requests_per_minute=3, rate_window_seconds=0.4)
    answers = [client.get(PLATFORMS) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    assert "maximum request count" in refused.json()["errors"][0]["message"]
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert int(refused.headers["x-ratelimit-reset"]) >= 1
    assert client.sandbox.report().billed == 3
    time.sleep(0.45)
    assert client.get(PLATFORMS).status_code == 200


def test_plan_forbids_platforms(client: Client) -> None:
    client.sandbox.switch(plan_forbidden=["tiktok", "airplay"])
    uuid = client.latest("top-songs-70")["items"][1]["song"]["uuid"]
    assert client.get(f"/api/v2/song/{uuid}/audience/tiktok").status_code == 403
    assert "current plan" in client.get(f"/api/v2/song/{uuid}/broadcasts").json()["errors"][0]["message"]
    assert client.get(f"/api/v2/song/{uuid}/audience/spotify").status_code == 200


def test_latency(client: Client) -> None:
    client.sandbox.switch(latency_seconds=0.1, jitter=0.05)
    begun = time.monotonic()
    client.get(PLATFORMS)
    assert 0.1 <= time.monotonic() - begun < 0.5


def test_switches_are_checked(client: Client) -> None:
    for wrong in ({"nonesuch": 1}, {"batch_cost": "word"}, {"quota": -1}):
        with pytest.raises(ValueError, match="refused switches"):
            client.sandbox.switch(**wrong)
    with pytest.raises(ValueError, match="refused faults"):
        client.sandbox.faults([{"path": "x", "kind": "nonesuch"}])


def test_spoiled_answers(client: Client) -> None:
    whole = client.get(LATEST, limit=5)
    rules = [{"path": r"ranking/latest\?limit=5$", "kind": kind, "times": 1} for kind in ("empty_items", "null_items")]
    client.sandbox.faults([*rules, {"path": "latest", "kind": "malformed", "times": 1}])
    assert client.get(LATEST, limit=5).json()["items"] == []
    assert client.get(LATEST, limit=5).json()["items"] is None
    assert isinstance(client.get(LATEST, limit=5).json()["items"], str)
    assert client.get(LATEST, limit=5).content == whole.content
    client.sandbox.faults([{"path": "latest", "kind": "truncated"}])
    cut = client.get(LATEST, limit=5)
    assert cut.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        cut.json()


def test_malformed_object(client: Client) -> None:
    uuid = client.latest("viral-50-40")["items"][0]["song"]["uuid"]
    client.sandbox.faults([{"path": "/song/", "kind": "malformed"}])
    assert isinstance(client.json(f"/api/v2.25/song/{uuid}")["object"], list)


def test_status_after_times_and_decoded_path(client: Client) -> None:
    instant = client.latest("global-28")["related"]["date"]
    rule = {"path": r"ranking/.*\+00:00", "kind": "status", "status": 500, "after": 1, "times": 2}
    client.sandbox.faults([rule])
    path = f"/api/v2.14/chart/song/global-28/ranking/{instant.replace('+', '%2B')}"
    answers = [client.get(path, limit=1) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 500, 500, 200]
    assert answers[1].json() == {"errors": [{"key": "server", "code": 500, "message": "Internal Server Error"}]}


def test_share_of_faults_is_repeatable(client: Client) -> None:
    def struck() -> list[bool]:
        client.sandbox.faults([{"path": "platforms", "kind": "status", "share": 0.5}])
        return [client.get(PLATFORMS).status_code == 500 for _ in range(30)]

    once = struck()
    assert 5 < sum(once) < 25
    assert struck() == once


def test_reset_and_hang(client: Client) -> None:
    client.sandbox.faults([{"path": "platforms", "kind": "reset", "times": 1}])
    with pytest.raises(requests.ConnectionError):
        client.get(PLATFORMS)
    assert client.get(PLATFORMS).status_code == 200
    assert client.sandbox.report().by_status == {"200": 1, "unanswered": 1}
    client.sandbox.faults([{"path": "platforms", "kind": "hang"}])
    with pytest.raises(requests.ReadTimeout):
        requests.get(client.sandbox.url + PLATFORMS, headers=LEGACY, timeout=0.2)
    client.sandbox.faults([{"path": "platforms", "kind": "hang", "seconds": 0.2}])
    assert client.get(PLATFORMS).status_code == 200
    report = client.sandbox.report()
    assert report.by_status == {"200": 2, "unanswered": 2}
    assert report.billed == 2


def test_rate_refusal_as_a_fault(client: Client) -> None:
    client.sandbox.faults([{"path": "platforms", "kind": "status", "status": 429, "times": 1}])
    refused = client.get(PLATFORMS)
    assert refused.headers["x-ratelimit-reset"] == "1"
    assert "maximum request count" in refused.text


def test_token_endpoint_can_fail(client: Client) -> None:
    client.sandbox.faults([{"path": "oauth/token", "kind": "status", "status": 502, "times": 1}])
    assert token(client, "soundcharts").status_code == 502
    assert token(client, "soundcharts").status_code == 200


def test_report(client: Client) -> None:
    for limit in (1, 2, 1, 1):
        client.get(LATEST, limit=limit)
    uuid = client.latest("viral-50-40", limit=1)["items"][0]["song"]["uuid"]
    client.get(f"/api/v2/song/{uuid}/audience/airplay")
    client.get("/api/v2/elsewhere")
    report = client.sandbox.report()
    assert report.today == TODAY
    assert report.calls == 7
    assert report.billed == 6
    assert report.by_endpoint == {"ranking_latest": 5, "song_audience/airplay": 1, "unknown": 1}
    assert report.by_status == {"200": 5, "400": 1, "404": 1}
    assert report.duplicates == 2
    assert report.duplicate_examples == [f"{LATEST}?limit=1"]
    assert 1 <= report.busiest_second <= 7
    client.sandbox.reset()
    again = client.sandbox.report()
    assert (again.calls, again.duplicates, again.busiest_second) == (0, 0, 0)
    assert again.quota_remaining == report.quota_remaining


def test_days_go_by(calendar: Client) -> None:
    daily, weekly = calendar.instants("global-28"), calendar.instants("top-songs-31")
    uuid = calendar.latest("global-28")["items"][0]["song"]["uuid"]
    path = f"/api/v2/song/{uuid}/audience/spotify"
    window = {"startDate": "2026-10-01", "endDate": "2027-01-01"}
    before = calendar.json(path, **window)["items"]

    assert calendar.sandbox.advance() == date(2026, 11, 23)
    published = calendar.instants("global-28")
    assert published == [*daily, "2026-11-23T12:00:00+00:00"]
    assert calendar.latest("global-28")["related"]["date"] == published[-1]
    assert calendar.instants("top-songs-31") == weekly

    calendar.sandbox.advance(6)
    assert len(calendar.instants("global-28")) == len(daily) + 7
    later = calendar.instants("top-songs-31")
    assert len(later) == len(weekly) + 1
    assert (date.fromisoformat(later[-1][:10]) - date.fromisoformat(later[-2][:10])).days == 7
    assert calendar.instants("empty-99") == []

    after = calendar.json(path, **window)["items"]
    assert after[-len(before) :] == before
    assert len(after) > len(before)


def test_rankings_follow_their_predecessors(calendar: Client) -> None:
    calendar.sandbox.advance(2)
    instants = calendar.instants("viral-50-40")
    path = "/api/v2.14/chart/song/viral-50-40/ranking"
    before, now = (calendar.json(f"{path}/{instant}")["items"] for instant in instants[-2:])
    old = {entry["song"]["uuid"]: entry for entry in before}
    shared = [entry for entry in now if entry["song"]["uuid"] in old and entry["oldPosition"]]
    assert len(shared) > 30
    for entry in shared:
        earlier = old[entry["song"]["uuid"]]
        assert entry["oldPosition"] == earlier["position"]
        assert entry["timeOnChart"] == earlier["timeOnChart"] + 1
        assert entry["entryDate"] == earlier["entryDate"]


def test_revision_and_publication_between_pages(calendar: Client) -> None:
    newest = calendar.latest("global-28", limit=3)
    ranked_at, total = newest["related"]["date"], newest["page"]["total"]
    assert calendar.sandbox.revise("global-28", ranked_at, drop=3) == total - 3
    calendar.sandbox.revise("global-28", ranked_at, swap=[1, 2])
    revised = calendar.latest("global-28", limit=3)
    assert revised["page"]["total"] == total - 3
    names = [[entry["song"]["uuid"] for entry in page["items"]] for page in (newest, revised)]
    assert names[1] == [names[0][1], names[0][0], names[0][2]]
    with pytest.raises(ValueError, match="refused revision"):
        calendar.sandbox.revise("global-28", "2020-01-01T12:00:00+00:00", drop=1)

    calendar.sandbox.publish_between("global-28")
    assert calendar.latest("global-28", offset=0)["related"]["date"] == ranked_at
    moved = calendar.latest("global-28", offset=100)["related"]["date"]
    assert moved > ranked_at
    assert calendar.latest("global-28", offset=0)["related"]["date"] == moved


def test_two_sandboxes_agree_and_start_quickly() -> None:
    begun = time.monotonic()
    with running_sandbox(today=date(2026, 12, 24), quota=5) as sandbox:
        assert time.monotonic() - begun < 5
        other = requests.get(f"{sandbox.url}{PLATFORMS}", headers=LEGACY, timeout=10)
        assert other.headers["x-quota-remaining"] == "4"
        url = sandbox.url
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=1)


def test_a_sandbox_leaves_with_its_parent() -> None:
    parent = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    command = [sys.executable, "-m", "soundcharts_assets.sandbox", "--exit-with-parent", parent.stdout.decode().strip()]
    assert subprocess.run(command, capture_output=True, timeout=15, check=False).returncode == 0


def test_secrets_stay_with_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDCHARTS_API_KEY", "secret")
    monkeypatch.setenv("PATH", "/usr/bin")
    handed_on = child_environment()
    assert "SOUNDCHARTS_API_KEY" not in handed_on
    assert handed_on["PATH"] == "/usr/bin"

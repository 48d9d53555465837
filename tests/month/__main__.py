"""The simulated month at its full size, for the figures: `python -m tests.month --charts 60 --days 30`."""

import argparse
import json
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tests.month.data import write_charts
from tests.month.oracle import Rules
from tests.month.simulation import POLLS, Result
from tests.month.test_month import simulated

# One of each kind is enough to see the rules at work; every further platform only adds the same calls again.
KINDS = Rules(track_audience=("spotify",), artist_audience=("tiktok",), artist_listening=())


def main() -> None:
    """Simulate, and print after each day what came of all days so far, as one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charts", type=int, default=60)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--tick-minutes", type=int, default=60)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        charts = write_charts(Path(folder) / "data", arguments.charts)
        tick = timedelta(minutes=arguments.tick_minutes)
        with simulated(Path(folder), charts, KINDS, tick) as (simulation, operator):
            for day in range(1, arguments.days + 1):
                result = simulation.live(operator, 1)
                print(json.dumps({"day": day, **_figures(result)}), flush=True)  # noqa: T201
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")  # noqa: T201


def _figures(result: Result) -> dict[str, object]:
    asked = {endpoint: count for endpoint, count in result.calls.items() if endpoint != POLLS}
    followers = sum(count for endpoint, count in asked.items() if endpoint.startswith("artist_audience/"))
    return {
        "calls": result.calls,
        "as the oracle says": asked == result.needed,
        "differences": {
            endpoint: (asked.get(endpoint, 0), result.needed.get(endpoint, 0))
            for endpoint in sorted({*asked, *result.needed})
            if asked.get(endpoint, 0) != result.needed.get(endpoint, 0)
        },
        "polls per published ranking": round(result.polls_per_ranking, 3),
        "runs by cause": dict(result.runs),
        "rankings published": result.published,
        "rankings stored": result.stored,
        "oldest row, hours": {
            subject: round(result.oldest(subject) / timedelta(hours=1), 2) for subject in KINDS.subjects
        },
        "calls for artist audiences": followers,
        "of them when asked daily": result.daily_followers,
    }


if __name__ == "__main__":
    main()

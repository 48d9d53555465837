"""`python -m soundcharts_assets.sandbox`: serve the sandbox from the command line.

Belongs here: the arguments. Does not belong here: anything they mean.
"""

import argparse
from datetime import date
from pathlib import Path

from soundcharts_assets.sandbox.data import DEFAULT_FOLDER
from soundcharts_assets.sandbox.server import Options, serve
from soundcharts_assets.sandbox.switches import Switches


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="soundcharts_assets.sandbox", description="A local Soundcharts API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, help="folder of Parquet files")
    parser.add_argument("--today", type=date.fromisoformat, help="YYYY-MM-DD; the UTC date when left out")
    parser.add_argument("--clock", type=Path, metavar="FILE", help="told the seconds by which days are ahead")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--requests-per-minute", type=int)
    parser.add_argument("--quota", type=int, default=Switches().quota)
    parser.add_argument("--exit-with-parent", type=int, metavar="PID", help="end when this process is gone")
    arguments = parser.parse_args()
    switches = Switches(
        latency_seconds=arguments.latency_ms / 1000,
        requests_per_minute=arguments.requests_per_minute,
        quota=arguments.quota,
    )
    serve(
        Options(
            host=arguments.host,
            port=arguments.port,
            data=arguments.data,
            today=arguments.today,
            clock=arguments.clock,
            switches=switches,
            exit_with_parent=arguments.exit_with_parent,
        )
    )


if __name__ == "__main__":
    main()

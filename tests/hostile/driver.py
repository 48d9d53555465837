"""Commands one after the other in one process with all logs on, as told by standard input: for hunting secrets."""

import json
import logging
import os
import sys
import traceback
from typing import Any
from unittest import mock


def crash(*_: Any, **__: Any) -> None:
    """Stand in for a mistake of ours, in the middle of a call."""
    raise RuntimeError("crashed on purpose")


def carry_out(step: dict[str, Any]) -> int:
    """Run one command as its user would, but for the logs."""
    from soundcharts_assets.cli import main  # noqa: PLC0415

    patched = mock.patch("soundcharts_assets.api.client.Client._json", crash) if step["crash"] else mock.MagicMock()
    arguments = mock.patch.object(sys, "argv", ["soundcharts-assets", *step["arguments"]])
    try:
        with mock.patch.dict(os.environ, step["environment"], clear=True), arguments, patched:
            main()
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:  # noqa: BLE001 - as Python itself ends
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    for told in json.load(sys.stdin):
        code = carry_out(told)
        sys.stderr.flush()
        print(f"ENDED {code} : {told['name']}", flush=True)  # noqa: T201

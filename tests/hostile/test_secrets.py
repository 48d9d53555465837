"""Keys, secrets, tokens and the webhook's address, hunted for in everything that whole processes leave behind.

The vendor of these tests is careless: it quotes what it was sent in every body and every message. All logs are on.
The environment of a process holds what was put there; nothing hides that.
"""

import base64
import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest

from soundcharts_assets.automation.alerts import Alerts
from soundcharts_assets.refresh.breaker import Breaker
from soundcharts_assets.sandbox.process import child_environment
from soundcharts_assets.settings.reading import load_settings
from soundcharts_assets.warehouse.spool import Spool
from tests.api.local_server import Heard, LocalServer, Reply, local_server, refused, said
from tests.hostile.vendor import NOW, SOUND, Vendor
from tests.program import Program

ROOT = Path(__file__).parents[2]
KEY = "key-1a2b3c/4d5e6f+7081=92a3b4"
SECRET = "sec-9f8e7d/6c5b4a+3928=1706f5"
TOKEN = "tok-0123456789/abcdef+ghij=klm"
HOOK = "hook-5f4e3d2c1b0a99887766"
WRONG = "wrong-abcdef/0123456789+zyxw="
CLIENT = "our-client"
SETTINGS = f"""
charts: [{SOUND}]
platforms: {{track_audience: [spotify], artist_audience: [], artist_listening: []}}
api: {{calls_per_minute: 100000, polls_per_minute: 100000, attempts: 2, backoff_seconds: 0.01}}
audience: {{charted_within_days: 36500}}
warehouse: {{lock_timeout_seconds: 20}}
"""
DAGSTER = """
telemetry: {enabled: false}
nux: {enabled: false}
python_logs: {managed_python_loggers: [root], python_log_level: DEBUG}
run_coordinator: {module: dagster, class: QueuedRunCoordinator, config: {dequeue_interval_seconds: 1}}
"""
COMMAND = [sys.executable, "-c", "from soundcharts_assets.cli import main; main()"]
DRIVER = [sys.executable, "-m", "tests.hostile.driver"]
APPLICATION = {"SOUNDCHARTS_APP_ID": "our-app", "SOUNDCHARTS_API_KEY": KEY}
OAUTH = {"SOUNDCHARTS_CLIENT_ID": CLIENT, "SOUNDCHARTS_CLIENT_SECRET": SECRET}

linux_only = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads what Linux tells of processes")


def forms(secret: str) -> set[bytes]:
    """A secret as it is, in an address, in JSON, and encoded as a log-in has it, whatever stands before."""
    shifted = [base64.b64encode(b"x" * shift + secret.encode())[4 : -4 if shift else None] for shift in range(3)]
    pairs = [base64.b64encode(f"{user}:{secret}".encode()) for user in (CLIENT, "our-app")]
    written = [secret, quote(secret, safe=""), secret.replace("/", r"\/"), json.dumps(secret)[1:-1]]
    return {
        *(one.encode() for one in written),
        *(pair.rstrip(b"=") for pair in pairs),
        *(one.rstrip(b"=") for one in shifted),
    }


SECRETS = {"key": KEY, "secret": SECRET, "token": TOKEN, "hook": HOOK, "wrong": WRONG}
HIDDEN = {name: forms(text) for name, text in SECRETS.items()}


def told(content: bytes) -> list[str]:
    """Names of the secrets that a text tells, in whatever form."""
    return [name for name, written in HIDDEN.items() if any(form in content for form in written)]


# The careless vendor.


class Careless:
    """Knows the contract, checks credentials, and quotes what it was sent wherever there is room.

    The first part of the path says how it fails: `/ok` does not.
    """

    def __init__(self) -> None:
        today = datetime.now(UTC).date()
        self._vendor = Vendor(tracks=2, days=tuple(str(today - timedelta(days)) for days in (3, 2, 1)))
        self.posted = 0

    def __call__(self, request: Heard) -> Reply:  # noqa: PLR0911 - one for each manner
        """Answer a request."""
        _, mode, *rest = request.target.split("/")
        sent = " ".join(request.headers.get(name, "") for name in ("authorization", "x-api-key", "x-app-id"))
        if mode == "hook":
            self.posted += 1
            return Reply(status=500)
        if mode == "oauth":
            pair = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if pair not in sent:
                return refused(401, f"Not {sent} and not {WRONG}")
            return said({"access_token": TOKEN, "expires_in": 3600, "asked_with": sent})
        if mode == "expired" or not (KEY in sent or TOKEN in sent):
            return refused(401, f"Invalid credentials: {sent}")
        if mode.isdecimal():
            return refused(int(mode), f"Maximum quota reached for {sent}", x_quota_remaining="0")
        if rest[-1].startswith("usage"):
            return said({"quota": 1_000_000, "asked_with": sent}, x_quota_remaining="999999")
        reply = self._vendor(Heard(request.method, "/" + "/".join(rest), request.headers, request.body))
        return said(
            quoting(json.loads(reply.body), sent, spoil=mode == "spoilt"), reply.status, x_quota_remaining="999999"
        )


def quoting(value: Any, sent: str, *, spoil: bool) -> Any:
    """A body that quotes what was sent in each of its objects; a spoilt one cannot be stored."""
    if isinstance(value, list):
        return [quoting(one, sent, spoil=spoil) for one in value]
    if not isinstance(value, dict):
        return value
    quoted = {key: quoting(one, sent, spoil=spoil) for key, one in value.items()}
    return {**quoted, "asked_with": sent, **({"position": sent} if spoil and "position" in value else {})}


# What processes leave behind.


@dataclass
class Scene:
    """A folder in which processes run, and all that they said.

    Attributes:
        folder: DAGSTER_HOME, and where warehouse, spool and settings are.
        server: The careless vendor.
        said: What each process wrote to its standard output and errors.
        lines: Command lines of every process that was seen, children included.
    """

    folder: Path
    server: LocalServer
    said: dict[str, bytes] = field(default_factory=dict)
    lines: dict[int, bytes] = field(default_factory=dict)

    def environment(self, mode: str, **changes: str) -> dict[str, str]:
        """Variables of a process that asks the vendor in this mode."""
        return {
            **child_environment(),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            "DAGSTER_HOME": str(self.folder),
            "SOUNDCHARTS_BASE_URL": f"{self.server.url}/{mode}" if mode != "nobody" else "http://127.0.0.1:9",
            "SOUNDCHARTS_TOKEN_URL": f"{self.server.url}/oauth/token",
            "SOUNDCHARTS_WAREHOUSE": str(self.folder / "warehouse.duckdb"),
            "SOUNDCHARTS_WEBHOOK": f"{self.server.url}/hook/{HOOK}",
            **changes,
        }

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], feed: str = "") -> int:
        """Run a process to its end."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.look(process.pid)
        self.said[name], _ = process.communicate(feed.encode(), timeout=300)
        return process.returncode

    def look(self, root: int) -> None:
        """Note the command lines of a process and of all below it."""
        for pid in family(root):
            with_line = Path(f"/proc/{pid}/cmdline")
            if with_line.exists():
                self.lines[pid] = with_line.read_bytes()

    def leaks(self) -> list[str]:
        """Where a secret was found, and which."""
        found = [f"said by {name}: {which}" for name, text in self.said.items() for which in told(text)]
        found += [f"command line {line!r}" for line in self.lines.values() if told(line)]
        found += [f"{path}: {which}" for path in self.files() for which in told(path.read_bytes())]
        return found + [f"{table}: {which}" for table, text in self.tables() for which in told(text)]

    def files(self) -> list[Path]:
        """Every file below the folder."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def tables(self) -> Iterator[tuple[str, bytes]]:
        """Everything that the warehouse holds, which its file compresses."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
            for (name,) in names:
                rows = connection.execute(f"SELECT * FROM soundcharts.{name}").fetchall()
                yield name, repr(rows).encode() + json.dumps(rows, default=str).encode()


def family(root: int) -> list[int]:
    """A process and all that it started, as far as they live."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(") ")
            parents[int(name.split()[0])] = int(rest.split()[1])
        except OSError:
            continue
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


@contextmanager
def scene_in(folder: Path) -> Iterator[Scene]:
    (folder / "dagster.yaml").write_text(DAGSTER, encoding="utf-8")
    (folder / "soundcharts.yaml").write_text(SETTINGS, encoding="utf-8")
    with local_server(Careless()) as server:
        yield Scene(folder, server)


def step(name: str, environment: Mapping[str, str], *arguments: str, crash: bool = False) -> dict[str, Any]:
    """What the driver does next."""
    return {"name": name, "environment": dict(environment), "arguments": arguments, "crash": crash}


def test_a_secret_would_be_found_in_each_of_its_forms() -> None:
    for name, secret in SECRETS.items():
        plain, pair = secret.encode(), base64.b64encode(f"{CLIENT}:{secret}".encode())
        quoted, escaped = quote(secret, safe="").encode(), json.dumps({"a": secret}).replace("/", r"\/").encode()
        for written in (plain, quoted, escaped, pair, *(base64.b64encode(b"x" * count + plain) for count in range(4))):
            assert told(b"before " + written + b" after") == [name], (name, written)


def test_the_address_of_the_webhook_is_not_logged_by_any_library(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    careless = Careless()
    with local_server(careless) as server:
        for url in (server.url, "http://127.0.0.1:9"):
            settings = load_settings({"SOUNDCHARTS_WEBHOOK": f"{url}/hook/{HOOK}?token={KEY}"})
            alerts = Alerts(settings, Spool(tmp_path / "spool"))
            assert not alerts.breaker(Breaker("quota", NOW, NOW, "spent"))
    assert careless.posted == 1
    logged = [record.getMessage() + repr(record.args) for record in caplog.records]
    assert "The webhook answered 500(500,)" in logged
    assert [text for text in logged if told(text.encode())] == []


def steps_of(scene: Scene, *, everything: bool) -> list[dict[str, Any]]:
    """Passes that succeed, fail and crash, with both schemes."""
    force = ("sync", "--force")
    quick = [
        step("a pass by key", scene.environment("ok", **APPLICATION), "sync"),
        step("a malformed pass by token", scene.environment("spoilt", **OAUTH), *force, "--json"),
        step("a wrong secret", scene.environment("ok", **{**OAUTH, "SOUNDCHARTS_CLIENT_SECRET": WRONG}), *force),
        step("a crash", scene.environment("ok", **OAUTH), *force, crash=True),
        step("status", scene.environment("ok", **OAUTH), "status", "--json"),
    ]
    if not everything:
        return quick
    pairs = cycle((APPLICATION, OAUTH))
    failing = [
        step(mode, scene.environment(mode, **next(pairs)), *force, "--json")
        for mode in ("expired", "expired", "429", "429", "403", "404", "500", "500", "nobody", "nobody")
    ]
    asking = [
        step(" ".join(arguments), scene.environment("ok", **next(pairs)), *arguments)
        for arguments in (
            ("doctor",), ("doctor", "--json"), ("plan",), ("plan", "--json"), ("status",), ("charts", "list"),
            ("charts", "platforms"), ("charts", "search", "--platform", "spotify"), ("charts", "add", "odd-1"),
        )
    ]  # fmt: skip
    wrong = step("a wrong key", scene.environment("ok", **{**APPLICATION, "SOUNDCHARTS_API_KEY": WRONG}), *force)
    return [*quick, *failing, wrong, *asking]


def drive(scene: Scene, steps: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Carry out steps in one process with all logs on; returns their exit codes."""
    code = scene.run("the driver", DRIVER, {**scene.environment("ok"), **APPLICATION}, json.dumps(steps))
    assert code == 0, scene.said["the driver"][-2_000:]
    ended = [line.split(b" ", 3)[1:] for line in scene.said["the driver"].splitlines() if line.startswith(b"ENDED ")]
    return [(name.decode(), int(number)) for number, _, name in ended]


def test_passes_that_succeed_fail_and_crash_tell_no_secret(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        codes = drive(scene, steps_of(scene, everything=False))
        said_by = scene.said["the driver"]
        assert scene.leaks() == []
    assert dict(codes) == {
        "a pass by key": 0,
        "a malformed pass by token": 1,
        "a wrong secret": 3,
        "a crash": 1,
        "status": 0,
    }
    # The logs were on, the crash left its trace, and what was quoted is kept without the secret.
    assert b"DEBUG" in said_by
    assert b"urllib3.connectionpool" in said_by
    assert b"Traceback" in said_by
    assert b"crashed on purpose" in said_by
    kept = dict(scene.tables())
    assert b"asked_with" in kept["tracks"]
    assert b"***" in kept["malformed_answers"]
    assert len(scene.files()) > 5
    assert scene.lines


# Servers, and everything at once.


def listening(pids: Iterable[int]) -> set[str]:
    """Addresses on which processes listen, as Linux writes them: hexadecimal, in the order of the machine."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                inodes.add(descriptor.readlink().name)
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def is_loopback(address: str) -> bool:
    """Whether an address is 127.0.0.0/8, ::1, or the former written as the latter."""
    host = address.partition(":")[0]
    return (
        host[-2:] == "7F" and (len(host) == 8 or host[:24] == "0000000000000000FFFF0000")
    ) or host == "0" * 24 + "01000000"


@contextmanager
def running(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run a server until the block ends; what it says goes into a file."""
    server = Program(command, folder, environment, folder / "server.log")
    try:
        yield server
    finally:
        server.end()


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_addresses_of_this_machine_are_told_from_others() -> None:
    assert is_loopback("0100007F:0BB8")
    assert is_loopback("00000000000000000000000001000000:0BB8")
    assert is_loopback("0000000000000000FFFF00000100007F:0BB8")
    for everywhere in ("00000000:0BB8", "00000000000000000000000000000000:0BB8", "0100A8C0:0BB8"):
        assert not is_loopback(everywhere)


@linux_only
@pytest.mark.parametrize(("arguments", "is_kept"), [((), True), (("--host", "0.0.0.0"), False)])  # noqa: S104
def test_the_sandbox_listens_to_this_machine_alone_unless_told_otherwise(
    tmp_path: Path,
    arguments: tuple[str, ...],
    is_kept: bool,  # noqa: FBT001
) -> None:
    with running(
        [*COMMAND, "sandbox", "--port", "0", *arguments], tmp_path, {**child_environment(), "PYTHONPATH": str(ROOT)}
    ) as process:
        wait_for(lambda: bool(listening(family(process.pid))), "the sandbox does not listen", 60)
        found = listening(family(process.pid))
    assert all(map(is_loopback, found)) is is_kept


@pytest.mark.slow
def test_no_command_tells_a_secret_however_it_ends(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        steps = steps_of(scene, everything=True)
        codes = drive(scene, steps)
        assert scene.leaks() == []
    ended = [code for _, code in codes]
    assert len(ended) == len(steps)
    assert set(ended) == {0, 1, 3}
    assert [code for name, code in codes if name in {"expired", "429"}] == [3] * 4


@pytest.mark.slow
@linux_only
def test_the_live_system_tells_no_secret_and_listens_to_this_machine_alone(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "soundcharts_assets").symlink_to(ROOT / "soundcharts_assets")  # where `dg` looks for it
    with scene_in(tmp_path) as scene:
        environment = scene.environment("spoilt", **OAUTH)
        register = "import dagster as dg; dg.DagsterInstance.get().add_dynamic_partitions('charts', ['sound-1'])"
        assert scene.run("registering", [sys.executable, "-c", register], environment) == 0
        program = str(Path(sys.executable).with_name("dagster"))
        what = f"asset materialize --select * --partition {SOUND} -m soundcharts_assets.definitions"
        materialize = [program, *what.split()]
        assert scene.run("a run of Dagster whose ranking cannot be stored", materialize, environment) == 0
        port = str(20_000 + os.getpid() % 20_000)
        with running([*COMMAND, "dev", "--port", port], tmp_path, scene.environment("expired", **OAUTH)) as process:

            def is_up() -> bool:
                assert process.poll() is None, (tmp_path / "server.log").read_text(encoding="utf-8")[-2_000:]
                scene.look(process.pid)
                serves = any(address.endswith(f":{int(port):04X}") for address in listening(family(process.pid)))
                # A sensor's first tick notes what is loaded: code server and daemon are up by then.
                return serves and bool(list(tmp_path.glob("warehouse.duckdb.spool/loaded-*")))

            wait_for(is_up, "no webserver listens, or no sensor has ticked", 240)
            sockets = listening(family(process.pid))
        assert [address for address in sockets if not is_loopback(address)] == []
        assert scene.leaks() == []
        assert len(scene.lines) > 4

"""Copies, snapshots and exports as a person asks for them; the examples of docs/using-the-data.md as they stand."""

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.shop import ROOT, Shop, lines

APART = "# In an environment of its own: pip install "
PAGE = (ROOT / "docs" / "using-the-data.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop whose warehouse holds a chart's rankings."""
    shop.follow("viral-50-40", more="platforms: {track_audience: [], artist_audience: [], artist_listening: []}")
    assert shop.call("sync").returncode == 0
    return shop


def test_the_examples_of_the_page_work_as_they_stand(stocked: Shop) -> None:
    commands = [line.partition("#")[0].split() for line in PAGE.splitlines() if line.startswith("soundcharts-assets ")]
    for _, *arguments in commands:
        done = stocked.call(*arguments)
        assert done.returncode == 0, (arguments, lines(done))
    programs = [program for program in PROGRAMS if not program.startswith(APART)]
    for program in programs:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=stocked.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    assert len(commands) == 4
    assert len(programs) == 3
    assert (stocked.folder / "out" / "chart_entries.xlsx").is_file()
    assert (stocked.folder / "out" / "chart_health.parquet").is_file()


@pytest.mark.slow
def test_duckdbs_own_program_and_the_stock_io_manager_read_a_snapshot_in_an_environment_of_their_own(
    stocked: Shop, tmp_path: Path
) -> None:
    assert stocked.call("snapshot", "data/for_bi.duckdb").returncode == 0
    (program,) = (program for program in PROGRAMS if program.startswith(APART))
    (query,) = (shlex.split(line) for line in PAGE.splitlines() if line.startswith("duckdb "))
    packages = [*shlex.split(program.partition("\n")[0].removeprefix(APART)), "duckdb-cli==1.5.5"]
    venv.create(tmp_path / "environment", with_pip=True)
    python = str(tmp_path / "environment" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, capture_output=True)

    done = subprocess.run([python, "-c", program], cwd=stocked.folder, capture_output=True, text=True, check=False)

    shown = subprocess.run(
        [str(Path(python).with_name("duckdb")), *query[1:]],
        cwd=stocked.folder,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "credit_name" in shown.stdout
    assert done.returncode == 0, done.stderr[-2000:]
    assert 0 <= float(done.stdout.splitlines()[-1]) <= 1


def test_a_copy_tells_what_both_sides_hold(stocked: Shop) -> None:
    done = stocked.call("copy", "--to", "elsewhere.duckdb")

    assert done.returncode == 0
    assert re.search(r"chart_entries +50 +[0-9a-f]+", done.stdout)
    assert "SOUNDCHARTS_WAREHOUSE says which is used" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("copy", "--to", "data/warehouse.duckdb"), "--to: is the warehouse itself"),
        (("copy", "--to", "ducklake:nowhere"), "--to: the catalogue of a lake is in Postgres"),
        (("copy", "--to", "data/../data/warehouse.duckdb"), "--to: is the warehouse itself"),
        (("copy", "--to", "soundcharts.yaml/copy.duckdb"), "soundcharts.yaml cannot be written"),
        (("snapshot", "data/warehouse.duckdb"), "is the warehouse itself"),
        (("snapshot", "data/../data/warehouse.duckdb"), "is the warehouse itself"),
        (("snapshot", "data"), "data: is a folder; name a file, such as data/snapshot.duckdb"),
        (("snapshot", "."), "is a folder"),
        (("snapshot", "pipe"), "is no file, but a device or the like"),
        (("snapshot", "soundcharts.duckdb"), "the file must not be called soundcharts"),
        (("snapshot", "soundcharts.yaml/snapshot.duckdb"), "cannot be written: Not a directory"),
        (("export", "out", "--table", "trakcs"), "there is no trakcs; there are charts"),
        (("export", "soundcharts.yaml"), "soundcharts.yaml"),
    ],
)
def test_what_cannot_be_taken_out_is_one_clear_line(stocked: Shop, arguments: tuple[str, ...], says: str) -> None:
    os.mkfifo(stocked.folder / "pipe")

    done = stocked.call(*arguments)

    assert done.returncode == 2
    assert len(lines(done)) == 1, lines(done)
    assert re.search(says, lines(done)[0])


@pytest.mark.parametrize("arguments", [("copy", "--to", "a.duckdb"), ("snapshot", "b.duckdb"), ("export", "out")])
def test_without_a_warehouse_nothing_is_made(shop: Shop, arguments: tuple[str, ...]) -> None:
    before = sorted(path.name for path in Path(shop.folder).iterdir())

    done = shop.call(*arguments)

    assert done.returncode == 2
    assert "does not exist" in lines(done)[0]
    assert sorted(path.name for path in Path(shop.folder).iterdir()) == before

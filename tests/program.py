"""Programs that run beside a test, as processes of their own, and waiting for what they bring about."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

LAST_LINES = 30


class Program(subprocess.Popen[str]):
    """A running program. What it says goes to a file, so that it never waits for somebody to read it."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> None:
        self.name = Path(command[0]).name
        self._output = output
        with output.open("w") as stream:
            super().__init__(command, cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, text=True)

    def said(self) -> str:
        """What it has said so far, errors included."""
        return self._output.read_text(encoding="utf-8")

    def end(self) -> None:
        """Tell it to end, and wait until it has; kill it where it does not listen."""
        self.terminate()
        try:
            self.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()


def wait_for(what: str, condition: Callable[[], bool], seconds: float, *programs: Program) -> float:
    """Wait until it is so, and return how long that took.

    Raises:
        AssertionError: It did not come, or one of the programs that should bring it about has ended; with the last
            lines that they said.
    """
    started = time.monotonic()
    while not condition():
        ended = [program for program in programs if program.poll() is not None]
        if ended or time.monotonic() - started > seconds:
            why = "a program has ended" if ended else f"not within {seconds} s"
            raise AssertionError("\n\n".join([f"{what}: {why}", *map(_last_words, programs)]))
        time.sleep(1)
    return time.monotonic() - started


def _last_words(program: Program) -> str:
    state = "running" if program.returncode is None else f"ended with {program.returncode}"
    return "\n".join([f"{program.name}: {state}", *program.said().splitlines()[-LAST_LINES:]])

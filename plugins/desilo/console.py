"""What the person who waits sees, apart from what the programs print."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TextIO


class Console:
    """What the person who waits sees; everything else goes to the night's log and the tasks' logs.

    The process's own standard output and error are pointed at a file, so that the hundreds of
    lines Airflow and dbt print reach the log of the task that caused them.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        self._out: TextIO = os.fdopen(os.dup(1), "w")
        self._log = open(log, "ab", buffering=0)  # noqa: SIM115
        self._started = time.monotonic()
        self._to(self._log.fileno())

    def say(self, line: str = "") -> None:
        self._out.write(line + "\n")
        self._out.flush()

    def step(self, name: str, outcome: str, seconds: float) -> None:
        self.say(f"  {name:<28} {outcome:<52} {seconds:6.1f} s")

    def into(self, path: Path) -> None:
        """Send what is printed from now on to a task's log."""
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._to(descriptor)
        os.close(descriptor)

    def back(self) -> None:
        self._to(self._log.fileno())

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    @staticmethod
    def _to(descriptor: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)

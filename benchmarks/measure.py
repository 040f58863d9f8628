"""Run a piece of work in a process of its own; time it and take its peak memory."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True)
class Measured:
    """Wall and processor seconds, peak resident memory in GiB, and what the work returned.

    Processor seconds are what to compare where other work runs on the machine.
    """

    seconds: float
    cpu_seconds: float
    peak_gib: float
    result: Any


def measured(work: Callable[..., Any], *arguments: Any) -> Measured:
    """Run work(*arguments) in a fresh process.

    Raises:
        RuntimeError: it died; its own error stands above.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        seconds, cpu_seconds, peak, result = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"{work.__name__} died with {process.exitcode}") from None
    process.join()
    return Measured(seconds, cpu_seconds, peak, result)


def _run(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    started = time.perf_counter()
    result = work(*arguments)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    sender.send((seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2, result))

"""Writes that survive a pull of the plug: whole or not at all.

Every write of landing, build and publish that another step relies on goes through here and passes
a `checkpoint`. The crash tests set ``DESILO_CRASH_AT`` and the process is killed with SIGKILL at
its n-th checkpoint, so the tests walk every gap between two writes without a list of them that
could go stale; or, where a walk takes too long, at the first one of that label.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from desilo import settings

_count = itertools.count(1)


class BusyError(Exception):
    """Somebody else holds the lock; the text says who, and what to do."""


def checkpoint(label: str) -> None:
    """A gap between two writes. Does nothing but in a crash test."""
    wanted = settings.crash_point()
    if not wanted:
        return
    if wanted in (label, str(next(_count))):
        os.write(2, f"crash test: killed before {label}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Flush every file below a folder, and the folders themselves."""
    for parent, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(os.path.join(parent, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        fsync_folder(Path(parent))


def write_file(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file at once: write beside it, flush, rename. `mode` is that of the new file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    checkpoint(f"writing {path.name}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    checkpoint(f"renaming {path.name}")
    os.replace(beside, path)
    fsync_folder(path.parent)


def write_json(path: Path, document: Any) -> None:
    write_file(path, json.dumps(document, indent=2, sort_keys=True, default=str).encode() + b"\n")


def switch_link(link: Path, target: str) -> None:
    """Point a symbolic link elsewhere at once; a reader sees the old or the new one."""
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    beside.symlink_to(target)
    checkpoint(f"switching {link.name}")
    os.replace(beside, link)
    fsync_folder(link.parent)


@contextlib.contextmanager
def lock(path: Path, *, what: str, wait_s: float) -> Iterator[None]:
    """Hold an exclusive lock; it goes with the process, also when that is killed.

    Raises:
        BusyError: still held by another process after wait_s seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    with open(path, "a+") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read().strip() or "another process"
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"{what} is in use by {holder} (lock {path}); wait for it, or stop it"
                    ) from None
                time.sleep(0.2)
        handle.seek(0)
        handle.truncate()
        handle.write(f"process {os.getpid()}")
        handle.flush()
        try:
            yield
        finally:
            handle.seek(0)
            handle.truncate()
            handle.flush()

"""The sandbox as a process: one line on the terminal, a clock that survives a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.sandbox.http_client import (
    Client,
)


def test_serve_announces_itself_in_one_line_and_remembers_its_clock(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        "--state",
        str(tmp_path),
        "--world",
        "small",
    ]
    for extra, now in (
        (["--now", "2026-01-04T08:30:00Z"], "2026-01-04T08:30:00Z"),
        ([], "2026-01-04T08:30:00Z"),
    ):
        process = subprocess.Popen([*command, *extra], cwd=root, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert (ready["ready"], ready["world"], ready["first_day"], ready["last_day"]) == (
                True,
                "small",
                "2026-01-01",
                "2026-03-31",
            )
            client = Client(f"http://127.0.0.1:{ready['port']}")
            assert client.control("GET", "clock")["now"] == now
            assert (Path(ready["drop"]) / "2026-01-03" / "coupons.csv").exists()
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()
    refused = subprocess.run(
        [*command, "--seed", "8"], cwd=root, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2 and "another --state" in refused.stderr


def test_a_sandbox_ends_with_whoever_started_it_even_killed(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    serve = ["-m", "sandbox", "serve", "--state", str(tmp_path), "--world", "small"]
    program = (
        "import subprocess, sys, signal;"
        f"subprocess.Popen([sys.executable, *{serve!r}, '--with-parent']); signal.pause()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert json.loads(parent.stdout.readline())["ready"]
    parent.kill()
    # The pipe has an end when its last writer, the sandbox, is gone.
    said, _ = parent.communicate(timeout=30)
    assert said == ""

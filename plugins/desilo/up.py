"""Airflow and the emulated platforms together, for as long as a person looks at them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import requests

from desilo import durable, local, settings
from desilo.console import Console

START_WITHIN_S = 180.0


def run() -> int:
    """Start both, print where and how to get in, wait for Ctrl-C.

    Exit status 1 when they run already, when a night does, or when Airflow did not come up.
    """
    os.environ.update(local.airflow_environment())
    port = settings.airflow_port()
    log = settings.home() / "airflow.log"
    console = Console(log)
    try:
        return _run(console, port, log)
    except (durable.BusyError, local.LocalError) as error:
        console.say(f"Airflow did not start: {error}")
        return 1
    except Exception as error:
        console.say(f"Airflow did not start: {error!r}; the traceback ends {log}")
        raise


def _run(console: Console, port: int, log: Path) -> int:
    with (
        durable.lock(settings.home() / "night.lock", what="the night", wait_s=0),
        durable.lock(settings.home() / "up.lock", what="Airflow (make up)", wait_s=0),
        local.platforms(local.fixtures()) as platforms,
    ):
        local.ensure_database()
        now = platforms.at(platforms.last_day)
        os.environ.setdefault("DESILO_NOW", now.isoformat())
        os.environ["DESILO_DROP"] = platforms.drop
        for name, value in platforms.connections().items():
            os.environ.setdefault(name, value)
        os.environ["AIRFLOW__API__HOST"] = "127.0.0.1"
        os.environ["AIRFLOW__API__PORT"] = str(port)
        os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = (
            f"http://127.0.0.1:{port}/execution/"
        )
        console.say("Starting Airflow (half a minute)")
        process = subprocess.Popen([sys.executable, "-m", "airflow", "standalone"])
        try:
            _wait(process, port, log)
            console.say(f"Airflow    http://127.0.0.1:{port}   user admin, password {_password()}")
            console.say(
                f"Platforms  {platforms.base_url}   their clock says {now:%Y-%m-%d %H:%M} UTC"
            )
            console.say(f"Log        {log}")
            console.say("DAGs start paused: switch them on there. Stop with Ctrl-C.")
            process.wait()
        except KeyboardInterrupt:
            console.say("stopping")
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
    return 0


def backfill(source: str, since: date, until: date) -> int:
    """Ask Airflow to land a range again, one run a day; its scheduler does the work."""
    os.environ.update(local.airflow_environment())
    command = [
        sys.executable, "-m", "airflow", "backfill", "create",
        "--dag-id", f"ingest__{source}",
        "--from-date", since.isoformat(), "--to-date", until.isoformat(),
        "--reprocess-behavior", "completed", "--max-active-runs", "1",
    ]  # fmt: skip
    print("Airflow's scheduler runs a backfill: keep `make up` running beside this.")
    return subprocess.run(command, check=False).returncode


def restate(source: str, since: date, until: date, *, accept_shrunken: bool) -> int:
    """Trigger the DAG `restate`; Airflow's scheduler does the work."""
    os.environ.update(local.airflow_environment())
    conf = {
        "since": since.isoformat(),
        "day": until.isoformat(),
        "source": source,
        "accept_shrunken": accept_shrunken,
    }
    print("Airflow's scheduler runs it: keep `make up` running, with `restate` switched on.")
    command = [
        sys.executable,
        "-m",
        "airflow",
        "dags",
        "trigger",
        "restate",
        "--conf",
        json.dumps(conf),
    ]
    return subprocess.run(command, check=False).returncode


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise local.LocalError(f"Airflow ended while it started; see {log}")
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=2)
            if answer.json()["scheduler"]["status"] == "healthy":
                return
        except (requests.RequestException, ValueError, KeyError):
            pass
        time.sleep(1)
    raise local.LocalError(f"Airflow was not healthy after {START_WITHIN_S:.0f} s; see {log}")


def _password() -> str:
    generated = Path(os.environ["AIRFLOW_HOME"]) / "simple_auth_manager_passwords.json.generated"
    return str(json.loads(generated.read_text("utf-8"))["admin"])

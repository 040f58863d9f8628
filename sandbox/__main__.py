"""Command line: `serve` a world, write its `truth`, `replay` recorded answers.

Heavy imports stay inside the commands that need them, so that `serve` listens within two
seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser(
        "serve", help="serve the emulated platforms of a world on 127.0.0.1"
    )
    serve.add_argument(
        "--state", type=Path, required=True, help="folder for the clock and the drop folder"
    )
    serve.add_argument("--port", type=int, default=0, help="0 picks a free one")
    truth = commands.add_parser("truth", help="write the truth ledger as Parquet")
    truth.add_argument("--out", type=Path, required=True)
    for command in (serve, truth):
        command.add_argument(
            "--world", default="default", choices=("default", "small", "hard", "china")
        )
        command.add_argument("--seed", type=int, default=7)
    serve.add_argument("--now", help="ISO instant to set the clock to (it never goes back)")
    truth.add_argument("--now", required=True, help="ISO instant as of which the truth is told")
    replay = commands.add_parser(
        "replay", help="serve recorded answers of real accounts on 127.0.0.1"
    )
    replay.add_argument(
        "--fixtures", type=Path, required=True, help="folder with tiktok/ and amplitude/"
    )
    replay.add_argument("--port", type=int, default=0)
    for command in (serve, replay):
        command.add_argument(
            "--with-parent",
            action="store_true",
            help="end when whoever started it is gone, even killed",
        )
    options = parser.parse_args(arguments)
    try:
        return {"serve": _serve, "truth": _truth, "replay": _replay}[options.command](options)
    except (ValueError, FileNotFoundError) as problem:
        print(f"sandbox: {problem}", file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace) -> int:
    from sandbox.clock import FIRST_DAY, LAST_DAY, instant, iso_day
    from sandbox.serving import open_sandbox

    now = instant(options.now) if options.now else None
    server = open_sandbox(options.state, options.world, options.seed, now, options.port)
    _announce(
        port=server.port,
        world=options.world,
        first_day=iso_day(FIRST_DAY),
        last_day=iso_day(LAST_DAY),
        drop=str(options.state.resolve() / "drop"),
    )
    return _until_stopped(server, options.with_parent)


def _truth(options: argparse.Namespace) -> int:
    from sandbox.clock import instant
    from sandbox.truth import write_truth
    from sandbox.world import make_world

    rows = write_truth(make_world(options.world, options.seed), instant(options.now), options.out)
    print(json.dumps({"out": str(options.out), "rows": rows}))
    return 0


def _replay(options: argparse.Namespace) -> int:
    from sandbox.replay import open_replay

    server = open_replay(options.fixtures, options.port)
    _announce(port=server.port, world="recorded", **server.control.about)
    return _until_stopped(server, options.with_parent)


def _announce(**facts: object) -> None:
    print(json.dumps({"ready": True, **facts}), flush=True)


def _until_stopped(server, is_with_parent: bool) -> int:  # type: ignore[no-untyped-def]
    if is_with_parent:
        threading.Thread(target=_end_with_parent, args=(server, os.getppid()), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
    return 0


def _end_with_parent(server, parent: int) -> None:  # type: ignore[no-untyped-def]
    """A killed parent cleans nothing up; its child is handed to somebody else, and sees that."""
    while os.getppid() == parent:
        time.sleep(0.5)
    server.shutdown()


if __name__ == "__main__":
    sys.exit(main())

"""`make bench [ARGS="--events 1000000 --only build"]`: measure, and rewrite RESULTS.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import attribution, build, identity, landing

RESULTS = Path(__file__).with_name("RESULTS.md")

HEAD = """# Results

Made by `{command}` on {machine}, {date}, load average {load:.1f} at the start. One run; compare the
ratios, which come from the same run, not the seconds.

| what | size | result | peak memory | ratio |
|---|---|---|---|---|
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--rows", type=int, default=300_000, help="rows to land")
    parser.add_argument(
        "--views", type=int, nargs="*", default=[attribution.VIEWS], help="page views to attribute"
    )
    parser.add_argument(
        "--edges", type=int, nargs="*", default=list(identity.EDGES), help="edges of identity"
    )
    parser.add_argument("--only", choices=["landing", "build", "attribution", "identity"])
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows: list[str] = []
    with tempfile.TemporaryDirectory(prefix="desilo-bench-") as folder:
        if options.only in (None, "landing"):
            rows += _said(landing.run(Path(folder), options.rows))
        if options.only in (None, "attribution"):
            for views in options.views:
                rows += _said(attribution.run(Path(folder), views))
        if options.only in (None, "build"):
            for events in options.events:
                rows += _said(build.run(Path(folder), events))
        if options.only in (None, "identity"):
            rows += _said(identity.run(Path(folder), options.edges))
    arguments = " ".join(sys.argv[1:])
    head = HEAD.format(
        command=f'make bench ARGS="{arguments}"' if arguments else "make bench",
        machine=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        load=load,
    )
    options.output.write_text(head + "\n".join(rows) + "\n", "utf-8")
    print(f"written to {options.output}")
    return 0


def _said(rows: Iterable[str]) -> list[str]:
    said = []
    for row in rows:
        print(row, flush=True)
        said.append(row)
    return said


if __name__ == "__main__":
    sys.exit(main())

"""Runs nights as their users do: the command, in a process of its own, in a world of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class World:
    """Folders of one world, and what its nights are run with."""

    folder: Path
    settings: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def releases(self) -> Path:
        return self.folder / "releases"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not is_ours(name)}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")]),
            "DESILO_HOME": str(self.home),
            "DESILO_RELEASES": str(self.releases),
            **self.settings,
        }

    def night(self, *arguments: str, expect: int = 0, **settings: str) -> str:
        """Run `desilo nightly`; returns what it told the person who waits."""
        done = self.start(*arguments, **settings)
        said, _ = done.communicate()
        log = self.home / "night.log"
        tail = log.read_text(errors="replace")[-3000:] if log.exists() else ""
        assert done.returncode == expect, f"{said}\n--- night.log\n{tail}"
        return said

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """A night that runs on its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "desilo", "nightly", *arguments],
            env=self.environment | settings,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kept(self) -> Kept:
        """Put the world by as it is now."""
        folder = self.folder.with_name(f"{self.folder.name}-kept")
        shutil.copytree(self.folder, folder, symlinks=True)
        return Kept(folder, self.settings, self.folder)

    def current(self) -> str:
        return os.readlink(self.releases / "current")

    def manifest(self, release_id: str = "current") -> dict[str, Any]:
        return json.loads((self.releases / release_id / "manifest.json").read_text())

    def content(self, release_id: str = "current") -> dict[str, Any]:
        """Rows and checksum of every mart; what tells of the run itself is left out."""
        told = {"meta_checks", "meta_models", "meta_releases", "meta_sources"}
        tables = self.manifest(release_id)["tables"]
        return {name: said for name, said in tables.items() if name not in told}

    def status(self) -> dict[str, Any]:
        text = (self.releases / "status.js").read_text()
        return json.loads(text.removeprefix("window.DESILO_STATUS = ").rstrip().rstrip(";"))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the release that is served."""
        database = str(self.releases / "current" / "marts.duckdb")
        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(sql).fetchall()


@dataclass(frozen=True)
class Kept(World):
    """A world that was put by; what is done to `again` does not touch it."""

    original: Path

    def again(self, **settings: str) -> World:
        """The world once more, to be damaged, in place of the one before: at the path where it was
        built, since dbt parses its whole project (8 s) for a build database at another path."""
        shutil.rmtree(self.original, ignore_errors=True)
        shutil.copytree(self.folder, self.original, symlinks=True)
        return World(self.original, self.settings | settings)


def is_ours(name: str) -> bool:
    """Whether a variable would lead a night out of its own world."""
    return name.startswith(("DESILO_", "AIRFLOW")) and name != "DESILO_FIXTURES"


def write_truth(folder: Path, *, world: str, now: str) -> None:
    """Write the truth ledger of a world as it is known at an instant."""
    subprocess.run(
        [sys.executable, "-m", "sandbox", "truth", "--world", world, "--now", now,
         "--out", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip

"""The compiled project, once a session for all workers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from desilo import settings
from desilo.durable import lock
from tests.oracle.project import Project, compile_project

AS_OF = date(2026, 3, 31)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """The project's SQL, compiled for 2026-03-31."""
    base = tmp_path_factory.getbasetemp()
    home: Path = (base if worker_id == "master" else base.parent) / "oracle"
    manifest = home / "target" / "manifest.json"
    done = home / "done"
    home.mkdir(parents=True, exist_ok=True)
    with lock(home / "lock", what="the compiled project", wait_s=300):
        if not done.exists():
            compile_project(home, AS_OF)
            done.touch()
    return Project(manifest, settings.DBT_PROJECT_DIR)

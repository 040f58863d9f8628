"""One small world for all tests of the sandbox: it is only read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.clock import instant
from sandbox.serving import open_sandbox
from sandbox.world import World, make_world
from tests.unit.sandbox.http_client import NIGHTS, Client


@pytest.fixture(scope="session")
def world() -> World:
    return make_world("small", 7)


@pytest.fixture
def serve(world: World, tmp_path: Path) -> Iterator[Callable[[str], Client]]:
    servers = []

    def start(now: str) -> Client:
        server = open_sandbox(tmp_path / f"state-{len(servers)}", world, now=instant(now))
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        thread.start()
        servers.append((server, thread))
        return Client(f"http://127.0.0.1:{server.port}")

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def client(serve: Callable[[str], Client]) -> Client:
    return serve(NIGHTS[-1])

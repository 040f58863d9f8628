"""One small world for all tests of the sandbox: it is only read."""

from __future__ import annotations

import pytest

from sandbox.world import World, make_world


@pytest.fixture(scope="session")
def world() -> World:
    return make_world("small", 7)

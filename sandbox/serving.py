"""Puts a world, its platforms and the server together."""

from __future__ import annotations

from pathlib import Path

from sandbox.clock import FIRST_DAY, LAST_DAY, Clock, iso_day
from sandbox.faults import Faults
from sandbox.files import Drop
from sandbox.platforms.amplitude import Amplitude
from sandbox.platforms.amplitude_records import PROJECT
from sandbox.platforms.ecb import Ecb
from sandbox.platforms.google import GoogleAds
from sandbox.platforms.meta import MetaAds
from sandbox.platforms.ocean_engine import OceanEngine
from sandbox.platforms.tiktok import TikTokAds
from sandbox.server import Control, Platform, Sandbox
from sandbox.world import World, make_world


def open_sandbox(
    state: Path,
    world: str | World = "default",
    seed: int = 7,
    now: int | None = None,
    port: int = 0,
) -> Sandbox:
    """A server that listens already; call `serve_forever` on it.

    Args:
        state: folder of the clock and of the drop folder.
        world: a world or the name of one.
        now: microseconds to set the clock to; it never goes back.
    Raises:
        ValueError: no such world, or the folder belongs to another one.
    """
    built = make_world(world, seed) if isinstance(world, str) else world
    clock = Clock(state / "clock.json", built.name, built.seed)
    clock.advance(clock.now if now is None else now)
    faults = Faults()
    drop = Drop(built, state / "drop", faults)
    (state / "drop").mkdir(parents=True, exist_ok=True)
    drop.deliver(clock.now)
    platforms: list[Platform] = [
        kind(built, clock, faults) for kind in (MetaAds, GoogleAds, TikTokAds, Amplitude, Ecb)
    ]
    if built.extra is not None:
        platforms.append(OceanEngine(built, clock, faults, state / "ocean_engine_tokens.json"))
    accounts = [
        {
            "platform": a.platform,
            "account_id": a.account_id,
            "currency": a.currency,
            "timezone": a.zone,
        }
        for a in built.ad_accounts
    ]
    about = {
        "world": built.name,
        "seed": built.seed,
        "first_day": iso_day(FIRST_DAY),
        "last_day": iso_day(LAST_DAY),
        "people": len(built.people),
        "sessions": len(built.sessions.person),
        "events": len(built.events),
        "orders": len(built.shop.person),
        "accounts": accounts,
        "amplitude_project": PROJECT,
        "drop": str(state.resolve() / "drop"),
    }
    return Sandbox(port, platforms, Control(clock, faults, drop, about))

"""Every asset: the map of the system.

Ingest runs emit `landed(<source>)` with the day and the rows; `build_marts` listens to all of them
and emits `RELEASE` with the release's id. Event extras are stored in clear: never a secret.
"""

from __future__ import annotations

from airflow.sdk import Asset

from desilo.settings import SourceConfig

RELEASE = Asset(name="release", uri="desilo://release/current")


def landed(source: SourceConfig) -> Asset:
    """The asset that says: this source's night is in the lake."""
    return Asset(name=f"landed__{source.name}", uri=f"desilo://lake/{source.name}")

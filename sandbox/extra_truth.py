"""The part of the truth ledger that only worlds with the extra platforms have."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from sandbox import catalog
from sandbox.clock import FIRST_DAY, LAST_DAY
from sandbox.world import World


def event_conversions(world: World, now: int) -> pa.Table:
    """One row per account, day and ad (or campaign part without ads) of a platform that also counts
    conversions on the day they happened."""
    rows = [
        row
        for account in catalog.EXTRA_ACCOUNTS
        for row in world.ad_rows(account.account_id, FIRST_DAY, LAST_DAY, now)
    ]
    cells = [catalog.ALL_CELLS[row.cell] for row in rows]
    return pa.table(
        {
            "platform": [cell.campaign.account.platform for cell in cells],
            "account_id": [cell.campaign.account.account_id for cell in cells],
            "date_day": pa.array([row.day for row in rows], pa.int32()).cast(pa.date32()),
            "campaign_id": [cell.campaign.entity_id for cell in cells],
            "ad_id": pa.array(
                [cell.ad.entity_id if cell.ad else None for cell in cells], pa.string()
            ),
            "event_conversions": pa.array(
                [Decimal(row.event_conversions).scaleb(-2) for row in rows], pa.decimal128(18, 6)
            ),
        }
    )

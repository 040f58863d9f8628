"""The ad side of the world that does not depend on the seed: accounts, campaigns, ad groups,
ads.

Ids look like each platform's own. A name is a history: (first day it holds, text), because
platforms report names as of the moment of asking.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.clock import FIRST_DAY, LAST_DAY, day_of

META, GOOGLE, TIKTOK = "meta_ads", "google_ads", "tiktok_ads"
PLATFORMS = (GOOGLE, META, TIKTOK)
OCEAN = "ocean_engine"
CHANNELS = (
    "paid_search_google",
    "paid_social_meta",
    "paid_social_tiktok",
    "organic_search",
    "organic_social",
    "email",
    "referral",
    "direct",
)
DIRECT = CHANNELS.index("direct")
UNATTRIBUTED = "(unattributed)"
FOREVER = LAST_DAY + 365

Names = tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Account:
    """An ad account. `share` is its part of the world's spend; `per_eur` its currency per euro."""

    platform: str
    account_id: str
    name: str
    currency: str
    zone: str
    share: float
    per_eur: float


@dataclass(frozen=True)
class Entity:
    """A campaign, ad group or ad: spends on start..stop (day numbers), gone from `deleted` on."""

    entity_id: str
    names: Names
    start: int
    stop: int
    deleted: int = FOREVER

    def name_on(self, day: int) -> str:
        """The name that holds on a day (names of the past answer the past only)."""
        return max((entry for entry in self.names if entry[0] <= day), default=self.names[0])[1]

    def exists_on(self, day: int) -> bool:
        """Whether it has been created by the day (deleted ones still exist as such)."""
        return self.start <= day

    def status_on(self, day: int) -> str:
        """`ACTIVE`, `PAUSED` (its run is over) or `DELETED` on the day."""
        if day >= self.deleted:
            return "DELETED"
        return "ACTIVE" if day <= self.stop else "PAUSED"


@dataclass(frozen=True)
class Campaign(Entity):
    """`share` of the account's spend; `bare_share` of its spend has no ad to carry it;
    an untagged campaign's landings carry neither click id nor utm parameters."""

    account: Account = None  # type: ignore[assignment]
    share: float = 0.0
    bare_share: float = 0.0
    is_tagged: bool = True
    objective: str = "SALES"


@dataclass(frozen=True)
class AdGroup(Entity):
    campaign: Campaign = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Ad(Entity):
    ad_group: AdGroup = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Cell:
    """What carries spend: an ad, or (ad and group None) the part of a campaign without ads."""

    campaign: Campaign
    ad_group: AdGroup | None
    ad: Ad | None
    start: int
    stop: int


@dataclass(frozen=True)
class Plan:
    """One line of an account's plan: campaign name, share, ad groups, ads per group, oddities."""

    name: str
    share: float
    groups: int
    ads: int
    bare_share: float = 0.0
    is_tagged: bool = True
    start: str = "2025-11-03"
    stop: str = "2026-12-31"
    renamed: tuple[tuple[str, str], ...] = ()
    objective: str = "SALES"


ACCOUNTS = (
    Account(META, "1001", "Desilo US Social", "USD", "America/Los_Angeles", 0.20, 1.08),
    Account(META, "1002", "Desilo EU Social", "EUR", "Europe/Berlin", 0.20, 1.0),
    Account(GOOGLE, "2000000001", "Desilo EU Search", "EUR", "Europe/Berlin", 0.22, 1.0),
    Account(GOOGLE, "2000000002", "Desilo US Search", "USD", "America/Los_Angeles", 0.13, 1.08),
    Account(TIKTOK, "7000000000000000001", "Desilo CN Video", "CNY", "Asia/Shanghai", 0.13, 7.80),
    Account(
        TIKTOK, "7000000000000000002", "Desilo US Video", "USD", "America/Los_Angeles", 0.12, 1.08
    ),
)
# Accounts of platforms that only some worlds have. They draw from a generator of their own and
# bring nobody, so a world without them is the same to the byte.
EXTRA_ACCOUNTS = (
    Account(OCEAN, "1800000000000001", "Desilo CN Feed", "CNY", "Asia/Shanghai", 0.16, 7.80),
    Account(OCEAN, "1800000000000002", "Desilo SH Feed", "CNY", "Asia/Shanghai", 0.07, 7.80),
)
ACCOUNT_BY_ID = {account.account_id: account for account in (*ACCOUNTS, *EXTRA_ACCOUNTS)}

_PLANS: dict[str, tuple[Plan, ...]] = {
    META: (
        Plan("Prospecting Broad", 0.36, 2, 3, renamed=(("2026-02-09", "Prospecting Broad v2"),)),
        Plan("Retargeting 30d", 0.18, 1, 3),
        Plan("Advantage Catalogue", 0.22, 1, 3, bare_share=0.2),
        Plan(
            "Spring Launch",
            0.14,
            1,
            2,
            start="2026-02-16",
            renamed=(("2026-03-12", "Spring Sale"),),
        ),
        Plan("Awareness Video", 0.10, 1, 2, is_tagged=False, objective="REACH"),
    ),
    GOOGLE: (
        Plan("Brand Search", 0.20, 1, 3),
        Plan("Generic Search", 0.36, 2, 3, renamed=(("2026-01-28", "Generic Search | Exact"),)),
        Plan("PMax All Products", 0.24, 0, 0, bare_share=1.0, objective="PERFORMANCE_MAX"),
        Plan("Winter Clearance", 0.10, 1, 2, stop="2026-02-20"),
        Plan("Display Reach", 0.10, 1, 2, is_tagged=False, objective="DISPLAY"),
    ),
    TIKTOK: (
        Plan("Spark Ads Creators", 0.38, 2, 3, renamed=(("2026-03-02", "Spark Ads Creators Q1"),)),
        Plan("In-Feed Conversions", 0.26, 1, 3),
        Plan("Smart Plus", 0.20, 1, 2, bare_share=0.15),
        Plan("TopView Weekend", 0.16, 1, 2, is_tagged=False, objective="REACH"),
    ),
    OCEAN: (
        Plan("抖音 转化", 0.40, 2, 3, renamed=(("2026-02-20", "抖音 转化 春季"),)),
        Plan("头条 信息流", 0.26, 1, 3),
        Plan("UBMax 自动投放", 0.20, 1, 3, bare_share=0.25),
        Plan("年货节", 0.14, 1, 2, stop="2026-02-16"),
    ),
}


def _identifier(platform: str, account_no: int, level: int, number: int) -> str:
    """Ids as long as the platform's real ones: Meta 17 digits, Google 11 and 12, TikTok 16, Ocean
    Engine 19."""
    if platform == META:
        return str(
            23_850_000_000_000_000 + account_no * 10**13 + level * 10**12 + number * 7_919 * 10**4
        )
    if platform == GOOGLE:
        return str(
            (20_000_000_000, 150_000_000_000, 640_000_000_000)[level]
            + account_no * 10**8
            + number * 7_919
        )
    if platform == OCEAN:
        return str(
            7_300_000_000_000_000_000
            + account_no * 10**17
            + level * 10**16
            + number * 7_919 * 10**9
        )
    return str(
        1_750_000_000_000_000 + account_no * 10**13 + level * 10**12 + number * 7_919 * 10**3
    )


def _history(text: str, renamed: tuple[tuple[str, str], ...] = ()) -> Names:
    return ((0, text), *((day_of(day), name) for day, name in renamed))


def _build(
    accounts: tuple[Account, ...], first_no: int = 0
) -> tuple[tuple[Campaign, ...], tuple[AdGroup, ...], tuple[Ad, ...], tuple[Cell, ...]]:
    campaigns: list[Campaign] = []
    groups: list[AdGroup] = []
    ads: list[Ad] = []
    cells: list[Cell] = []
    for account_no, account in enumerate(accounts, first_no):
        plans = _PLANS[account.platform]
        is_first = account_no % 2 == 0
        # One untagged campaign a platform is enough to be missed by a careless join.
        plans = tuple(plan for plan in plans if plan.is_tagged or is_first)
        market = account.name.split()[1]
        for plan_no, plan in enumerate(plans):
            start, stop = day_of(plan.start), day_of(plan.stop)
            campaign = Campaign(
                _identifier(account.platform, account_no, 0, plan_no + 1),
                _history(
                    f"{market} | {plan.name}",
                    tuple((day, f"{market} | {name}") for day, name in plan.renamed),
                ),
                start, stop, account=account, share=plan.share / sum(p.share for p in plans),
                bare_share=plan.bare_share, is_tagged=plan.is_tagged, objective=plan.objective,
            )  # fmt: skip
            campaigns.append(campaign)
            if plan.bare_share:
                cells.append(Cell(campaign, None, None, start, stop))
            for group_no in range(plan.groups):
                groups.append(_group(campaign, account_no, len(groups), group_no))
                for ad_no in range(plan.ads):
                    ads.append(_ad(groups[-1], account_no, len(ads), ad_no))
                    cells.append(Cell(campaign, groups[-1], ads[-1], ads[-1].start, ads[-1].stop))
    return tuple(campaigns), tuple(groups), tuple(ads), tuple(cells)


def _group(campaign: Campaign, account_no: int, number: int, group_no: int) -> AdGroup:
    text = ("Broad 18-45", "Lookalike 3%")[group_no]
    renamed = (("2026-02-23", f"{text} refreshed"),) if number % 4 == 1 else ()
    entity_id = _identifier(campaign.account.platform, account_no, 1, number + 1)
    return AdGroup(
        entity_id, _history(text, renamed), campaign.start, campaign.stop, campaign=campaign
    )


def _ad(group: AdGroup, account_no: int, number: int, ad_no: int) -> Ad:
    """Every seventh ad stops and is deleted in the middle, every ninth starts late or is
    renamed."""
    text = f"{('Founder story', 'Unboxing', 'Three reasons')[ad_no]} {number + 1:02d}"
    start, stop, deleted = group.start, group.stop, FOREVER
    if number % 7 == 2:
        stop = FIRST_DAY + 40 + number % 11
        deleted = stop + 5
    if number % 9 == 5:
        start = max(start, FIRST_DAY + 20 + number % 13)
    renamed = (("2026-03-05", f"{text} (new cut)"),) if number % 5 == 3 else ()
    entity_id = _identifier(group.campaign.account.platform, account_no, 2, number + 1)
    return Ad(
        entity_id, _history(text, renamed), start, min(stop, group.stop), deleted, ad_group=group
    )


CAMPAIGNS, AD_GROUPS, ADS, CELLS = _build(ACCOUNTS)
EXTRA_CAMPAIGNS, _EXTRA_GROUPS, _EXTRA_ADS, EXTRA_CELLS = _build(EXTRA_ACCOUNTS, len(ACCOUNTS))
ALL_CELLS = (*CELLS, *EXTRA_CELLS)


def campaigns_of(account_id: str) -> list[Campaign]:
    """Campaigns of one account in creation order."""
    return [
        campaign
        for campaign in (*CAMPAIGNS, *EXTRA_CAMPAIGNS)
        if campaign.account.account_id == account_id
    ]


def ad_groups_of(account_id: str) -> list[AdGroup]:
    """Ad groups of one account in creation order."""
    return [
        group
        for group in (*AD_GROUPS, *_EXTRA_GROUPS)
        if group.campaign.account.account_id == account_id
    ]


def ads_of(account_id: str) -> list[Ad]:
    """Ads of one account in creation order."""
    return [
        ad for ad in (*ADS, *_EXTRA_ADS) if ad.ad_group.campaign.account.account_id == account_id
    ]

"""Identity: components and memberships of the project's own models, over a growing graph, beside
the usual propagation of the smallest label in SQL at a small size.

The graph is people with a user id, an e-mail and devices, long chains, and one
device beside a hundred thousand user ids (the super-node, which the rules find shared).
"""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import scipy.sparse.csgraph  # noqa: F401  (loaded before the clock starts, as in a night)

from benchmarks.measure import measured

MODELS = Path(__file__).resolve().parents[1] / "dbt_project" / "models" / "intermediate"
RULES = Path(__file__).resolve().parents[1] / "dbt_project" / "seeds" / "identity_rules.csv"
EDGES = (1_000_000, 3_000_000, 10_000_000)
PROPAGATED = 1_000_000
CHAIN, SHORT_CHAIN = 1000, 20  # the longest way decides how often labels are propagated
EDGES_A_PERSON = 4
FIRST_DAY = date(2026, 1, 1)

# Ids are mixed, so that neighbours do not lie beside each other, as hashes do not.
GRAPH = """
create macro mixed(n) as hash(n) >> 1;
create table pairs as
with people as (select range as p from range({people}))
select 'device' as left_type, p * 8 as l, 'user_id' as right_type, p * 8 + 1 as r, p % 90 as d
from people
union all
select 'user_id', p * 8 + 1, 'email', p * 8 + 2, p % 90 from people
union all
select 'device', p * 8 + 3, 'user_id', p * 8 + 1, (p * 7) % 90 from people
union all
select 'device', p * 8 + 4, 'user_id', p * 8 + 1, (p * 11) % 90 from people
union all
-- Chains: person after person is tied by a customer id of both, {chain} long.
select 'customer_id', p * 8 + 5, 'user_id', p * 8 + 1, 40 from people where p < {chained}
union all
select 'customer_id', p * 8 + 5, 'user_id', (p + 1) * 8 + 1, 60
from people where p < {chained} and p % {chain} < {chain} - 1
union all
-- The super-node.
select 'device', -1, 'user_id', p * 8 + 1, 30 from people where p < {crowd};
create table int_identity_edges as
select left_type, mixed(l)::bigint as left_node_id, right_type, mixed(r)::bigint as right_node_id,
    date '{first}' + d::integer as known_date, null::varchar as dropped_by_rule_id
from pairs;
create table int_identity_nodes as
select node_id, any_value(identifier_type) as identifier_type,
    case any_value(identifier_type) when 'customer_id' then 1 when 'user_id' then 2
        when 'email' then 3 else 5 end as type_priority,
    min(known_date) as known_date, min(known_date)::timestamp as first_seen_at
from (
    select left_node_id as node_id, left_type as identifier_type, known_date
    from int_identity_edges
    union all
    select right_node_id, right_type, known_date from int_identity_edges
)
group by node_id;
create table identity_rules as select * from read_csv('{rules}', all_varchar = false);
"""


def run(folder: Path, sizes: list[int]) -> list[str]:
    """Rows of the results table, one size after the other."""
    rows = []
    for edges in sizes:
        database = folder / f"identity-{edges}.duckdb"
        measured(_write, database, edges, CHAIN)
        for name in ("components", "memberships"):
            found = measured(_model, database, f"int_identity_{name}")
            rows.append(
                f"| identity: {name} | {edges / 1e6:g} M edges | {found.seconds:.1f} s "
                f"| {found.peak_gib:.1f} GiB | {found.seconds / (edges / 1e6):.2f} s a million |"
            )
        database.unlink()
    database = folder / "identity-propagated.duckdb"
    measured(_write, database, PROPAGATED, SHORT_CHAIN)
    ours = measured(_model, database, "int_identity_components")
    theirs = measured(_propagate, database)
    database.unlink()
    rows.append(
        f"| identity: smallest label in SQL, {theirs.result} rounds | {PROPAGATED / 1e6:g} M edges "
        f"| {theirs.seconds:.1f} s | {theirs.peak_gib:.1f} GiB "
        f"| {theirs.seconds / ours.seconds:.0f} of components |"
    )
    return rows


def _write(database: Path, edges: int, chain: int) -> int:
    people = edges // EDGES_A_PERSON
    with duckdb.connect(str(database)) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(
            GRAPH.format(
                people=people,
                chained=people // 100,
                chain=chain,
                crowd=min(100_000, people // 10),
                first=FIRST_DAY,
                rules=RULES,
            )
        )
        row = connection.execute("select count(*) from int_identity_edges").fetchone()
    return int(row[0]) if row else 0


def _model(database: Path, name: str) -> int:
    """Run one of the project's Python models and keep what it made, as dbt does."""
    scope = runpy.run_path(str(MODELS / f"{name}.py"))
    with duckdb.connect(str(database)) as connection:
        connection.execute("set enable_progress_bar = false")
        dbt: Any = SimpleNamespace(
            config=lambda **_: None,
            ref=lambda table: connection.sql(f"select * from {table}"),
        )
        made = scope["model"](dbt, connection)
        connection.register("made", made)
        connection.execute(f"create or replace table {name} as select * from made")
        return int(made.num_rows)


def _propagate(database: Path) -> int:
    """The smallest label of every node's neighbours, until nothing changes; shared devices are
    left out as the components model found them."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(
            """
            create temp table kept as
            select left_node_id as a, right_node_id as b from int_identity_edges
            where left_node_id not in (
                select node_id from int_identity_components where shared_by_rule_id is not null
            )
            union all
            select right_node_id, left_node_id from int_identity_edges
            where left_node_id not in (
                select node_id from int_identity_components where shared_by_rule_id is not null
            );
            create temp table labels as select node_id, node_id as label from int_identity_nodes
            """
        )
        for rounds in range(1, 5000):
            connection.execute(
                """
                create or replace temp table next_labels as
                select labels.node_id, least(labels.label, coalesce(near.label, labels.label))
                    as label
                from labels left join (
                    select kept.a as node_id, min(labels.label) as label
                    from kept join labels on kept.b = labels.node_id group by kept.a
                ) as near using (node_id)
                """
            )
            row = connection.execute(
                "select count(*) from labels join next_labels using (node_id) "
                "where labels.label <> next_labels.label"
            ).fetchone()
            connection.execute("create or replace temp table labels as from next_labels")
            if row and row[0] == 0:
                return rounds
        raise RuntimeError("labels did not settle")

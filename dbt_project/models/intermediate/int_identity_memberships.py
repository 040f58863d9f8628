"""To whom every identifier has belonged, night by night, from the nights on which edges were known.

Day after day the day's edges unite the persons there are; persons are the numbers of their oldest
nodes, so the lower one keeps the name. Only arrays, one pass over the edges.
"""

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def model(dbt, session):
    """One row per node and person it has belonged to: `node_id`, `person_node_id`, `from_date`,
    `to_date` (exclusive, null while it lasts).

    Only nodes of persons into whom another known person was merged. A node that joined a person on
    the night that first knew it belonged to nobody before.
    """
    dbt.config(materialized="table")
    # Days as numbers: numpy compares them faster, and null becomes the largest.
    table = (
        dbt.ref("int_identity_nodes")
        .order("known_date, first_seen_at, type_priority, node_id")
        .project("node_id, known_date - date '1970-01-01' as known_day")
        .fetchnumpy()
    )
    shared = dbt.ref("int_identity_components").filter("shared_by_rule_id is not null")
    edges = (
        dbt.ref("int_identity_edges")
        .filter("dropped_by_rule_id is null")
        .project("left_node_id, right_node_id, known_date - date '1970-01-01' as known_day")
        .fetchnumpy()
    )
    node_ids = np.asarray(table["node_id"], dtype=np.int64)
    born = np.asarray(table["known_day"], dtype=np.int64)
    shared_ids = np.sort(np.asarray(shared.project("node_id").fetchnumpy()["node_id"], np.int64))
    kept = ~(_is_in(edges["left_node_id"], shared_ids) | _is_in(edges["right_node_id"], shared_ids))
    by_id = np.argsort(node_ids)
    left = _numbers(node_ids, by_id, edges["left_node_id"][kept])
    right = _numbers(node_ids, by_id, edges["right_node_id"][kept])
    parent, left_on = _unite(born, left, right, np.asarray(edges["known_day"], np.int64)[kept])
    member, person, since, until = _climb(born, parent, left_on)
    return pa.table(
        {
            "node_id": node_ids[member],
            "person_node_id": node_ids[person],
            "from_date": _dates(since),
            "to_date": _dates(until),
        }
    )


NEVER = np.iinfo(np.int64).max


def _unite(born, left, right, day):
    """(parent, day) of every node: into which older person it went as a person, and when.

    A person who is the oldest of all has itself for parent and the day NEVER.
    """
    parent = np.arange(len(born))
    left_on = np.full(len(born), NEVER)
    order = np.argsort(day, kind="stable")
    left, right, day = left[order], right[order], day[order]
    nights = np.unique(day)
    bounds = zip(np.searchsorted(day, nights), np.searchsorted(day, nights, "right"), strict=True)
    root = np.arange(len(born))  # shortcuts of `parent`, which keeps the nights apart
    for start, stop in bounds:
        ends = np.concatenate([left[start:stop], right[start:stop]])
        tops = _tops(root, ends)
        persons, number = np.unique(tops, return_inverse=True)
        half = stop - start
        graph = coo_matrix(
            (np.ones(half, np.int8), (number[:half], number[half:])),
            shape=(len(persons), len(persons)),
        )
        groups = connected_components(graph, directed=False)[1]
        oldest = np.full(groups.max() + 1, len(born))
        np.minimum.at(oldest, groups, persons)
        into = oldest[groups]
        goes = persons != into
        parent[persons[goes]] = root[persons[goes]] = into[goes]
        left_on[persons[goes]] = day[start]
        root[ends] = into[number]
    return parent, left_on


def _tops(root, nodes):
    tops = root[nodes]
    while True:
        above = root[tops]
        if np.array_equal(above, tops):
            return tops
        tops = above


def _climb(born, parent, left_on):
    """(node, person, from, to) of every node of a person with a merge behind them."""
    everyone = np.arange(len(born))
    # A person existed if a night before the merge knew them.
    is_merged = (parent != everyone) & (born < left_on)
    final = _tops(parent, everyone)
    has_merge = np.zeros(len(born), dtype=bool)
    has_merge[final[is_merged]] = True
    node = everyone[has_merge[final]]
    person, since = node, born[node]
    parts = []
    while len(node):
        until = left_on[person]
        lasts = since < until
        parts.append((node[lasts], person[lasts], since[lasts], until[lasts]))
        goes = until != NEVER
        node, since, person = node[goes], until[goes], parent[person[goes]]
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _is_in(values, sorted_values):
    values = np.asarray(values, dtype=np.int64)
    if len(sorted_values) == 0:
        return np.zeros(len(values), dtype=bool)
    found = np.minimum(np.searchsorted(sorted_values, values), len(sorted_values) - 1)
    return sorted_values[found] == values


def _numbers(node_ids, by_id, wanted):
    """Row of every wanted id in `node_ids`, looked up in their own order (see
    int_identity_components)."""
    wanted = np.asarray(wanted, dtype=np.int64)
    order = np.argsort(wanted)
    rows = np.empty(len(wanted), dtype=np.int64)
    if len(wanted):
        rows[order] = by_id[np.searchsorted(node_ids[by_id], wanted[order])]
    return rows


def _dates(days):
    is_known = days != NEVER
    return pa.array(np.where(is_known, days, 0).astype(np.int32), mask=~is_known).cast(pa.date32())

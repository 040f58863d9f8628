"""Connected components of the identity graph, and the phones and devices that accounts share.

Whole arrays go from DuckDB to scipy and back, no row is touched in Python, so time grows as sorting
the node ids does.
"""

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def model(dbt, session):
    """One row per node: `node_id`, `person_node_id` (its component's oldest), `shared_by_rule_id`.

    A rule that limits a type to so many accounts is judged from the strongest type to the weakest:
    accounts are the components of the stronger types, without what was found shared before. An
    identifier beside more of them than the rule allows is shared and loses its edges; two ids of
    one person are one account. Nodes are numbered by (first night that knew it, first seen, type
    priority, node id), so the lowest number of a component names its person whatever the order of
    the rows that come in, and what arrives late never renames anybody.
    """
    dbt.config(materialized="table")
    nodes = dbt.ref("int_identity_nodes")
    pairs = dbt.ref("int_identity_edges")
    rules = dbt.ref("identity_rules")
    table = (
        nodes.order("known_date, first_seen_at, type_priority, node_id")
        .project("node_id, cast(type_priority as tinyint) as strength")
        .fetchnumpy()
    )
    edges = (
        pairs.filter("dropped_by_rule_id is null")
        .project("left_node_id, right_node_id")
        .fetchnumpy()
    )
    node_ids = np.asarray(table["node_id"], dtype=np.int64)
    strength = np.asarray(table["strength"], dtype=np.int8)
    by_id = np.argsort(node_ids)
    left = _numbers(node_ids, by_id, edges["left_node_id"])
    right = _numbers(node_ids, by_id, edges["right_node_id"])
    del edges, by_id

    rule_ids = [None]
    shared_by = np.zeros(len(node_ids), dtype=np.int8)
    kept = np.ones(len(left), dtype=bool)
    for type_priority, rule_id, max_accounts in _account_rules(nodes, rules):
        weakest = np.maximum(strength[left], strength[right])
        stronger = kept & (weakest < type_priority)
        accounts = _components(len(node_ids), left[stronger], right[stronger])
        beside = kept & (weakest == type_priority) & (strength[left] != strength[right])
        is_shared = _shared(
            strength == type_priority, left[beside], right[beside], accounts, max_accounts
        )
        rule_ids.append(rule_id)
        shared_by[is_shared & (shared_by == 0)] = len(rule_ids) - 1
        kept &= ~(is_shared[left] | is_shared[right])
    people = _components(len(node_ids), left[kept], right[kept])

    oldest = np.full(people.max(initial=-1) + 1, len(node_ids), dtype=np.int64)
    np.minimum.at(oldest, people, np.arange(len(node_ids), dtype=np.int64))
    return pa.table(
        {
            "node_id": node_ids,
            "person_node_id": node_ids[oldest[people]],
            "shared_by_rule_id": pa.array(rule_ids, pa.string()).take(pa.array(shared_by)),
        }
    )


def _account_rules(nodes, rules):
    """(type priority, rule id, accounts allowed) from the strongest type to the weakest."""
    strengths = dict(
        nodes.aggregate("identifier_type, min(type_priority) as type_priority").fetchall()
    )
    found = rules.filter("rule_kind = 'limit' and counterpart_type = 'account'").project(
        "identifier_type, priority, rule_id, max_count"
    )
    judged = sorted(
        (strengths[identifier_type], priority, rule_id, max_count)
        for identifier_type, priority, rule_id, max_count in found.fetchall()
        if identifier_type in strengths
    )
    return [(strength, rule_id, max_count) for strength, _, rule_id, max_count in judged]


def _numbers(node_ids, by_id, wanted):
    """Row of every wanted id in `node_ids`; an id that is no node is an error.

    Looking the ids up in their own order walks memory once: 10 M lookups take 1.6 s, in random
    order 6.3 s.
    """
    wanted = np.asarray(wanted, dtype=np.int64)
    if len(wanted) == 0:
        return wanted
    if len(node_ids) == 0:
        raise ValueError("int_identity_edges has edges, int_identity_nodes has no nodes")
    order = np.argsort(wanted)
    in_order = wanted[order]
    sorted_ids = node_ids[by_id]
    found = np.minimum(np.searchsorted(sorted_ids, in_order), len(node_ids) - 1)
    if not np.array_equal(sorted_ids[found], in_order):
        raise ValueError("an edge of int_identity_edges leads to a node that does not exist")
    rows = np.empty(len(wanted), dtype=np.int64)
    rows[order] = by_id[found]
    return rows


def _components(count, left, right):
    """Label of the component of each of `count` nodes."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _shared(is_judged, left, right, accounts, max_accounts):
    """Mask over nodes: judged ones beside more than `max_accounts` accounts."""
    judged = np.where(is_judged[left], left, right)
    account = accounts[np.where(is_judged[left], right, left)]
    # A sort and a comparison: numpy's hashing `unique` takes 9 s for 10 M pairs, this 1.5 s.
    beside = np.sort(judged * np.int64(len(is_judged)) + account)
    is_new = np.ones(len(beside), dtype=bool)
    is_new[1:] = beside[1:] != beside[:-1]
    beside = beside[is_new] // max(len(is_judged), 1)
    return is_judged & (np.bincount(beside, minlength=len(is_judged)) > max_accounts)

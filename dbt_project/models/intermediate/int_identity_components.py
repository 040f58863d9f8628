"""Connected components of the identity graph, and the devices that several accounts share.

Whole arrays go from DuckDB to scipy and back, no row is touched in Python, so time grows as sorting
the node ids does.
"""

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def model(dbt, session):
    """One row per node: `node_id`, `person_node_id` (its component's oldest), `is_shared_device`.

    Accounts are the components without devices. A device beside more accounts than the rule
    `shared_device` allows is shared and loses its edges; two ids of one person are one account.
    Nodes are numbered by (first seen, type priority, node id), so the lowest number of a component
    names its person whatever the order of the rows that come in.
    """
    dbt.config(materialized="table")
    nodes = dbt.ref("int_identity_nodes")
    pairs = dbt.ref("int_identity_edges")
    rules = dbt.ref("identity_rules")
    limits = rules.filter("rule_id = 'shared_device'").project("max_count").fetchall()
    max_accounts = limits[0][0] if limits else np.iinfo(np.int64).max
    table = (
        nodes.order("first_seen_at, type_priority, node_id")
        .project("node_id, identifier_type = 'device' as is_device")
        .fetchnumpy()
    )
    edges = (
        pairs.filter("dropped_by_rule_id is null")
        .project("left_node_id, right_node_id")
        .fetchnumpy()
    )
    node_ids = np.asarray(table["node_id"], dtype=np.int64)
    is_device = np.asarray(table["is_device"], dtype=bool)
    by_id = np.argsort(node_ids)
    left = _numbers(node_ids, by_id, edges["left_node_id"])
    right = _numbers(node_ids, by_id, edges["right_node_id"])

    touches_device = is_device[left] | is_device[right]
    accounts = _components(len(node_ids), left[~touches_device], right[~touches_device])
    is_shared = _shared(
        is_device, left[touches_device], right[touches_device], accounts, max_accounts
    )
    kept = ~(is_shared[left] | is_shared[right])
    people = _components(len(node_ids), left[kept], right[kept])

    oldest = np.full(people.max(initial=-1) + 1, len(node_ids), dtype=np.int64)
    np.minimum.at(oldest, people, np.arange(len(node_ids), dtype=np.int64))
    return pa.table(
        {
            "node_id": node_ids,
            "person_node_id": node_ids[oldest[people]],
            "is_shared_device": is_shared,
        }
    )


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


def _shared(is_device, left, right, accounts, max_accounts):
    """Mask over nodes: devices beside more than `max_accounts` accounts."""
    device = np.where(is_device[left], left, right)
    account = accounts[np.where(is_device[left], right, left)]
    # A sort and a comparison: numpy's hashing `unique` takes 9 s for 10 M pairs, this 1.5 s.
    beside = np.sort(device * np.int64(len(is_device)) + account)
    is_new = np.ones(len(beside), dtype=bool)
    is_new[1:] = beside[1:] != beside[:-1]
    beside = beside[is_new] // max(len(is_device), 1)
    return is_device & (np.bincount(beside, minlength=len(is_device)) > max_accounts)

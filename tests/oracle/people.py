"""Who is who, in plain Python: sets, loops and a union-find, written from the rules' description.

It shares nothing with the models but the names of nodes (their hash).
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Node = tuple[str, str, str]
"""(type, namespace, value); a later holder's has the turn behind the value."""
Edge = tuple[Node, Node]

STRENGTH = ("customer_id", "user_id", "email", "phone", "device", "order")


def node_id(node: Node) -> int:
    """The number under which the models know a node."""
    kind, namespace, value = node
    value, _, turn = value.partition("\x1e")
    number = _md5("\x1f".join((kind, namespace, value)))
    return _md5(f"heir\x1f{number}\x1f{turn}") if turn else number


def person_id(node: Node) -> str:
    return f"p{node_id(node):016X}"


def _md5(text: str) -> int:
    digest = hashlib.md5(text.encode()).digest()
    return int.from_bytes(digest[8:], "little") >> 1


@dataclass
class Seen:
    """When something was seen first and last, and which night knew first."""

    first: datetime
    last: datetime
    known: date

    def also(self, first: datetime, last: datetime, known: date) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)
        self.known = min(self.known, known)


class Union:
    """Disjoint sets."""

    def __init__(self) -> None:
        self._above: dict[Any, Any] = {}

    def top(self, item: Any) -> Any:
        while (above := self._above.get(item, item)) != item:
            item = above
        return item

    def join(self, left: Any, right: Any) -> None:
        self._above[self.top(left)] = self.top(right)


@dataclass
class People:
    """The answer: what was refused, dropped and shared, and who is who."""

    refused: dict[Node, str] = field(default_factory=dict)
    dropped: dict[Edge, tuple[Node, str]] = field(default_factory=dict)
    shared: dict[Node, str] = field(default_factory=dict)
    person: dict[Node, str] = field(default_factory=dict)
    owners: dict[str, Node | None] = field(default_factory=dict)
    merges: set[tuple[date, str, str]] = field(default_factory=set)


def who_is_who(
    events: Sequence[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
) -> People:
    """Persons of app events and orders under rules, all as the models are given them."""
    people = People()
    rules = sorted(rules, key=lambda rule: rule["priority"])
    values, pairs = _observed(events, orders)
    _refuse(people, values, pairs, rules)
    turns = _handovers(people, values, pairs, rules)
    links, nodes = _links(people, values, pairs, turns, [rule["rule_id"] for rule in rules])
    for order in orders:
        if all(n in people.refused for n in _parties(order).values()):
            node = ("order", order["account_id"], order["order_id"])
            nodes[node] = Seen(order["ordered_at"], order["ordered_at"], order["known"])
    _limit(people, links, rules)
    kept = {edge: seen for edge, seen in links.items() if edge not in people.dropped}
    _share(people, nodes, kept, rules)
    kept = {e: s for e, s in kept.items() if not set(e) & set(people.shared)}
    people.person = _name(nodes, kept)
    people.merges = _merges(nodes, kept)
    people.owners = _owners(people, events)
    return people


def _parties(record: Mapping[str, Any]) -> dict[str, Node]:
    found = {}
    for kind in STRENGTH[:-1]:
        value = record.get({"email": "email_hash", "phone": "phone_hash",
                            "device": "device_id"}.get(kind, kind))  # fmt: skip
        if value is not None:
            namespace = {"customer_id": record["account_id"], "user_id": "app", "device": "app"}
            found[kind] = (kind, namespace.get(kind, "sha256"), value)
    return found


def _observed(
    events: Iterable[Mapping[str, Any]], orders: Sequence[Mapping[str, Any]]
) -> tuple[dict[Node, Seen], dict[Edge, Seen]]:
    values: dict[Node, Seen] = {}
    pairs: dict[Edge, Seen] = {}

    def see(where: dict[Any, Seen], what: Any, at: datetime, known: date) -> None:
        where.setdefault(what, Seen(at, at, known)).also(at, at, known)

    placed = {o["order_id"]: (o["known"], _parties(o).get("customer_id")) for o in orders}
    for event in events:
        who = _parties(event)
        at, known = event["event_at"], event["known"]
        for node in who.values():
            see(values, node, at, known)
        holder = who.get("user_id") or who.get("device")
        if "device" in who and "user_id" in who:
            see(pairs, (who["device"], who["user_id"]), at, known)
        for kind in ("email", "phone"):
            if kind in who and holder:
                see(pairs, (holder, who[kind]), at, known)
        order_known, customer = placed.get(event.get("order_id"), (known, None))
        if customer and holder:
            pair = (customer, holder) if "user_id" in who else (holder, customer)
            see(pairs, pair, at, max(known, order_known))
    for order in orders:
        who = _parties(order)
        at, known = order["ordered_at"], order["known"]
        for node in who.values():
            see(values, node, at, known)
        holder = who.get("customer_id") or who.get("user_id")
        if "customer_id" in who and "user_id" in who:
            see(pairs, (who["customer_id"], who["user_id"]), at, known)
        for kind in ("email", "phone"):
            if kind in who and holder:
                see(pairs, (holder, who[kind]), at, known)
        if not holder and "email" in who and "phone" in who:
            see(pairs, (who["email"], who["phone"]), at, known)
    return values, pairs


def _refuse(
    people: People,
    values: Mapping[Node, Seen],
    pairs: Mapping[Edge, Seen],
    rules: Sequence[Mapping[str, Any]],
) -> None:
    for node in values:
        for rule in rules:
            if rule["identifier_type"] not in ("*", node[0]):
                continue
            if _is_refused(node, rule["rule_kind"], rule["value"]):
                people.refused[node] = rule["rule_id"]
                break
    junk = set(people.refused)
    beside: dict[tuple[Node, str], set[Node]] = defaultdict(set)
    for left, right in pairs:
        if left not in junk and right not in junk:
            beside[left, right[0]].add(right)
            beside[right, left[0]].add(left)
    for rule in (rule for rule in rules if rule["rule_kind"] == "frequency"):
        for (node, kind), others in beside.items():
            is_meant = (node[0], kind) == (rule["identifier_type"], rule["counterpart_type"])
            if is_meant and len(others) > rule["max_count"]:
                people.refused.setdefault(node, rule["rule_id"])


def _is_refused(node: Node, rule_kind: str, wanted: str) -> bool:
    kind, _, value = node
    if rule_kind == "blocked_value":
        return value.lower() == wanted or (kind in ("email", "phone") and value == sha(wanted))
    if rule_kind == "blocked_pattern":
        return re.search(wanted, value) is not None
    return rule_kind == "required_pattern" and re.search(wanted, value) is None


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _handovers(
    people: People,
    values: Mapping[Node, Seen],
    pairs: Mapping[Edge, Seen],
    rules: Sequence[Mapping[str, Any]],
) -> dict[Node, list[datetime]]:
    """Instants at which a contact went to somebody else."""
    good = {e: s for e, s in pairs.items() if not set(e) & set(people.refused)}
    beside: dict[Node, set[Node]] = defaultdict(set)
    for left, right in good:
        beside[left].add(right)
        beside[right].add(left)
    turns: dict[Node, list[datetime]] = {}
    for rule in (rule for rule in rules if rule["rule_kind"] == "reuse"):
        for contact in {right for _, right in good if right[0] == rule["identifier_type"]}:
            held = sorted(
                ((s.first, s.last, left) for (left, right), s in good.items() if right == contact),
                key=lambda each: (each[0], each[1], node_id(each[2])),
            )
            for place in range(1, len(held)):
                quiet = max(last for _, last, _ in held[:place])
                begins = held[place][0]
                if begins <= quiet + timedelta(days=rule["max_count"]):
                    continue
                users = [(first, n) for first, _, n in held if n[0] == rule["counterpart_type"]]
                old = {n for first, n in users if first < begins}
                new = {n for first, n in users if first >= begins}
                gone = all(values[n].last < begins for n in old)

                def friends(group: set[Node], contact: Node = contact) -> set[Node]:
                    near = {x for n in group for x in beside[n]} - {contact}
                    return {x for x in near if sum(y[0] == "user_id" for y in beside[x]) <= 3}

                if old and new and gone and not friends(old) & friends(new):
                    times = turns.setdefault(contact, [])
                    if begins not in times:
                        times.append(begins)
    return turns


def _links(
    people: People,
    values: Mapping[Node, Seen],
    pairs: Mapping[Edge, Seen],
    turns: Mapping[Node, list[datetime]],
    rule_ids: Sequence[str],
) -> tuple[dict[Edge, Seen], dict[Node, Seen]]:
    def holder(node: Node, at: datetime) -> Node:
        number = sum(turn <= at for turn in turns.get(node, []))
        return (node[0], node[1], f"{node[2]}\x1e{number}") if number else node

    nodes = {n: s for n, s in values.items() if n not in people.refused}
    links: dict[Edge, Seen] = {}
    for (left, right), seen in pairs.items():
        edge = holder(left, seen.first), holder(right, seen.first)
        links[edge] = seen
        for end in edge:
            if "\x1e" in end[2]:
                # A later holder's is known from when it was first seen with somebody.
                nodes.setdefault(end, Seen(datetime.max, seen.last, seen.known))
                turn = turns[end[0], end[1], end[2].split("\x1e")[0]]
                nodes[end].first = turn[int(end[2].split("\x1e")[1]) - 1]
                nodes[end].known = min(nodes[end].known, seen.known)
        junk = [n for n in (left, right) if n in people.refused]
        if junk:
            chosen = min(junk, key=lambda n: (rule_ids.index(people.refused[n]), junk.index(n)))
            people.dropped[edge] = (chosen, people.refused[chosen])
    return links, nodes


def _limit(people: People, links: Mapping[Edge, Seen], rules: Sequence[Mapping[str, Any]]) -> None:
    good = {e: s for e, s in links.items() if e not in people.dropped}
    edges_of: dict[Node, list[Edge]] = defaultdict(list)
    for edge in good:
        for end in edge:
            edges_of[end].append(edge)

    def other(edge: Edge, end: Node) -> Node:
        return edge[1] if edge[0] == end else edge[0]

    taken: dict[Edge, tuple[int, int, Node, str]] = {}
    for place, rule in enumerate(rules):
        if rule["rule_kind"] != "limit":
            continue
        for end, edges in edges_of.items():
            kind = rule["counterpart_type"]
            fitting = [e for e in edges if kind in ("*", other(e, end)[0])]
            if end[0] != rule["identifier_type"] or len(fitting) <= rule["max_count"]:
                continue
            by_age = sorted(
                fitting,
                key=lambda e: (good[e].known, good[e].first, node_id(other(e, end))),
            )
            yielding = {
                "pair": fitting, "all": edges, "newest": by_age[rule["max_count"] :]
            }[rule["yields"]]  # fmt: skip
            for edge in yielding:
                verdict = (place, node_id(end), end, rule["rule_id"])
                taken[edge] = min(taken.get(edge, verdict), verdict)
    for edge, (_, _, end, rule_id) in taken.items():
        people.dropped[edge] = (end, rule_id)


def _share(
    people: People,
    nodes: Iterable[Node],
    kept: Mapping[Edge, Seen],
    rules: Sequence[Mapping[str, Any]],
) -> None:
    judged = [r for r in rules if r["rule_kind"] == "limit" and r["counterpart_type"] == "account"]
    for rule in sorted(judged, key=lambda rule: STRENGTH.index(rule["identifier_type"])):
        strength = STRENGTH.index(rule["identifier_type"])
        left_over = [e for e in kept if not set(e) & set(people.shared)]
        accounts = Union()
        for left, right in left_over:
            if max(STRENGTH.index(left[0]), STRENGTH.index(right[0])) < strength:
                accounts.join(left, right)
        for node in nodes:
            if node[0] != rule["identifier_type"] or node in people.shared:
                continue
            beside = {
                accounts.top(left if right == node else right)
                for left, right in left_over
                if node in (left, right)
                and STRENGTH.index((left if right == node else right)[0]) < strength
            }
            if len(beside) > rule["max_count"]:
                people.shared[node] = rule["rule_id"]


def _age(nodes: Mapping[Node, Seen]) -> Any:
    return lambda n: (nodes[n].known, nodes[n].first, STRENGTH.index(n[0]), node_id(n))


def _name(nodes: Mapping[Node, Seen], kept: Iterable[Edge]) -> dict[Node, str]:
    union = Union()
    for left, right in kept:
        union.join(left, right)
    members: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes:
        members[union.top(node)].append(node)
    age = _age(nodes)
    return {n: person_id(min(group, key=age)) for group in members.values() for n in group}


def _merges(nodes: Mapping[Node, Seen], kept: Mapping[Edge, Seen]) -> set[tuple[date, str, str]]:
    """Every night built anew: who was somebody and is somebody else the night after."""
    found: set[tuple[date, str, str]] = set()
    before: dict[Node, str] = {}
    for night in sorted({seen.known for seen in nodes.values()} | {s.known for s in kept.values()}):
        then = {n: s for n, s in nodes.items() if s.known <= night}
        now = _name(then, [e for e, s in kept.items() if s.known <= night])
        found |= {(night, was, now[n]) for n, was in before.items() if now[n] != was}
        before = now
    return found


def _owners(people: People, events: Sequence[Mapping[str, Any]]) -> dict[str, Node | None]:
    """Owner of every event that is signed out on a shared or refused device, or under a refused
    user id; sessions are those the app gave."""
    owners: dict[str, Node | None] = {}
    by_device: dict[Node, list[tuple[Any, ...]]] = defaultdict(list)
    for event in events:
        who = _parties(event)
        user, device = who.get("user_id"), who.get("device")
        signed_in = user if user and user not in people.refused else None
        if device in people.shared:
            by_device[device].append(
                (event["event_at"], signed_in is None, event["event_id"], event["session_id"],
                 signed_in)
            )  # fmt: skip
        is_special = (user in people.refused) or device in people.refused or device in people.shared
        if signed_in is None and is_special:
            owners[event["event_id"]] = None if device in people.refused else device
    for device, rows in by_device.items():
        rows.sort(key=lambda row: row[:3])
        for place, (_, _, event_id, session, signed_in) in enumerate(rows):
            if signed_in is not None:
                continue
            before = [row[4] for row in rows[:place] if row[4]]
            after = [row[4] for row in rows[place:] if row[4] and row[3] == session]
            owners[event_id] = before[-1] if before else after[0] if after else device
    return owners

"""How well persons that were found agree with persons that are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Scores:
    """Pairwise and B-cubed precision and recall, and the share of identifiers that were found."""

    precision: float
    recall: float
    b3_precision: float
    b3_recall: float
    found: float


def scores(true: Mapping[Hashable, Hashable], found: Mapping[Hashable, Hashable]) -> Scores:
    """Compare two partitions of identifiers; one that was not found is a person of its own."""
    labels = {key: found.get(key, ("alone", key)) for key in true}
    cells = Counter((true[key], labels[key]) for key in true)
    rows = Counter(true.values())
    columns = Counter(labels.values())
    both = sum(_pairs(n) for n in cells.values())
    return Scores(
        precision=both / max(1, sum(_pairs(n) for n in columns.values())),
        recall=both / max(1, sum(_pairs(n) for n in rows.values())),
        b3_precision=sum(n * n / columns[label] for (_, label), n in cells.items()) / len(true),
        b3_recall=sum(n * n / rows[person] for (person, _), n in cells.items()) / len(true),
        found=sum(key in found for key in true) / len(true),
    )


def _pairs(count: int) -> int:
    return count * (count - 1) // 2

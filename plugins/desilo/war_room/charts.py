"""The page's pictures as inline SVG: they weigh a few kilobytes, print sharp and need no script.

Colours come from the style sheet by class, so that a picture follows the light and the dark page.
Every picture is drawn twice, for a wall and for a phone; the style sheet shows one of the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from desilo.war_room.facts import Day

HEIGHT, TOP, BOTTOM, LEFT = 190, 14, 24, 62
PHONE_HEIGHT, PHONE_LEFT = 150, 44


@dataclass(frozen=True)
class Labels:
    """What a chart of days says: its name, and how a day and a value are worded."""

    title: str
    tick: Callable[[Day], str]
    tip: Callable[[Day], str]
    value: Callable[[Decimal], str]


def day_bars(days: Sequence[Day], labels: Labels, *, name: str, is_phone: bool = False) -> Markup:
    """One bar a day. A day without data is a hatched gap, a day that may still move is hatched.

    Args:
        days: the series without holes, oldest first.
        labels: words of the chart.
        name: class of the series (`spend`, `customers`) and prefix of the patterns' ids.
    """
    width = 358 if is_phone else 1120
    height = PHONE_HEIGHT if is_phone else HEIGHT
    left = PHONE_LEFT if is_phone else LEFT
    floor = height - BOTTOM
    top_value, step = nice_scale(max((day.value or Decimal(0) for day in days), default=Decimal(0)))
    slot = (width - left - 2) / max(len(days), 1)
    gap = 0.8 if is_phone else 2.4
    parts = [_patterns(name, is_phone)]
    level = Decimal(0)
    while level <= top_value:
        y = _y(level, top_value, floor)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(labels.value(level))}</text>"
        )
        level += step
    ticks = _ticks(len(days), 4 if is_phone else 7)
    for index, day in enumerate(days):
        x = left + index * slot
        if day.value is None:
            parts.append(
                f'<rect class="gap" fill="url(#{_id(name, "gap", is_phone)})" x="{x:.2f}"'
                f' y="{TOP}" width="{slot + 0.05:.2f}" height="{floor - TOP}"/>'
            )
        else:
            y = _y(day.value, top_value, floor)
            fill = "" if day.state == "final" else f' fill="url(#{_id(name, day.state, is_phone)})"'
            parts.append(
                f'<rect class="bar {name} {day.state}"{fill} x="{x + gap / 2:.2f}" y="{y:.2f}"'
                f' width="{slot - gap:.2f}" height="{max(floor - y, 0):.2f}"/>'
            )
        parts.append(
            f'<rect class="day" data-tip="{escape(labels.tip(day))}" x="{x:.2f}" y="{TOP}"'
            f' width="{slot:.2f}" height="{floor - TOP}"/>'
        )
        if index in ticks:
            parts.append(
                f'<text class="axis" x="{x + slot / 2:.1f}" y="{height - 6}"'
                f' text-anchor="{"end" if index == len(days) - 1 else "middle"}">'
                f"{escape(labels.tick(day))}</text>"
            )
    kind = "phone" if is_phone else "wall"
    return Markup(
        f'<svg class="chart {kind}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{escape(labels.title)}">{"".join(parts)}</svg>'
    )


def sparkline(days: Sequence[Day], *, name: str) -> Markup:
    """A tile's line of its days; it breaks where a day is not known. Decoration: hidden aloud."""
    width, height = 240, 44
    values = [day.value for day in days if day.value is not None]
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    span = high - low or Decimal(1)
    step = width / (len(days) - 1)
    runs: list[list[str]] = [[]]
    for index, day in enumerate(days):
        if day.value is None:
            runs.append([])
        else:
            y = 4 + float((high - day.value) / span) * (height - 8)
            runs[-1].append(f"{index * step:.1f},{y:.1f}")
    lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
    return Markup(
        f'<svg class="spark {name}" viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
        f' aria-hidden="true">{lines}</svg>'
    )


def nice_scale(highest: Decimal) -> tuple[Decimal, Decimal]:
    """Top of an axis and its step: 1, 2 or 5 times a power of ten, at most five lines."""
    if highest <= 0:
        return Decimal(1), Decimal(1)
    step = Decimal(1).scaleb(highest.adjusted() - 1)
    for factor in (1, 2, 5, 10, 20, 50):
        candidate = step * factor
        lines = math.ceil(highest / candidate)
        if lines <= 4:
            return candidate * lines, candidate
    raise AssertionError("unreachable: 50 steps of a tenth cover any number")


def _y(value: Decimal, top_value: Decimal, floor: int) -> float:
    return floor - float(max(value, Decimal(0)) / top_value) * (floor - TOP)


def _ticks(count: int, wanted: int) -> set[int]:
    """Indexes that carry a date, the last one always among them."""
    if count <= wanted:
        return set(range(count))
    step = -(-(count - 1) // (wanted - 1))
    return set(range(count - 1, -1, -step))


def _id(name: str, state: str, is_phone: bool) -> str:
    return f"{name}-{state}-{'phone' if is_phone else 'wall'}"


def _patterns(name: str, is_phone: bool) -> str:
    def hatch(state: str, size: int, angle: int, css: str) -> str:
        return (
            f'<pattern id="{_id(name, state, is_phone)}" width="{size}" height="{size}"'
            f' patternUnits="userSpaceOnUse" patternTransform="rotate({angle})">'
            f'<rect class="{css} pale" width="{size}" height="{size}"/>'
            f'<rect class="{css}" width="{size / 2.4:.2f}" height="{size}"/></pattern>'
        )

    return (
        "<defs>"
        + hatch("provisional", 5, 45, f"ink-{name}")
        + hatch("incomplete", 5, -45, "ink-incomplete")
        + hatch("gap", 8, 45, "ink-gap")
        + "</defs>"
    )

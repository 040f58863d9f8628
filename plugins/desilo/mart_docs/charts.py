"""Small charts as SVG files: an image on a page has no style sheet, so each carries its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from desilo.mart_docs.examples import Chart

Answer = Sequence[Mapping[str, Any]]

WIDTH, LEFT, RIGHT, TOP = 720, 64, 16, 14
PLOT_HEIGHT, ROW_HEIGHT, CELL_HEIGHT = 180, 22, 24
MOST_SERIES, MOST_BARS = 6, 30
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9")
STYLE = "text{font:12px system-ui,sans-serif;fill:#333}.grid{stroke:#e3e3e3}.note{fill:#666}"


def draw(chart: Chart, answer: Answer, title: str) -> str:
    """The chart of an answer as an SVG document; an empty answer says so instead of axes."""
    if not any(row[chart.columns[_measure(chart)]] is not None for row in answer):
        body, height = _text(WIDTH / 2, TOP + 30, "no rows in this release", "middle", "note"), 90
    elif chart.kind == "line":
        body, height = _lines(chart, answer)
    elif chart.kind == "bar":
        body, height = _bars(chart, answer)
    else:
        body, height = _grid(chart, answer)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{body}</svg>\n"
    )


def _measure(chart: Chart) -> str:
    return "value" if chart.kind == "grid" else "y"


def _lines(chart: Chart, answer: Answer) -> tuple[str, int]:
    series = _series(chart, answer)
    points = [(x, y) for line in series.values() for x, y in line if y is not None]
    positions = {x: _number(x) for line in series.values() for x, _ in line}
    first, last = min(positions.values()), max(positions.values())
    floor, ceiling, step = _scale([y for _, y in points])
    bottom = TOP + PLOT_HEIGHT

    def across(x: Any) -> float:
        share = (positions[x] - first) / (last - first) if last > first else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return bottom - (y - floor) / (ceiling - floor) * PLOT_HEIGHT

    parts = [_axis(floor, ceiling, step, down)]
    for index, line in enumerate(series.values()):
        runs: list[list[str]] = [[]]
        for x, y in line:
            if y is None:
                runs.append([])
            else:
                runs[-1].append(f"{across(x):.1f},{down(y):.1f}")
        colour = COLOURS[index]
        for run in filter(None, runs):
            if len(run) == 1:
                cx, cy = run[0].split(",")
                parts.append(f'<circle cx="{cx}" cy="{cy}" r="3" fill="{colour}"/>')
            else:
                parts.append(
                    f'<polyline fill="none" stroke="{colour}" stroke-width="2"'
                    f' points="{" ".join(run)}"/>'
                )
    ordered = sorted(positions, key=lambda x: positions[x])
    for x in _some(ordered, 6):
        anchor = "end" if x == ordered[-1] else "start" if x == ordered[0] else "middle"
        parts.append(_text(across(x), bottom + 18, _label(x), anchor))
    parts.append(_legend(list(series), bottom + 38))
    return "".join(parts), bottom + (48 if len(series) > 1 else 28)


def _bars(chart: Chart, answer: Answer) -> tuple[str, int]:
    x, y, by = chart.columns["x"], chart.columns["y"], chart.columns.get("by")
    rows = [row for row in answer if row[y] is not None]
    shown, left_out = rows[:MOST_BARS], len(rows) - MOST_BARS
    names = sorted({_label(row[by]) for row in rows})[:MOST_SERIES] if by else [""]
    highest = max(abs(float(row[y])) for row in shown) or 1.0
    has_negative = any(row[y] < 0 for row in shown)
    label_width = 230
    zero = label_width + (WIDTH - label_width - 90) * (0.3 if has_negative else 0)
    room = WIDTH - 80 - zero
    parts = []
    for index, row in enumerate(shown):
        top = TOP + index * ROW_HEIGHT
        length = abs(float(row[y])) / highest * room * (0.42 if row[y] < 0 else 1)
        colour = (
            COLOURS[names.index(_label(row[by]))]
            if by and _label(row[by]) in names
            else ("#888" if by else COLOURS[0])
        )
        start = zero - length if row[y] < 0 else zero
        parts.append(
            _text(label_width - 8, top + 14, _short(_label(row[x])), "end")
            + f'<rect x="{start:.1f}" y="{top + 2}" width="{max(length, 1):.1f}"'
            f' height="{ROW_HEIGHT - 6}" fill="{colour}"/>'
            + _text(zero + (length if row[y] >= 0 else 0) + 6, top + 14, _words(float(row[y])))
        )
    bottom = TOP + len(shown) * ROW_HEIGHT
    if left_out > 0:
        parts.append(_text(label_width, bottom + 14, f"and {left_out} more", css="note"))
        bottom += 20
    parts.append(_legend(names if by else [], bottom + 16))
    return "".join(parts), bottom + (26 if by else 8)


def _grid(chart: Chart, answer: Answer) -> tuple[str, int]:
    """Cells shaded by value; a cell without one is hatched, because it is not known yet."""
    x, y, value = (chart.columns[role] for role in ("x", "y", "value"))
    across = list(dict.fromkeys(row[x] for row in answer))
    is_text = any(isinstance(column, str) for column in across)
    across = across if is_text else sorted(across, key=_number)
    down = list(dict.fromkeys(row[y] for row in answer))
    first = TOP + (92 if is_text else 12)
    cells = {(row[x], row[y]): row[value] for row in answer}
    known = [float(cell) for cell in cells.values() if cell is not None]
    low, high = min(known), max(known)
    label_width = 150
    width = (WIDTH - label_width - RIGHT) / len(across)
    parts = [
        '<defs><pattern id="open" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect width="6" height="6" fill="#fafafa"/>'
        '<rect width="2" height="6" fill="#ddd"/></pattern></defs>'
    ]
    shown = across if is_text else _some(across, (WIDTH - label_width) // 60)
    for column in shown:
        place = label_width + (across.index(column) + 0.5) * width
        text = _text(0, 0, _short(_label(column), 22), "start" if is_text else "middle")
        turn = " rotate(-35)" if is_text else ""
        parts.append(f'<g transform="translate({place:.1f} {first - 8}){turn}">{text}</g>')
    for row_no, row_key in enumerate(down):
        top = first + row_no * CELL_HEIGHT
        parts.append(_text(label_width - 8, top + 16, _short(_label(row_key), 22), "end"))
        for column_no, column in enumerate(across):
            cell = cells.get((column, row_key))
            left = label_width + column_no * width
            share = (float(cell) - low) / (high - low) if cell is not None and high > low else 1.0
            fill = "url(#open)" if cell is None else _shade(share)
            parts.append(
                f'<rect x="{left:.1f}" y="{top}" width="{width - 1:.1f}"'
                f' height="{CELL_HEIGHT - 1}" fill="{fill}"/>'
            )
            if cell is not None and width >= 34:
                ink = "#fff" if share > 0.55 else "#222"
                parts.append(
                    f'<text x="{left + width / 2:.1f}" y="{top + 16}" text-anchor="middle"'
                    f' style="fill:{ink}">{escape(_words(float(cell)))}</text>'
                )
    bottom = first + len(down) * CELL_HEIGHT
    if len(known) == len(across) * len(down):
        return "".join(parts), bottom + 8
    parts.append(_text(label_width, bottom + 16, "hatched: no value (yet)", css="note"))
    return "".join(parts), bottom + 26


def _series(chart: Chart, answer: Answer) -> dict[str, list[tuple[Any, float | None]]]:
    by = chart.columns.get("by")
    series: dict[str, list[tuple[Any, float | None]]] = {}
    for row in answer:
        value = row[chart.columns["y"]]
        key = _label(row[by]) if by else ""
        if key in series or len(series) < MOST_SERIES:
            point = (row[chart.columns["x"]], None if value is None else float(value))
            series.setdefault(key, []).append(point)
    return {key: sorted(series[key], key=lambda point: _number(point[0])) for key in sorted(series)}


def _axis(floor: float, ceiling: float, step: float, down: Any) -> str:
    parts, level = [], floor
    while level <= ceiling + step / 1000:
        y = down(level)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            + _text(LEFT - 8, y + 4, _words(level), "end")
        )
        level += step
    return "".join(parts)


def _scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Floor, ceiling and step of an axis that holds zero: 1, 2 or 5 times a power of ten."""
    low, high = min(0.0, *values), max(0.0, *values)
    span = high - low or 1.0
    power = Decimal(1).scaleb(Decimal(str(span)).adjusted() - 1)
    steps = (float(power) * factor for factor in (1, 2, 5, 10, 20, 50))
    step = next(candidate for candidate in steps if span / candidate <= 5)
    floor = -(-low // -step) * -step if low < 0 else 0.0
    ceiling = -(-high // step) * step
    return floor, ceiling if ceiling > floor else floor + step, step


def _legend(names: Sequence[str], y: float) -> str:
    if len(names) < 2:
        return ""
    parts, x = [], float(LEFT)
    for index, name in enumerate(names):
        parts.append(f'<rect x="{x:.0f}" y="{y - 9}" width="10" height="10" fill="')
        parts.append(f'{COLOURS[index]}"/>' + _text(x + 14, y, _short(name, 20)))
        x += 26 + 6.6 * min(len(name), 20)
    return "".join(parts)


def _text(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    named = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _some(values: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the values, evenly spread, the last one among them."""
    step = -(-(len(values) - 1) // (most - 1)) if len(values) > most else 1
    return list(values[::-1][::step][::-1])


def _number(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return float(value.toordinal())
    return float(value)


def _label(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" if value.hour or value.minute else f"{value:%Y-%m-%d}"
    if isinstance(value, Decimal | float):
        return _words(float(value))
    return "(none)" if value is None else str(value)


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _words(value: float) -> str:
    """A number as people say it: 12,345 or 0.25, never 1e+06."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _shade(share: float) -> str:
    """From a pale to a strong blue."""
    low, high = (0xE6, 0xF0, 0xF8), (0x00, 0x5A, 0x96)
    mixed = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)

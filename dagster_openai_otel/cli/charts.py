"""Charts as inline SVG: columns over time, stacked, and bars side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from math import floor, log10

_WIDTH, _HEIGHT = 960, 280
_LEFT, _BOTTOM, _TOP = 64, 30, 12
_TICKS = 4
_LABELS = 12
_BAR_WIDTH, _BAR_ROW, _NAME_WIDTH, _AMOUNT_WIDTH = 460, 30, 170, 78
_NAME_LETTERS = 24
_COLOURS = 6
_WIDEST = 72
# what has no colour of its own
_OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: an amount, and a part of it."""

    name: str
    amount: Decimal
    part: Decimal
    """Shown in another colour: what went into failed attempts."""


def stacked_columns(columns: Sequence[str], amounts: Mapping[tuple[str, str], Decimal]) -> str:
    """Columns over time, each a stack by kind.

    Args:
        columns: Names of the columns, in order.
        amounts: Dollars by column and kind.
    """
    colours = _colours_of(amounts)
    heights = (_sum(amounts, column) for column in columns)
    step = _step(max(heights, default=Decimal(0)))
    stacks = _Stacks(
        amounts=amounts,
        colours=colours,
        top=step * _TICKS,
        width=(_WIDTH - _LEFT) / max(len(columns), 1),
    )
    labelled = -(-len(columns) // _LABELS)
    drawn = [_grid(step)]
    for place, column in enumerate(columns):
        drawn.append(stacks.draw(column, place))
        if place % labelled == 0:
            drawn.append(stacks.label(column, place))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Dollars over time, by model">'
        f"{''.join(drawn)}</svg>{_legend(colours)}"
    )


def bars(rows: Sequence[Bar], label: str) -> str:
    """Bars side by side, each with what went into failed attempts.

    Args:
        rows: The bars, from top to bottom.
        label: What they show, for those who cannot see it.
    """
    highest = max((row.amount for row in rows), default=Decimal(0)) or Decimal(1)
    room = _BAR_WIDTH - _NAME_WIDTH - _AMOUNT_WIDTH
    drawn = "".join(_bar(row, place * _BAR_ROW, room / float(highest)) for place, row in enumerate(rows))
    view = f"0 0 {_BAR_WIDTH} {max(len(rows), 1) * _BAR_ROW}"
    return f'<svg viewBox="{view}" role="img" aria-label="{escape(label)}">{drawn}</svg>'


def dollars(amount: Decimal) -> str:
    """Dollars for people: `$1,234.50`, `$0.0123`, `$0.000045`."""
    if not amount:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    # three digits, without zeros at the end
    return f"${amount:.{2 - floor(log10(amount))}f}".rstrip("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stacks:
    """Draws one column after the other."""

    amounts: Mapping[tuple[str, str], Decimal]
    colours: Mapping[str, str]
    top: Decimal
    width: float
    """Of a column and the gap beside it."""

    def draw(self, column: str, place: int) -> str:
        parts: dict[str, Decimal] = dict.fromkeys(self.colours, Decimal(0))
        for (name, kind), amount in self.amounts.items():
            if name == column:
                parts[kind if kind in parts else _OTHERS] += amount
        gap = max(min(self.width * 0.15, 6), (self.width - _WIDEST) / 2)
        x, width = _LEFT + place * self.width + gap, max(self.width - 2 * gap, 1)
        drawn, below = [], Decimal(0)
        for kind, amount in parts.items():
            below += amount
            drawn.append(
                f'<rect class="{self.colours[kind]}" x="{x:.1f}" y="{_y(below, self.top):.1f}"'
                f' width="{width:.1f}" height="{_y(Decimal(0), self.top) - _y(amount, self.top):.1f}">'
                f"<title>{escape(column)}, {escape(kind)}: {dollars(amount)}</title></rect>"
            )
        return "".join(drawn)

    def label(self, column: str, place: int) -> str:
        x = _LEFT + (place + 0.5) * self.width
        words = escape(_short(column))
        return f'<text class="tick" x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{words}</text>'


def _colours_of(amounts: Mapping[tuple[str, str], Decimal]) -> dict[str, str]:
    """The class of each kind that has a colour of its own, dearest first, and of the others."""
    sums: dict[str, Decimal] = {}
    for (_, kind), amount in amounts.items():
        sums[kind] = sums.get(kind, Decimal(0)) + amount
    ranked = sorted(sums, key=lambda kind: (-sums[kind], kind))
    colours = {kind: f"c{place}" for place, kind in enumerate(ranked[:_COLOURS])}
    return colours | {_OTHERS: "rest"} if len(ranked) > _COLOURS else colours


def _bar(row: Bar, y: int, scale: float) -> str:
    length, part = float(row.amount) * scale, float(row.part) * scale
    failed = f", of which {dollars(row.part)} in failed attempts" if row.part else ""
    return (
        f"<g><title>{escape(row.name)}: {dollars(row.amount)}{failed}</title>"
        f'<text class="name" x="{_NAME_WIDTH - 8}" y="{y + 19}" text-anchor="end">{_cut(row.name)}</text>'
        + "".join(
            f'<rect class="{kind}" x="{_NAME_WIDTH}" y="{y + 6}" width="{width:.1f}" height="18" rx="3"/>'
            for kind, width in (("bar", max(length, 1)), ("failed", part))
            if width
        )
        + f'<text class="amount" x="{_NAME_WIDTH + length + 8:.1f}" y="{y + 19}">'
        f"{dollars(row.amount)}</text></g>"
    )


def _sum(amounts: Mapping[tuple[str, str], Decimal], column: str) -> Decimal:
    return sum((amount for (name, _), amount in amounts.items() if name == column), Decimal(0))


def _step(highest: Decimal) -> Decimal:
    """The distance of the lines of the grid: 1, 2, 2.5 or 5 times a power of ten."""
    if not highest:
        return Decimal("0.25")
    least = highest / _TICKS
    power = Decimal(10) ** floor(log10(least))
    steps = (power * factor for factor in (1, 2, Decimal("2.5"), 5))
    return next((step for step in steps if step >= least), power * 10)


def _grid(step: Decimal) -> str:
    drawn = []
    for tick in range(_TICKS + 1):
        y, amount = _y(step * tick, step * _TICKS), dollars(step * tick)
        drawn.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{amount}</text>'
        )
    return "".join(drawn)


def _y(amount: Decimal, top: Decimal) -> float:
    return _TOP + (1 - float(amount / top)) * (_HEIGHT - _BOTTOM - _TOP)


def _legend(colours: Mapping[str, str]) -> str:
    entries = (f'<li><i class="{colour}"></i>{escape(kind)}</li>' for kind, colour in colours.items())
    return f'<ul class="legend">{"".join(entries)}</ul>'


def _short(column: str) -> str:
    """What stands under a column: `11-24`, `09:00`, `2026-11`."""
    day, _, hour = column.partition(" ")
    return hour or (day[5:] if day.count("-") > 1 else day)


def _cut(name: str) -> str:
    return escape(name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…")

"""What was spent, added up by what it was spent on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext

from dagster_openai_otel.cli.kinds import TAG
from dagster_openai_otel.cli.spending import Spent
from dagster_openai_otel.pricing import DOLLARS
from dagster_openai_otel.tally import Model, Sums

BINS = 16
"""How many parts of the time a curve is made of."""
NONE = "(none)"
"""The name of what has none: no partition, no such tag."""
OUTSIDE = "(outside the steps)"
"""In place of an asset, where no step was running."""

Split = Callable[[Spent], Iterator[tuple[str, Sums]]]
"""The names that an event counts for, each with its part."""


@dataclass(slots=True)
class Group:
    """What was spent on one thing, as it is added up."""

    sums: Sums
    failed_usd: Decimal
    curve: list[float]

    @classmethod
    def empty(cls) -> "Group":
        """Nothing yet."""
        return cls(Sums(), Decimal(0), [0.0] * BINS)

    def add(self, sums: Sums, place: int, *, failed: bool) -> None:
        """Add what was spent in one part of the time."""
        self.sums += sums
        cost = sums.cost_usd or Decimal(0)
        self.curve[place] += float(cost)
        if failed:
            with localcontext(DOLLARS):
                self.failed_usd += cost

    def merge(self, other: "Group") -> None:
        """Add another group."""
        self.sums += other.sums
        with localcontext(DOLLARS):
            self.failed_usd += other.failed_usd
        self.curve = [mine + its for mine, its in zip(self.curve, other.curve, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A group and its name."""

    name: str
    group: Group


class Breakdown:
    """Adds up what was spent by one kind of thing.

    Args:
        split: What to add up by.
        began: Start of the time that the curves are over, in seconds since 1970.
        ended: Its end.
        kept: How many groups are needed, where a group is complete when the next one begins: then others
            are folded into one as soon as they are many. `None` where they may come again.
    """

    def __init__(self, split: Split, began: float, ended: float, kept: int | None = None) -> None:
        self._split = split
        self._began = began
        self._seconds = max(ended - began, 1.0)
        self._kept = kept
        self.total = Group.empty()
        self._groups: dict[str, Group] = {}
        self._folded = Group.empty()
        self._folds = 0

    def add(self, spent: Spent) -> None:
        """Count an event."""
        part = int((spent.moment - self._began) / self._seconds * BINS)
        place = min(max(part, 0), BINS - 1)
        self.total.add(spent.sums, place, failed=spent.failed)
        for name, sums in self._split(spent):
            if name not in self._groups:
                self._fold_smallest()
                self._groups[name] = Group.empty()
            self._groups[name].add(sums, place, failed=spent.failed)

    def rows(self, top: int | None, *, by_name: bool = False) -> tuple[list[Row], Row | None]:
        """The dearest groups, dearest first, and all others as one; `None` where there are none.

        Args:
            top: How many; `None` for all.
            by_name: In the order of their names, as for days.
        """
        ranked = self._ranked()
        kept, others = ranked[:top], ranked[top:] if top is not None else []
        count = len(others) + self._folds
        rest = None
        if count:
            rest = Row(name=f"({count:,} {'other' if count == 1 else 'others'})", group=Group.empty())
            for row in others:
                rest.group.merge(row.group)
            rest.group.merge(self._folded)
        return sorted(kept, key=lambda row: row.name) if by_name else kept, rest

    def _ranked(self) -> list[Row]:
        rows = (Row(name=name, group=group) for name, group in self._groups.items())
        return sorted(rows, key=_rank)

    def _fold_smallest(self) -> None:
        if self._kept is None or len(self._groups) < 4 * self._kept + 64:
            return
        for row in self._ranked()[self._kept :]:
            self._folded.merge(self._groups.pop(row.name))
            self._folds += 1


def _rank(row: Row) -> tuple[Decimal, int, str]:
    sums = row.group.sums
    return -(sums.cost_usd or Decimal(0)), -sums.usage.total_tokens, row.name


def split_by(kind: str) -> Split:
    """What to add up by, from its name: one of `kinds.KINDS`, or `tag:` and the name of a tag."""
    if kind == "model":
        return _models
    if kind.startswith(TAG):
        tag = kind.removeprefix(TAG)
        return lambda spent: iter([(spent.run.tags.get(tag, NONE), spent.sums)])
    name_of = _NAMES[kind]
    return lambda spent: iter([(name_of(spent), spent.sums)])


def name_of_model(model: Model) -> str:
    """A model and the tier that served it, where that is not the usual one."""
    tier = model.service_tier
    return model.name if tier in {None, "default"} else f"{model.name} ({tier})"


def day_of(spent: Spent) -> str:
    """The day of an event, in the time zone of this machine."""
    return datetime.fromtimestamp(spent.moment, tz=UTC).astimezone().date().isoformat()


def _asset(spent: Spent) -> str:
    return spent.asset or (f"op {spent.step}" if spent.step else OUTSIDE)


def _models(spent: Spent) -> Iterator[tuple[str, Sums]]:
    for model, sums in spent.by_model.items():
        yield name_of_model(model), sums


_NAMES: dict[str, Callable[[Spent], str]] = {
    "asset": _asset,
    "partition": lambda spent: spent.partition or NONE,
    "job": lambda spent: spent.run.job_name,
    "run": lambda spent: spent.run.run_id,
    "day": day_of,
}

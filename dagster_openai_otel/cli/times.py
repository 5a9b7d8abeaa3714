"""The parts of a time that a chart has one column for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HOURS_UP_TO = timedelta(days=2)
_DAYS_UP_TO = timedelta(days=92)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Hours, days or months, whichever is right for a time; in the time zone of this machine."""

    began: datetime
    ended: datetime

    @classmethod
    def over(cls, began: float, ended: float) -> "Columns":
        """Of a time, in seconds since 1970."""
        return cls(began=_local(began), ended=_local(max(began, ended)))

    @property
    def unit(self) -> str:
        """`hour`, `day` or `month`."""
        length = self.ended - self.began
        return "hour" if length <= _HOURS_UP_TO else "day" if length <= _DAYS_UP_TO else "month"

    def column_of(self, moment: float) -> str:
        """The name of the column that a moment falls into; names sort as the columns do."""
        return self._name(min(max(_local(moment), self.began), self.ended))

    def names(self) -> list[str]:
        """The names of all columns, also of those that nothing falls into."""
        return list(dict.fromkeys(self._name(moment) for moment in self._moments()))

    def _moments(self) -> Iterator[datetime]:
        step = timedelta(hours=1) if self.unit == "hour" else timedelta(days=1)
        moment = self.began
        while moment < self.ended:
            yield moment
            moment += step
        yield self.ended

    def _name(self, moment: datetime) -> str:
        moment = moment.astimezone()
        if self.unit == "hour":
            return f"{moment:%Y-%m-%d %H:00}"
        return f"{moment:%Y-%m-%d}" if self.unit == "day" else f"{moment:%Y-%m}"


def _local(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, tz=UTC).astimezone()

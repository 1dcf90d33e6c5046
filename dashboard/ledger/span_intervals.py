"""The spans of one key: from which position to which one an evaluation was the same.

Nothing here reads or writes the database. A *position* is the number that orders the reports of a
pack (see models/evaluations.py).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """The evaluation of one key from position `first` up to, not including, `until`.

    `row` is the id of the span's database row, None if it is not stored yet. `since` is the
    position at which the status began.
    """

    first: int
    until: int
    digest: int
    status: int
    since: int = 0
    row: int | None = None

    @property
    def interval(self) -> tuple[int, int, int]:
        """The values of INTERVAL_COLUMNS."""
        return self.first, self.until, self.since


def replace_interval(spans: Sequence[Span], start: int, end: int, state: Span | None) -> list[Span]:
    """Return one key's spans, with `state` from `start` up to, not including, `end`.

    If `state` is None, the key has no span in this interval: its report does not list the key.
    Spans that are cut keep their parts outside the interval. Adjacent spans with the same digest
    are joined, and `since` is computed again.
    """
    if not spans and state is not None:
        return [state._replace(first=start, until=end, since=start)]
    pieces = []
    for span in spans:
        if span.first < start:
            pieces.append(span._replace(until=min(span.until, start)))
        if span.until > end:
            pieces.append(span._replace(first=max(span.first, end)))
    if state is not None:
        pieces.append(state._replace(first=start, until=end))
    return join_spans(sorted(pieces, key=lambda span: span.first))


def join_spans(pieces: Iterable[Span]) -> list[Span]:
    """Join adjacent pieces with the same digest, and compute `since` of each span.

    `pieces` are the spans of one key in the order of their positions.
    """
    joined: list[Span] = []
    for span in pieces:
        last = joined[-1] if joined and joined[-1].until == span.first else None
        if last and last.digest == span.digest:
            row = span.row if last.row is None else last.row
            joined[-1] = last._replace(until=span.until, row=row)
        elif last and last.status == span.status:
            joined.append(span._replace(since=last.since))
        else:
            joined.append(span._replace(since=span.first))
    return joined

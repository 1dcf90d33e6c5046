"""Putting a report's evaluations into the spans of its pack, and taking them out again, in any order.

The rows that a report does not change cost a read and no write. Keys are taken in ranges, each in a transaction of its
own that leaves every other report's rows as they were: the write lock is short, memory is flat, and whoever is killed
in the middle does the same again without harm. Small reports are put by whoever enters them, in their transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from dashboard.ledger.bulk_sql import BulkInsert, BulkUpdate, quote_names
from dashboard.models import Evaluation, Pack, Report
from dashboard.models.evaluations import FOREVER
from dashboard.workbook import Evaluated

BATCH = 22_000  # rows a transaction: half a second of write lock
IN_LIST = 500  # values in one IN (...)
AT_ONCE = 5_000  # rows fetched at a time


GroupColumns = tuple[
    int, int, int, str, str, str
]  # what rows of a group share: rule's id, status, risk, place


class Span(NamedTuple):
    """One key's state between two positions. `row` is the database row it stands on, None while it is new."""

    first: int
    until: int
    digest: int
    status: int
    since: int = 0
    row: int | None = None

    @property
    def when(self) -> tuple[int, int, int]:
        """In the order of WHEN."""
        return self.first, self.until, self.since


def replace_interval(spans: Sequence[Span], start: int, end: int, state: Span | None) -> list[Span]:
    """One key's spans after it is in `state` from `start` up to `end`; None means: not there.

    Spans in, spans out, in order; what touches and is equal becomes one, and `since` follows the status.
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
    joined: list[Span] = []
    for span in sorted(pieces, key=lambda span: span.first):
        last = joined[-1] if joined else None
        if last and last.until == span.first and last.digest == span.digest:
            row = span.row if last.row is None else last.row
            joined[-1] = last._replace(until=span.until, row=row)
            continue
        touches = last is not None and last.until == span.first and last.status == span.status
        joined.append(span._replace(since=last.since if last and touches else span.first))
    return joined


def store_evaluations(
    report: Report, buckets: Iterable[list[Evaluated]], groups: Sequence[GroupColumns]
) -> None:
    """Makes the spans of the report's pack say what its file says; `groups` go by the numbers that its rows name.

    It stops where the claim was lost: what a cancelled report brought in may have been taken out by then.
    """
    for low, high, rows in split_key_ranges(buckets):
        with transaction.atomic():
            Pack.objects.lock_row(report.pack_id)
            if not report.holds_claim():
                return
            store_key_range(
                report,
                find_neighbours(report).after,
                low,
                high,
                {row.key: row for row in rows},
                groups,
            )


def split_key_ranges(
    buckets: Iterable[list[Evaluated]],
) -> Iterator[tuple[int, int, list[Evaluated]]]:
    """Neighbouring buckets as (from key, to key, rows), about BATCH rows each, covering every key there can be."""
    low, rows = 0, list[Evaluated]()
    for bucket in buckets:
        if rows and len(rows) + len(bucket) > BATCH:
            yield low, bucket[0].key, rows
            low, rows = bucket[0].key, []
        rows += bucket
        while len(rows) > BATCH:
            yield low, rows[BATCH].key, rows[:BATCH]
            low, rows = rows[BATCH].key, rows[BATCH:]
    yield low, FOREVER, rows


def store_key_range(
    report: Report,
    end: int,
    low: int,
    high: int,
    rows: Mapping[int, Evaluated],
    groups: Sequence[GroupColumns],
) -> None:
    """The same for a range of keys and its rows by key, while the pack is held; `end` is the next position."""
    position = require_position(report)
    there = Evaluation.objects.filter(pack=report.pack_id, key__gte=low, key__lt=high)
    standing = dict(
        there.at(report.pack_id, position).values_list("key", "digest").iterator(chunk_size=AT_ONCE)
    )
    if not standing and not there.exists():
        whole = (report.pack_id, position, end, position)
        write_spans(
            [], [], [], [span_columns(row, groups[row.group], whole) for row in rows.values()]
        )
        return
    changed = [key for key, row in rows.items() if standing.get(key) != row.digest]
    store_changed_keys(report, end, [*changed, *(standing.keys() - rows.keys())], rows, groups)


def store_changed_keys(
    report: Report,
    end: int,
    keys: Sequence[int],
    rows: Mapping[int, Evaluated],
    groups: Sequence[GroupColumns],
) -> None:
    """The same for these keys, all others being known to stand as `rows` has them."""
    position = require_position(report)

    def paint(key: int, spans: list[Span]) -> list[Span]:
        row = rows.get(key)
        return replace_interval(
            spans, position, end, row and Span(position, end, row.digest, groups[row.group][1])
        )

    rewrite_spans(report.pack_id, keys, paint, lambda key: (rows[key], groups[rows[key].group]))


def remove_report(report: Report) -> None:
    """Makes the spans as if the report had never been."""
    position = require_position(report)
    while True:
        with transaction.atomic():
            Pack.objects.lock_row(report.pack_id)
            before, end = find_neighbours(report)
            # A span that begins or ends here, but for those that the others' positions explain as well.
            touched = Evaluation.objects.filter(pack=report.pack_id).filter(
                Q(first=position) | Q(until=position, until__lt=FOREVER)
            )
            keys = list(touched.values_list("key", flat=True).distinct()[:BATCH])

            def paint(
                _key: int, spans: list[Span], end: int = end, before: int | None = before
            ) -> list[Span]:
                standing = [
                    span
                    for span in spans
                    if before is not None and span.first <= before < span.until
                ]
                return replace_interval(spans, position, end, standing[0] if standing else None)

            rewrite_spans(report.pack_id, keys, paint, None)
        if not keys:
            return


class Neighbours(NamedTuple):
    """The positions of the reports just before and just after one; None and FOREVER where there are none."""

    before: int | None
    after: int


def find_neighbours(report: Report) -> Neighbours:
    position = require_position(report)
    with connection.cursor() as cursor:
        cursor.execute(NEIGHBOURS, (report.pack_id, position, report.pack_id, position))
        before, after = cursor.fetchone()
    return Neighbours(before, after or FOREVER)


def require_position(report: Report) -> int:
    """The report's position."""
    assert report.position is not None  # noqa: S101  # it is placed before its spans are
    return report.position


def rewrite_spans(
    pack: int,
    keys: Sequence[int],
    paint: Callable[[int, list[Span]], list[Span]],
    said: Callable[[int], tuple[Evaluated, GroupColumns]] | None,
) -> None:
    """Paints each key's spans and writes the difference: rows dropped, changed, copied, added."""
    stored = load_spans(pack, keys)
    drop: list[int] = []
    change: list[SpanColumns] = []
    copy: list[SpanColumns] = []
    add: list[SpanColumns] = []
    for key in keys:
        old = stored.get(key, [])
        new = paint(key, old)
        if said and not old:
            add += [span_columns(*said(key), (pack, *span.when)) for span in new]
            continue
        was = {span.row: span for span in old}
        seen: set[int] = set()
        for span in new:
            if span.row is None:
                assert said is not None  # noqa: S101  # only `put` brings new states
                add.append(span_columns(*said(key), (pack, *span.when)))
            elif span.row in seen:
                copy.append((*span.when, span.row))
            elif was[span.row] != span:
                change.append((*span.when, span.row))
            seen.add(span.row or 0)
        drop += [row for row in was if row is not None and row not in seen]
    write_spans(drop, change, copy, add)


def load_spans(pack: int, keys: Sequence[int]) -> dict[int, list[Span]]:
    spans: dict[int, list[Span]] = {}
    for start in range(0, len(keys), IN_LIST):
        rows = Evaluation.objects.filter(pack=pack, key__in=keys[start : start + IN_LIST]).order_by(
            "key", "first"
        )
        for key, *fields in rows.values_list(
            "key", "first", "until", "digest", "status", "since", "pk"
        ):
            spans.setdefault(key, []).append(Span(*fields))
    return spans


SpanColumns = tuple[int | str, ...]
TABLE = Evaluation._meta.db_table
# What a span says, as opposed to when.
SAYS = (
    "key", "digest", "resource", "rule_id", "status", "risk", "account", "region", "resource_type",
    "resource_id", "resource_name", "actual", "expected", "reason", "search_text", "pack_id",
)  # fmt: skip
WHEN = ("first", "until", "since")


NEW = BulkInsert(Evaluation, SAYS + WHEN)
COPY = f"INSERT INTO {TABLE} ({quote_names(SAYS + WHEN)}) SELECT {quote_names(SAYS)}, %s, %s, %s FROM {TABLE} WHERE id = %s"  # noqa: S608
CHANGE = BulkUpdate(Evaluation, WHEN)
DROP = f"DELETE FROM {TABLE} WHERE id = %s"  # noqa: S608
OF_PACK = f"FROM {Report._meta.db_table} WHERE pack_id = %s"
NEIGHBOURS = f"SELECT (SELECT max(position) {OF_PACK} AND position < %s), (SELECT min(position) {OF_PACK} AND position > %s)"


def span_columns(
    row: Evaluated, shared: GroupColumns, when: tuple[int, int, int, int]
) -> SpanColumns:
    """A new row in the order of NEW; `when` begins with the pack."""
    own = row[4:9]  # resource id, its name, actual, expected, reason
    return (*row[:3], *shared, *own, "\n".join(own).casefold(), *when)


def write_spans(
    drop: list[int], change: list[SpanColumns], copy: list[SpanColumns], add: list[SpanColumns]
) -> None:
    """What is dropped goes first, and what is added last: a span of a key begins where another one did."""
    with connection.cursor() as cursor:
        if drop:
            cursor.executemany(DROP, [(row,) for row in drop])
        if change:
            CHANGE.write(change)
        if copy:
            cursor.executemany(COPY, copy)
    if add:
        NEW.write(add)

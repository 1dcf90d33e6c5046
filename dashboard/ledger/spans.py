"""Store a report's evaluations as spans of its pack, and remove them again.

Reports may be stored and removed in any order. A *span* is a row of Evaluation: the evaluation of
one *key* (a hash of rule and resource) from the position `first` up to, not including, `until` (see
models/evaluations.py). The *position* is the number that orders the reports of a pack. Only spans
that a report changes are written.

A large report is stored in ranges of keys, each in a separate transaction: the database is locked
for a short time, little memory is needed, and a range may be stored again after an interruption. A
small report is stored in the transaction of its caller.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q

from dashboard.ledger import pack_resources
from dashboard.ledger.earlier_readings import complete_spans, has_earlier_readings
from dashboard.ledger.span_intervals import Span, replace_interval
from dashboard.ledger.span_rows import (
    GroupColumns,
    SpanChanges,
    build_span_columns,
    insert_spans,
    load_spans,
    write_span_changes,
)
from dashboard.models import Evaluation, Pack, Report
from dashboard.models.evaluations import FOREVER
from dashboard.workbook import EvaluationRow

ROWS_PER_TRANSACTION = 10_000  # they lock the database for about a quarter of a second
ROWS_PER_FETCH = 5_000

REPORTS_OF_PACK_SQL = f"FROM {Report._meta.db_table} WHERE pack_id = %s"
NEIGHBOURS_SQL = (
    f"SELECT (SELECT max(position) {REPORTS_OF_PACK_SQL} AND position < %s), "
    f"(SELECT min(position) {REPORTS_OF_PACK_SQL} AND position > %s)"
)

# Takes a key and its spans, and returns the spans it should have.
ChangeSpans = Callable[[int, list[Span]], list[Span]]


def store_evaluations(
    report: Report, buckets: Iterable[list[EvaluationRow]], groups: Sequence[GroupColumns]
) -> None:
    """Store all rows of the report's file as spans, one range of keys in each transaction.

    `buckets` are lists of rows, sorted by key across all lists; `EvaluationRow.group` is an index
    of `groups`. Stops early if this worker lost its claim of the report: the report may have been
    cancelled and its spans removed.
    """
    completes_spans = has_earlier_readings(report)
    for first_key, end_key, rows in split_key_ranges(buckets):
        with transaction.atomic():
            Pack.objects.lock_row(report.pack_id)
            if not report.holds_claim():
                return
            next_position = find_neighbours(report).after
            rows_by_key = {row.key: row for row in rows}
            store_key_range(
                report,
                next_position,
                first_key,
                end_key,
                rows_by_key,
                groups,
                completes_spans=completes_spans,
            )
        rows_by_key.clear()  # frees them before the next are read
        rows.clear()


def split_key_ranges(
    buckets: Iterable[list[EvaluationRow]],
) -> Iterator[tuple[int, int, list[EvaluationRow]]]:
    """Yield (first key, end key, rows) with at most ROWS_PER_TRANSACTION rows.

    A range includes its first key and not its end key. The ranges cover every possible key, so that
    stored keys that the file does not list are updated too.
    """
    first_key = 0
    rows: list[EvaluationRow] = []
    for bucket in buckets:
        if rows and len(rows) + len(bucket) > ROWS_PER_TRANSACTION:
            yield first_key, bucket[0].key, rows
            first_key, rows = bucket[0].key, []
        rows += bucket
        while len(rows) > ROWS_PER_TRANSACTION:
            end_key = rows[ROWS_PER_TRANSACTION].key
            yield first_key, end_key, rows[:ROWS_PER_TRANSACTION]
            first_key, rows = end_key, rows[ROWS_PER_TRANSACTION:]
    yield first_key, FOREVER, rows


def store_key_range(
    report: Report,
    next_position: int,
    first_key: int,
    end_key: int,
    rows: Mapping[int, EvaluationRow],
    groups: Sequence[GroupColumns],
    *,
    completes_spans: bool,
) -> None:
    """Store the file's rows with keys from `first_key` up to, not including, `end_key`.

    `next_position` is the position of the pack's next report, or FOREVER. `completes_spans` is true
    if the pack has reports that an earlier version of the reader read. The caller must hold the
    pack's lock.
    """
    position = report.require_position()
    spans_in_range = Evaluation.objects.filter(
        pack=report.pack_id, key__gte=first_key, key__lt=end_key
    )
    current_spans = spans_in_range.at(report.pack_id, position).values_list("key", "digest")
    current_digests = dict(current_spans.iterator(chunk_size=ROWS_PER_FETCH))
    if not current_digests and not spans_in_range.exists():
        # The pack has no spans with these keys, so all rows are inserted without comparing them.
        interval = (position, next_position, position)
        insert_spans(
            [
                build_span_columns(report.pack_id, row, groups[row.group], interval)
                for row in rows.values()
            ]
        )
        if next_position == FOREVER:
            pack_resources.store_resources(report.pack_id, rows.values(), ())
        return
    changed_keys = [key for key, row in rows.items() if current_digests.get(key) != row.digest]
    missing_keys = current_digests.keys() - rows.keys()
    store_changed_keys(report, next_position, [*changed_keys, *missing_keys], rows, groups)
    if completes_spans:
        complete_spans(report, spans_in_range, rows)


def store_changed_keys(
    report: Report,
    next_position: int,
    keys: Sequence[int],
    rows: Mapping[int, EvaluationRow],
    groups: Sequence[GroupColumns],
) -> None:
    """Store the rows with these keys. For all other keys the stored spans must be right already.

    A key without a row gets no span at the report's position. `next_position` is the position of
    the pack's next report, or FOREVER. The caller must hold the pack's lock.
    """
    position = report.require_position()

    def replace_state(key: int, spans: list[Span]) -> list[Span]:
        row = rows.get(key)
        state = None
        if row:
            _rule, status, *_other_columns = groups[row.group]
            state = Span(position, next_position, row.digest, status=status)
        return replace_interval(spans, position, next_position, state)

    rewrite_spans(
        report.pack_id, keys, replace_state, lambda key: (rows[key], groups[rows[key].group])
    )
    if next_position == FOREVER:
        changed_rows = [rows[key] for key in keys if key in rows]
        missing_keys = [key for key in keys if key not in rows]
        pack_resources.store_resources(report.pack_id, changed_rows, missing_keys)


def remove_report(report: Report) -> None:
    """Change the pack's spans to what they would be without the report, and clear its position.

    The report must have failed, or been cancelled or withdrawn. Each range of keys is a transaction
    of its own; the position is cleared last, so that an interrupted removal can be repeated.
    """
    while remove_changed_keys(report):
        pass


def remove_changed_keys(report: Report) -> int:
    """Remove the report from up to ROWS_PER_TRANSACTION keys that change at its position.

    Return the number of these keys; 0 means that none is left. Removes nothing if the report is
    being stored again, because its withdrawal was taken back.
    """
    position = report.require_position()
    with transaction.atomic():
        Pack.objects.lock_row(report.pack_id)
        ended_report = Report.objects.with_leftover_spans().filter(pk=report.pk)
        if not ended_report.exists():
            return 0
        previous_position, next_position = find_neighbours(report)
        changed_spans = Evaluation.objects.filter(pack=report.pack_id).filter(
            Q(first=position) | Q(until=position, until__lt=FOREVER)
        )
        keys = list(changed_spans.values_list("key", flat=True).distinct()[:ROWS_PER_TRANSACTION])

        def extend_previous_state(_key: int, spans: list[Span]) -> list[Span]:
            previous_span = None
            if previous_position is not None:
                for span in spans:
                    if span.first <= previous_position < span.until:
                        previous_span = span
            return replace_interval(spans, position, next_position, previous_span)

        resources = pack_resources.find_resources(report.pack_id, keys)
        rewrite_spans(report.pack_id, keys, extend_previous_state, None)
        if next_position == FOREVER:
            pack_resources.update_resources(report.pack_id, resources)
        if not keys:
            ended_report.update(position=None)
    return len(keys)


class Neighbours(NamedTuple):
    """The positions of the reports directly before and after a report in its pack.

    `before` is None and `after` is FOREVER if there is no such report.
    """

    before: int | None
    after: int


def find_neighbours(report: Report) -> Neighbours:
    """Query the positions directly before and after the report's position."""
    position = report.require_position()
    with connection.cursor() as cursor:
        cursor.execute(NEIGHBOURS_SQL, (report.pack_id, position, report.pack_id, position))
        before, after = cursor.fetchone()
    return Neighbours(before, after or FOREVER)


def rewrite_spans(
    pack_id: int,
    keys: Sequence[int],
    change_spans: ChangeSpans,
    find_row: Callable[[int], tuple[EvaluationRow, GroupColumns]] | None,
) -> None:
    """Apply `change_spans` to the stored spans of each key, and write the differences.

    `find_row` returns the file's row for a key and the columns of its group. It is None if
    `change_spans` never returns a span without a database row.
    """
    stored_spans = load_spans(pack_id, keys)
    changes = SpanChanges(deleted=[], updated=[], copied=[], inserted=[])
    for key in keys:
        old_spans = stored_spans.get(key, [])
        new_spans = change_spans(key, old_spans)
        changes.add_moved_rows(old_spans, new_spans)
        new_states = [span for span in new_spans if span.row is None]
        if new_states and find_row:
            row, group = find_row(key)
            changes.inserted.extend(
                build_span_columns(pack_id, row, group, span.interval) for span in new_states
            )
    write_span_changes(changes)

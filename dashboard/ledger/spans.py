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
from dashboard.ledger.bulk_sql import BulkInsert, BulkUpdate, quote_names
from dashboard.ledger.earlier_readings import (
    build_search_text,
    complete_spans,
    get_row_texts,
    has_earlier_readings,
)
from dashboard.models import Evaluation, Pack, Report
from dashboard.models.evaluations import FOREVER
from dashboard.workbook import EvaluationRow

ROWS_PER_TRANSACTION = 22_000  # they lock the database for about half a second
KEYS_PER_QUERY = 500
ROWS_PER_FETCH = 5_000

# The columns that describe the evaluation; INTERVAL_COLUMNS say for which positions it is valid.
VALUE_COLUMNS = (
    "key", "digest", "resource", "rule_id", "status", "risk", "account", "region", "resource_type",
    "resource_id", "resource_name", "actual", "expected", "operator", "property_path", "reason",
    "source", "results_status", "failing_since_ms", "fixed_at_ms", "exempt_until", "resource_group",
    "search_text", "pack_id",
)  # fmt: skip
INTERVAL_COLUMNS = ("first", "until", "since")
# The columns from `source` to `resource_group` are the fields of a row with these numbers.
FIRST_RESULTS_FIELD = EvaluationRow._fields.index("source")
END_OF_RESULTS_FIELDS = EvaluationRow._fields.index("resource_group") + 1
EVALUATION_TABLE = Evaluation._meta.db_table
SPAN_INSERT = BulkInsert(Evaluation, VALUE_COLUMNS + INTERVAL_COLUMNS)
INTERVAL_UPDATE = BulkUpdate(Evaluation, INTERVAL_COLUMNS)
SPAN_COPY_SQL = (
    f"INSERT INTO {EVALUATION_TABLE} "  # noqa: S608
    f"({quote_names(VALUE_COLUMNS)}, {quote_names(INTERVAL_COLUMNS)}) "
    f"SELECT {quote_names(VALUE_COLUMNS)}, %s, %s, %s FROM {EVALUATION_TABLE} WHERE id = %s"
)
SPAN_DELETE_SQL = f"DELETE FROM {EVALUATION_TABLE} WHERE id = %s"  # noqa: S608
REPORTS_OF_PACK_SQL = f"FROM {Report._meta.db_table} WHERE pack_id = %s"
NEIGHBOURS_SQL = (
    f"SELECT (SELECT max(position) {REPORTS_OF_PACK_SQL} AND position < %s), "
    f"(SELECT min(position) {REPORTS_OF_PACK_SQL} AND position > %s)"
)

# The values that all rows of a workbook.EvaluationGroup share: rule id, status, risk, account,
# region, resource type.
GroupColumns = tuple[int, int, int, str, str, str]
# A new row, in the order of SPAN_INSERT.
SpanColumns = tuple[int | str, ...]
# The interval of a row (in the order of INTERVAL_COLUMNS), then the id of the row.
IntervalColumns = tuple[int, int, int, int]


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


# Takes a key and its spans, and returns the spans it should have.
ChangeSpans = Callable[[int, list[Span]], list[Span]]


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


class SpanChanges(NamedTuple):
    """The writes that turn the stored spans of several keys into the new spans."""

    deleted: list[int]  # ids of rows
    updated: list[IntervalColumns]
    copied: list[IntervalColumns]
    inserted: list[SpanColumns]

    def add_moved_rows(self, old_spans: Iterable[Span], new_spans: Iterable[Span]) -> None:
        """Add the writes for the stored rows of one key; new spans without a row are ignored.

        A row whose span was cut in two is updated for the first part and copied for the second.
        """
        unused_rows = {span.row: span for span in old_spans if span.row is not None}
        used_rows: set[int] = set()
        for span in new_spans:
            if span.row is None:
                continue
            if span.row in used_rows:
                self.copied.append((*span.interval, span.row))
            elif unused_rows.pop(span.row) != span:
                self.updated.append((*span.interval, span.row))
            used_rows.add(span.row)
        self.deleted.extend(unused_rows)


def load_spans(pack_id: int, keys: Sequence[int]) -> dict[int, list[Span]]:
    """Return the stored spans of each key, in the order of their positions."""
    spans: dict[int, list[Span]] = {}
    for start in range(0, len(keys), KEYS_PER_QUERY):
        rows = Evaluation.objects.filter(
            pack=pack_id, key__in=keys[start : start + KEYS_PER_QUERY]
        ).order_by("key", "first")
        for key, *fields in rows.values_list(
            "key", "first", "until", "digest", "status", "since", "pk"
        ):
            spans.setdefault(key, []).append(Span(*fields))
    return spans


def build_span_columns(
    pack_id: int, row: EvaluationRow, group: GroupColumns, interval: tuple[int, int, int]
) -> SpanColumns:
    """Return the values of a new row in the order of the columns of SPAN_INSERT."""
    # Slices are used because this runs for every row of a file.
    key, digest, resource = row[:3]
    texts, search_text = get_row_texts(row), build_search_text(row)
    results = row[FIRST_RESULTS_FIELD:END_OF_RESULTS_FIELDS]
    return (key, digest, resource, *group, *texts, *results, search_text, pack_id, *interval)


def insert_spans(rows: list[SpanColumns]) -> None:
    """Insert rows whose values are in the order of the columns of SPAN_INSERT."""
    SPAN_INSERT.write(rows)


def write_span_changes(changes: SpanChanges) -> None:
    """Write the changes, deletions first: a key cannot have two spans with the same `first`."""
    with connection.cursor() as cursor:
        if changes.deleted:
            cursor.executemany(SPAN_DELETE_SQL, [(row,) for row in changes.deleted])
        if changes.updated:
            INTERVAL_UPDATE.write(changes.updated)
        if changes.copied:
            cursor.executemany(SPAN_COPY_SQL, changes.copied)
    if changes.inserted:
        insert_spans(changes.inserted)

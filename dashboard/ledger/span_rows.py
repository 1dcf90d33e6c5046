"""The database rows of spans: their columns, and the statements that load and write them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import connection

from dashboard.ledger.bulk_sql import BulkInsert, BulkUpdate, quote_names
from dashboard.ledger.earlier_readings import build_row_search_text, get_row_texts
from dashboard.ledger.span_intervals import Span
from dashboard.models import Evaluation
from dashboard.workbook import EvaluationRow

KEYS_PER_QUERY = 500
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

# The values that all rows of a workbook.EvaluationGroup share: rule id, status, risk, account,
# region, resource type.
GroupColumns = tuple[int, int, int, str, str, str]
# A new row, in the order of SPAN_INSERT.
SpanColumns = tuple[int | str, ...]
# The interval of a row (in the order of INTERVAL_COLUMNS), then the id of the row.
IntervalColumns = tuple[int, int, int, int]


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
    texts, search_text = get_row_texts(row), build_row_search_text(row)
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

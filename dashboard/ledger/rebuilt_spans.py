"""Compute the spans of a pack from the stored forms of its reports, without the database."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from dashboard.archive import stored_forms
from dashboard.ledger.report_writer import build_group_columns
from dashboard.ledger.span_intervals import Span
from dashboard.ledger.span_rows import GroupColumns, SpanColumns, build_span_columns
from dashboard.models import Report
from dashboard.models.evaluations import FOREVER
from dashboard.workbook import EvaluationRow
from dashboard.workbook.stored_form import BUCKET_COUNT

ROWS_IN_MEMORY = 200_000  # of all reports together
# The rule ids of each report by the rule's number in its file.
RuleIds = Mapping[int, dict[int, int]]


class KeyHistory:
    """The spans of one key, and for each the row from which it is stored."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.rows: list[tuple[EvaluationRow, GroupColumns]] = []

    def add(self, position: int, until: int, row: EvaluationRow, group: GroupColumns) -> None:
        """Add the evaluation of the next report, whose position is above all others."""
        _rule, status, *_other_columns = group
        last = self.spans[-1] if self.spans and self.spans[-1].until == position else None
        if last and last.digest == row.digest:
            self.spans[-1] = last._replace(until=until)
            return
        since = last.since if last and last.status == status else position
        self.spans.append(Span(position, until, row.digest, status, since))
        self.rows.append((row, group))

    def build_columns(self, pack_id: int) -> list[SpanColumns]:
        """Return the rows to insert."""
        return [
            build_span_columns(pack_id, row, group, span.interval)
            for span, (row, group) in zip(self.spans, self.rows, strict=True)
        ]


def split_buckets(reports: Sequence[Report]) -> Iterator[tuple[int, int]]:
    """Yield (first, end) numbers of buckets that together have few enough rows for the memory."""
    row_count = sum(report.rows for report in reports)
    steps = min(BUCKET_COUNT, row_count // ROWS_IN_MEMORY + 1)
    borders = [BUCKET_COUNT * step // steps for step in range(steps + 1)]
    yield from itertools.pairwise(borders)


def compute_histories(
    reports: Sequence[Report], rule_ids: RuleIds, first_bucket: int, end_bucket: int
) -> dict[int, KeyHistory]:
    """Return the spans of each key in these buckets. `reports` are in the order of position."""
    positions = [report.require_position() for report in reports]
    histories: dict[int, KeyHistory] = {}
    for report, position, until in zip(reports, positions, [*positions[1:], FOREVER], strict=True):
        with stored_forms.open_stored_form(report) as stored_form:
            groups = [
                build_group_columns(group, rule_ids[report.pk]) for group in stored_form.groups
            ]
            for row in stored_form.read_bucket_range(first_bucket, end_bucket):
                history = histories.setdefault(row.key, KeyHistory())
                history.add(position, until, row, groups[row.group])
    return histories


def split_keys(
    histories: Mapping[int, KeyHistory], first_key: int, end_key: int, span_limit: int
) -> Iterator[tuple[int, int, list[KeyHistory]]]:
    """Yield (first key, end key, histories) with about `span_limit` spans.

    The ranges cover all keys from `first_key` up to, not including, `end_key`.
    """
    batch: list[KeyHistory] = []
    span_count = 0
    for key in sorted(histories):
        if span_count >= span_limit:
            yield first_key, key, batch
            first_key, batch, span_count = key, [], 0
        batch.append(histories[key])
        span_count += len(histories[key].spans)
    yield first_key, end_key, batch

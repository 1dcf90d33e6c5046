"""Turn the rows of sheets into evaluations: the status of one resource under one rule.

Evaluations are sorted by their key, a hash of rule and resource (see evaluation_hashes). A bucket
is the list of all evaluations whose keys begin with the same five bits.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from .contents import Contents, EvaluationGroup, EvaluationRow, RuleInfo
from .evaluation_groups import TEXTS_END, GroupTable, RowTuple
from .evaluation_hashes import add_to_content_hash, change_duplicate_key
from .remarks import Facts, RemarkCode
from .row_buckets import RowBuckets
from .rule_collector import RuleCollector
from .source_merging import SourceMerger
from .status_codes import StatusCode
from .stored_form import BUCKET_COUNT

# What a row of the file alone has behind its place (see EvaluationRow).
FILE_ONLY_VALUES = tuple(
    EvaluationRow._field_defaults[name] for name in EvaluationRow._fields[TEXTS_END + 2 :]
)
# The status of all rows of a sheet, for the sheet roles with only one status.
STATUS_BY_ROLE = {
    "non_compliant": StatusCode.NON_COMPLIANT,
    "compliant": StatusCode.COMPLIANT,
    "ignored": StatusCode.IGNORED,
}

# Above this number, rows are moved from memory to the disk; an .xls sheet has fewer.
MAX_ROWS_IN_MEMORY = 70_000
MAX_ROWS_BESIDE_RESULTS = 16_000  # with evaluation results, which are not in memory themselves


@dataclass(slots=True)
class SheetGroup:
    """What many rows of a sheet share; `number` is that of their EvaluationGroup.

    `remarks` are codes and facts of remarks that each row of the group gets. `states_place` is
    false if a cell that should name account, region or type does not do so.
    """

    number: int
    rule: RuleInfo
    status: int
    risk: int
    rule_hash: int
    place_hash: int
    states_place: bool = True
    remarks: tuple[tuple[RemarkCode, Facts], ...] = ()
    has_lost_digits: bool = False  # of an id that the rows share


class EvaluationCollector:
    """Collects the evaluations of a file, and yields them sorted by key.

    With a `merger`, they are those of the evaluation results beside the file too. `folder` is for
    temporary files.
    """

    def __init__(
        self,
        rules: RuleCollector,
        contents: Contents,
        groups: GroupTable,
        folder: Path,
        merger: SourceMerger | None = None,
    ) -> None:
        self._rules = rules
        self._contents = contents
        self._merger = merger
        self._buckets = RowBuckets(
            folder, MAX_ROWS_BESIDE_RESULTS if merger else MAX_ROWS_IN_MEMORY
        )
        self.groups = groups
        self.add_row = self._buckets.add
        self.spill_if_full = self._buckets.spill_if_full
        # The resource of each compliant row, and by risk of each failing one. They may repeat: a
        # number in an array takes a tenth of the memory that it takes in a set.
        self._compliant_resources = array("Q")
        self._failing_resources: dict[int, array[int]] = {}

    def take_buckets(self) -> Iterator[tuple[int, list[RowTuple]]]:
        """Yield (bucket number, rows sorted by key) for each bucket with rows, and free the bucket.

        The content hash, the duplicates and the judged resources are counted on the way.
        """
        for bucket in range(BUCKET_COUNT):
            rows = self._buckets.take(bucket)
            if not rows:
                continue
            rows.sort(key=itemgetter(0))
            if self._merger:
                rows = self._merger.merge_rows(rows)
            elif len({row[0] for row in rows}) < len(rows):
                rows = self._separate_duplicates(rows)
            self._summarise_rows(rows)
            yield bucket, rows

    def _separate_duplicates(self, rows: list[RowTuple]) -> list[RowTuple]:
        """Give each evaluation a different key, and return them sorted by key.

        Evaluations with the same key are numbered in the order of their content, so that the new
        keys do not depend on the order of rows and sheets.
        """
        separate_rows = []
        occurrences: Counter[int] = Counter()
        for row in sorted(rows, key=self.groups.build_content_sort_key):
            key = row[0]
            if occurrences[key]:
                row = (change_duplicate_key(key, occurrences[key]), *row[1:])
                self._contents.duplicates += 1
            occurrences[key] += 1
            separate_rows.append(row)
        return sorted(separate_rows)

    def _summarise_rows(self, rows: list[RowTuple]) -> None:
        """Add rows to the content hash, to the groups and to the judged resources of the file."""
        self.groups.count_rows(rows)
        content_hash = self._contents.content
        resources_by_group = [self._find_resources(group) for group in self.groups.groups]
        for key, digest, resource, group_number, *_texts_and_place in rows:
            content_hash = add_to_content_hash(content_hash, key, digest)
            resources = resources_by_group[group_number]
            if resources is not None:
                resources.append(resource)
        self._contents.content = content_hash

    def _find_resources(self, group: EvaluationGroup) -> "array[int] | None":
        """Return the array to which the resources of a group belong; None for other statuses."""
        if group.status == StatusCode.COMPLIANT:
            return self._compliant_resources
        if group.status == StatusCode.NON_COMPLIANT:
            return self._failing_resources.setdefault(group.risk, array("Q"))
        return None

    def finish(self) -> None:
        """Complete groups, rules and contents; call this after all sheets and take_buckets.

        A rule whose risk the rule list does not give gets the highest risk of its rows. All sheets
        must be read before, so that the order of the sheets does not matter.
        """
        self._buckets.close()
        self.groups.set_row_counts()
        failing = set().union(*self._failing_resources.values())
        self._contents.failing_resources = len(failing)
        self._contents.failing_resources_by_risk = {
            risk: len(set(resources)) for risk, resources in sorted(self._failing_resources.items())
        }
        self._contents.compliant_resources = len(set(self._compliant_resources) - failing)
        risk_by_rule: dict[int, int] = {}
        for group in filter(lambda group: group.rows, self.groups.groups):
            counts = self._rules.rules[group.rule].counts
            counts[group.status] = counts.get(group.status, 0) + group.rows
            # 1 is the highest risk; 0 and None say that it is not known.
            risks = filter(None, (risk_by_rule.get(group.rule), group.risk))
            risk_by_rule[group.rule] = min(risks, default=0)
        for rule in self._rules.rules:
            rule.risk = rule.risk or risk_by_rule.get(rule.number, 0)

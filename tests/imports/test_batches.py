"""Storing many reports gives what storing each of them gives, and one that fails stops no other."""

import datetime as dt
import io
import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest

from dashboard.generation import lifecycle
from dashboard.imports import batches
from dashboard.ledger import report_summary, report_writer
from dashboard.models import Account, Evaluation, Pack, Report, Rule, RuleResult, Sheet
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files
from tests.imported_files import create_report_for_file

pytestmark = pytest.mark.django_db
UID = "1024837465912038"
PLANS = [
    SandboxPack(f"cp-{n:020}", UID, f"Pack {n}", "", ("oss",), rows=60, failing_share=0.3)
    for n in (1, 2)
]
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
State = Report.State
PackFile = tuple[str, str, bytes, dt.datetime]  # pack id, name, content, time
REPORT_FIELDS = (
    "pack__pack_id", "state", "position", "pack_name", "listed_statuses", "remarks", "content_hash",
    "filter_choices", "rules_hash", "rows", "rules", "failing", "compliant", "failing_high",
    "failing_medium", "failing_low", "rated_compliant", "rated_failing", "came", "left",
    "changes_by_reason", "high_risk_changes_by_reason",
    "stated_counts", "reader_version", "claim", "language", "file_kind", "evaluated_at",
)  # fmt: skip
RESULT_FIELDS = (
    "report__position", "rule__key", "name", "risk", "failing", "compliant", "stated_counts",
    "came", "left", "changes_by_reason",
)  # fmt: skip
SPAN_FIELDS = (
    "rule__key", "key", "first", "until", "since", "digest", "status", "risk", "resource_id",
    "search_text",
)  # fmt: skip


@pytest.fixture(scope="module")
def pack_files() -> list[PackFile]:
    """Six weekly files of each of two packs, pack by pack, oldest first."""
    return [
        (plan.id, *file)
        for plan in PLANS
        for file in build_past_report_files(CloudState(7, 6, packs=(plan,)), 6, until=UNTIL)
    ]


def create_reports(pack_files: Sequence[PackFile]) -> list[Report]:
    return [
        create_report_for_file(UID, pack_id, name, io.BytesIO(content), created_at)
        for pack_id, name, content, created_at in pack_files
    ]


def import_all(pack_files: Sequence[PackFile]) -> list[Report]:
    reports = create_reports(pack_files)
    batches.read_and_store_reports(reports)
    assert {report.state for report in reports} == {State.READY}
    return reports


def load_database() -> list[Any]:
    """Load what the database says of the packs, without ids and the times of the work itself."""
    reports = Report.objects.order_by("pack__pack_id", "position")
    results = RuleResult.objects.order_by("report__pack__pack_id", "report__position", "rule__key")
    spans = Evaluation.objects.order_by("rule__pack__pack_id", "key", "first")
    rules = Rule.objects.order_by("pack__pack_id", "key")
    sheets = Sheet.objects.order_by("report__pack__pack_id", "report__position", "number")
    return [
        list(reports.values_list(*REPORT_FIELDS)),
        list(results.values_list(*RESULT_FIELDS)),
        list(spans.values_list(*SPAN_FIELDS)),
        list(rules.values_list("key", "name", "identifier")),
        list(sheets.values_list("name", "rows", "role")),
        list(Pack.objects.order_by("pack_id").values_list("name", "imported")),
    ]


def delete_everything() -> None:
    for model in (Evaluation, Report, Rule, Pack, Account):
        model.objects.all().delete()


def alternate_packs(pack_files: list[PackFile]) -> list[PackFile]:
    weeks = len(pack_files) // 2
    pairs = zip(pack_files[:weeks], pack_files[weeks:], strict=True)
    return list(itertools.chain.from_iterable(pairs))


@pytest.mark.parametrize(
    "order",
    [
        list,
        lambda files: files[::-1],
        alternate_packs,
        lambda files: random.Random(7).sample(files, len(files)),
    ],
    ids=["in the order of time", "backwards", "packs alternate", "any order"],
)
def test_reports_that_are_stored_in_any_order_give_one_ledger(
    pack_files: list[PackFile], order: Any
) -> None:
    for pack_file in pack_files:
        (report,) = create_reports([pack_file])
        lifecycle.advance_report(report.pk)
    expected = load_database()
    delete_everything()
    import_all(order(pack_files))
    assert load_database() == expected


def test_a_report_that_cannot_be_stored_fails_and_stops_no_other(
    pack_files: list[PackFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = create_reports(pack_files[:5])
    failing_pk = reports[2].pk
    insert_rule_results = report_summary.insert_rule_results

    def insert_and_fail(results: list[RuleResult]) -> None:
        insert_rule_results(results)
        if results[0].report_id == failing_pk:
            raise ValueError

    monkeypatch.setattr(report_summary, "insert_rule_results", insert_and_fail)
    batches.read_and_store_reports(reports)
    states = [report.state for report in reports]
    assert states == [State.READY, State.READY, State.FAILED, State.READY, State.READY]
    assert Report.objects.get(pk=failing_pk).error_code == "defect"
    lifecycle.remove_leftover_spans()
    spans = load_database()[2]
    delete_everything()
    import_all([*pack_files[:2], *pack_files[3:5]])
    assert load_database()[2] == spans


def test_a_file_that_cannot_be_read_fails_with_the_error_of_its_reading(
    pack_files: list[PackFile],
) -> None:
    pack_id, name, _content, created_at = pack_files[0]
    broken_file = (pack_id, name, b"\xd0\xcf\x11\xe0 broken", created_at)
    reports = create_reports([broken_file, pack_files[1]])
    batches.read_and_store_reports(reports)
    assert [report.state for report in reports] == [State.FAILED, State.READY]
    assert reports[0].error_code == "unknown"


def test_a_report_that_another_process_has_claimed_is_left_to_it(
    pack_files: list[PackFile],
) -> None:
    reports = create_reports(pack_files[:3])
    claimed_report = Report.objects.get(pk=reports[1].pk)
    assert claimed_report.claim_step(60)
    batches.read_and_store_reports(reports)
    assert [report.state for report in reports] == [State.READY, State.READING, State.READY]
    report_writer.store_report(claimed_report)
    database = load_database()
    delete_everything()
    import_all(pack_files[:3])
    assert load_database() == database


def test_a_file_of_few_but_heavy_rows_is_stored_as_a_large_one(
    pack_files: list[PackFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(report_writer, "SMALL_BYTES", 1_000)
        import_all(pack_files[:2])
    database = load_database()
    delete_everything()
    import_all(pack_files[:2])
    assert load_database() == database


def test_a_report_that_is_given_twice_is_stored_once(pack_files: list[PackFile]) -> None:
    (report,) = create_reports(pack_files[:1])
    batches.read_and_store_reports([report, Report.objects.get(pk=report.pk)])
    assert report.state == State.READY
    assert report.rule_results.count() == report.rules

"""Entering files in turn gives what entering each by itself gives, and one that cannot be entered stops no other."""

import datetime as dt
import io
import itertools
import random
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from dashboard.archive import readings
from dashboard.generation import lifecycle
from dashboard.imports import batch_processing, report_creation
from dashboard.ledger import report_summary, report_writer, spans
from dashboard.models import Account, Evaluation, Pack, Report, Rule, RuleResult, Sheet
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

pytestmark = pytest.mark.django_db
UID = "1024837465912038"
PLANS = [
    SandboxPack(f"cp-{n:020}", UID, f"Pack {n}", "", ("oss",), rows=60, failing_share=0.3)
    for n in (1, 2)
]
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
State = Report.State
File = tuple[str, str, bytes, dt.datetime]


@pytest.fixture(scope="module")
def files() -> list[File]:
    """Six weeks of two packs, pack by pack and in the order of time."""
    return [
        (plan.id, *one)
        for plan in PLANS
        for one in build_past_report_files(CloudState(7, 6, packs=(plan,)), 6, until=UNTIL)
    ]


def brought_in(files: Sequence[File]) -> list[Report]:
    return [
        report_creation.create_report_for_file(UID, pack, name, io.BytesIO(content), at)
        for pack, name, content, at in files
    ]


def one_by_one(found: list[Report]) -> None:
    for report in found:
        lifecycle.advance_report(report.pk)


def all_in_turn(found: list[Report]) -> None:
    """None of them falls back to being entered by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "take_due_step", None)
        assert all(
            report.state == State.READY for report in batch_processing.read_and_store_all(found)
        )


def everything() -> list[Any]:
    """All that the database says of the packs, but for ids and the times of the work itself."""
    line = Report.objects.order_by("pack__pack_id", "position")
    told = [
        "pack__pack_id", "state", "position", "pack_name", "listed_statuses", "notes", "content_hash", "filter_choices", "rules_hash", "rows",
        "rules", "failing", "compliant", "failing_high", "failing_medium", "failing_low", "rated_compliant",
        "rated_failing", "new", "fixed", "gone", "stated_counts", "reader_version", "claim", "language", "file_kind", "evaluated_at",
    ]  # fmt: skip
    result = [
        "report__position",
        "rule__key",
        "name",
        "risk",
        "failing",
        "compliant",
        "stated_counts",
        "new",
        "fixed",
    ]
    span = [
        "rule__key",
        "key",
        "first",
        "until",
        "since",
        "digest",
        "status",
        "risk",
        "resource_id",
        "search_text",
    ]
    return [
        list(line.values_list(*told)),
        list(RuleResult.objects.order_by("report__position", "rule__key").values_list(*result)),
        list(Evaluation.objects.order_by("rule__pack__pack_id", "key", "first").values_list(*span)),
        list(
            Rule.objects.order_by("pack__pack_id", "key").values_list("key", "name", "identifier")
        ),
        list(
            Sheet.objects.order_by("report__position", "number").values_list("name", "rows", "role")
        ),
        list(Pack.objects.order_by("pack_id").values_list("name", "imported")),
    ]


def forget() -> None:
    for model in (Evaluation, Report, Rule, Pack, Account):
        model.objects.all().delete()


def orders(files: list[File]) -> Iterator[list[File]]:
    yield files
    yield files[::-1]
    weeks = len(files) // 2
    yield list(itertools.chain.from_iterable(zip(files[:weeks], files[weeks:], strict=True)))
    yield random.Random(7).sample(files, len(files))


@pytest.mark.parametrize(
    "order", range(4), ids=["in order", "backwards", "packs in turn", "any order"]
)
def test_in_turn_is_as_one_by_one(files: list[File], order: int) -> None:
    some = list(orders(files))[order]
    all_in_turn(brought_in(some))
    told = everything()
    assert {one[1] for one in told[0]} == {State.READY}
    forget()
    one_by_one(brought_in(some))
    assert everything() == told


def test_in_the_order_of_time_no_row_that_stands_is_looked_up(
    files: list[File], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    put_range = spans.store_key_range

    def put(report: Report, *rest: Any) -> None:
        looked.append(report.pack_id)
        put_range(report, *rest)

    monkeypatch.setattr(spans, "store_key_range", put)
    all_in_turn(brought_in(files))
    assert looked == list(dict.fromkeys(looked))
    assert len(looked) == len(PLANS)


def test_one_that_cannot_be_entered_stops_no_other(
    files: list[File], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = brought_in(files[:5])
    bad = found[2].pk
    write = report_summary.insert_rule_results

    def breaking(some: list[RuleResult]) -> None:
        write(some)
        if some[0].report_id == bad:
            raise ValueError

    monkeypatch.setattr(report_summary, "insert_rule_results", breaking)
    for report in found[:4]:
        readings.ensure_reading(report)
    with pytest.raises(ValueError, match=r"^$"):
        batch_processing.SmallReportWriter().enter(found[:4])
    assert not Report.objects.ready().exists()
    assert not Evaluation.objects.exists()
    states = [
        report.state
        for report in batch_processing.read_and_store_all(list(Report.objects.order_by("pk")))
    ]
    assert states == [State.READY, State.READY, State.FAILED, State.READY, State.READY]
    assert Report.objects.get(pk=bad).error_code == "defect"
    lifecycle.remove_spans_of_ended_runs()
    told = everything()
    forget()
    all_in_turn(brought_in([*files[:2], *files[3:5]]))
    assert everything()[2] == told[2]


def test_what_somebody_else_is_at_is_left_to_them(files: list[File]) -> None:
    found = brought_in(files[:3])
    theirs = Report.objects.get(pk=found[1].pk)
    assert theirs.claim_step(60)
    for report in found:
        readings.ensure_reading(report)
    assert not batch_processing.SmallReportWriter().enter(found)
    assert not Report.objects.ready().exists()
    assert not Report.objects.exclude(pk=theirs.pk).exclude(claim=None).exists()
    assert [report.state for report in batch_processing.read_and_store_all(found)] == [
        State.READY,
        State.READING,
        State.READY,
    ]
    report_writer.store_report(theirs)
    told = everything()
    forget()
    all_in_turn(brought_in(files[:3]))
    assert everything() == told


def test_a_group_of_reports_writes_no_more_rows_than_one_transaction_may(files: list[File]) -> None:
    done: Future[None] = Future()
    done.set_result(None)
    waiting = deque(
        batch_processing.PendingReport(report, done) for report in brought_in(files[:6])
    )
    assert len(batch_processing.take_finished(waiting)) == batch_processing.TOGETHER
    assert batch_processing.TOGETHER * report_writer.SMALL_ROWS <= spans.BATCH


def test_a_file_of_few_but_heavy_rows_is_entered_as_a_large_one(
    files: list[File], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = brought_in(files[:2])
    monkeypatch.setattr(report_writer, "SMALL_BYTES", 1_000)
    assert not batch_processing.SmallReportWriter().enter(found)
    assert [report.state for report in batch_processing.read_and_store_all(found)] == [
        State.READY
    ] * 2
    told = everything()
    forget()
    monkeypatch.undo()
    all_in_turn(brought_in(files[:2]))
    assert everything() == told


def test_the_same_report_twice_is_entered_once(files: list[File]) -> None:
    (report,) = brought_in(files[:1])
    assert not Report.objects.claim_all([report, report])
    assert [one.state for one in batch_processing.read_and_store_all([report, report])] == [
        State.READY
    ] * 2
    assert report.rule_results.count() == report.rules

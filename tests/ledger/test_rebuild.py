"""Rebuilding a pack from its original files gives the same rows again."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from dashboard.ledger import rebuild, rebuilt_spans, report_summary, span_rows
from dashboard.models import Evaluation, Pack, Report, RuleResult, Sheet
from dashboard.text.remark_sentences import describe_remark_content
from tests.sample_history import import_history, make_sandbox_pack


@pytest.fixture
def pack(db: None) -> Pack:
    """A pack with three ready reports."""
    return import_history(make_sandbox_pack(rows=80))


def list_stored_rows() -> list[list[dict[str, Any]]]:
    """Return all rows that are read from files, without the ids of the database."""
    return [
        [
            {name: value for name, value in row.items() if name != "id"}
            for row in model.objects.order_by(*order).values()
        ]
        for model, order in (
            (Evaluation, ("pack", "key", "first")),
            (RuleResult, ("report", "rule")),
            (Sheet, ("report", "number")),
            (Report, ("pk",)),
        )
    ]


def test_a_rebuild_gives_the_same_rows_counts_and_times(pack: Pack) -> None:
    before = list_stored_rows()
    assert rebuild.rebuild_pack(pack) == 3
    assert list_stored_rows() == before


def test_a_rebuild_corrects_what_was_changed_in_the_database(pack: Pack) -> None:
    before = list_stored_rows()
    Evaluation.objects.filter(pack=pack).update(reason="changed by hand")
    RuleResult.objects.all().delete()
    call_command("rebuild")
    assert list_stored_rows() == before


def test_a_rebuild_fills_the_operators_that_an_earlier_version_did_not_keep(pack: Pack) -> None:
    before = list_stored_rows()
    evaluations = Evaluation.objects.filter(pack=pack)
    assert evaluations.exclude(operator="").exclude(property_path="").exists()
    evaluations.update(operator="", property_path="", search_text="")
    pack.reports.update(reader_version=1)
    call_command("rebuild")
    assert list_stored_rows() == before


def test_a_newer_reader_that_gives_other_numbers_leaves_a_remark_with_both(pack: Pack) -> None:
    report = pack.reports.latest("position")
    other_report = pack.reports.earliest("position")
    rows, failing = report.rows, report.failing
    earlier = {"reader_version": 1, "rows": rows + 4, "failing": failing + 3}
    Report.objects.filter(pk=report.pk).update(**earlier)
    Report.objects.filter(pk=other_report.pk).update(reader_version=1)
    for _time in range(2):  # a second rebuild keeps the remark
        rebuild.rebuild_pack(pack)
        report.refresh_from_db()
        (remark,) = (one for one in report.remarks if one["code"] == "numbers_changed")
        assert remark["facts"] == {
            "reader": 1,
            "rows_before": rows + 4,
            "rows_after": rows,
            "failing_before": failing + 3,
            "failing_after": failing,
        }
    assert describe_remark_content(remark) == (
        "This version of the reader gives other numbers than version 1 did: "
        f"rows {rows + 4} → {rows}, Non-compliant {failing + 3} → {failing}."
    )
    other_report.refresh_from_db()
    assert not other_report.remarks


def test_a_rebuild_that_cannot_read_an_original_leaves_the_pack_unchanged(pack: Pack) -> None:
    original = pack.reports.latest("position").require_original()
    path = Path(default_storage.path(original.path))
    path.chmod(0o600)
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    before = list_stored_rows()
    with pytest.raises(CommandError, match="1 of 1 packs could not be rebuilt"):
        call_command("rebuild", "--pack", str(pack.pk))
    assert list_stored_rows() == before


def test_a_rebuild_stores_the_version_of_the_reader(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.workbook.READER_VERSION", 99)
    monkeypatch.setattr(report_summary, "READER_VERSION", 99)
    rebuild.rebuild_pack(pack)
    assert set(pack.reports.values_list("reader_version", flat=True)) == {99}


def test_a_rebuild_in_short_transactions_gives_the_same_rows(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_stored_rows()
    monkeypatch.setattr(rebuild, "SPANS_PER_TRANSACTION", 10)
    monkeypatch.setattr(rebuilt_spans, "ROWS_IN_MEMORY", 60)
    Evaluation.objects.filter(pack=pack).update(reason="changed by hand")
    rebuild.rebuild_pack(pack)
    assert list_stored_rows() == before


def test_a_rebuild_that_was_interrupted_leaves_whole_rows_and_is_done_again(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_stored_rows()
    insert_spans, calls = span_rows.insert_spans, []

    def insert_until_killed(rows: list[span_rows.SpanColumns]) -> None:
        calls.append(len(rows))
        if len(calls) == 3:
            raise KeyboardInterrupt
        insert_spans(rows)

    monkeypatch.setattr(rebuild, "SPANS_PER_TRANSACTION", 10)
    monkeypatch.setattr(span_rows, "insert_spans", insert_until_killed)
    with pytest.raises(KeyboardInterrupt):
        rebuild.rebuild_pack(pack)
    assert list_stored_rows() == before
    assert max(calls) < 20  # spans that one transaction writes
    monkeypatch.setattr(span_rows, "insert_spans", insert_spans)
    rebuild.rebuild_pack(pack)
    assert list_stored_rows() == before

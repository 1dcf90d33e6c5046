"""The archive is the source: everything read from it can be made anew, and what was changed in it is found."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from dashboard.imports import batch_processing, report_creation
from dashboard.ledger import rebuild, report_summary
from dashboard.models import Evaluation, Pack, Report, RuleResult, Sheet
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

PLAN = SandboxPack(
    "cp-00000000000000000001", "1024837465912038", "Pack", "", ("oss",), rows=80, failing_share=0.3
)
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def bring_in(plan: SandboxPack = PLAN, weeks: int = 3) -> Pack:
    files = build_past_report_files(CloudState(7, weeks, packs=(plan,)), weeks, until=UNTIL)
    found = [
        report_creation.create_report_for_file(plan.uid, plan.id, name, io.BytesIO(content), at)
        for name, content, at in files
    ]
    assert all(
        report.state == Report.State.READY for report in batch_processing.read_and_store_all(found)
    )
    return Pack.objects.get(pack_id=plan.id)


@pytest.fixture
def pack(db: None) -> Pack:
    return bring_in()


def everything() -> list[list[dict[str, Any]]]:
    """All that is read from files, but for the numbers of database rows."""
    return [
        [
            {name: value for name, value in row.items() if name != "id"}
            for row in model.objects.order_by(*by).values()
        ]
        for model, by in (
            (Evaluation, ("pack", "key", "first")),
            (RuleResult, ("report", "rule")),
            (Sheet, ("report", "number")),
            (Report, ("pk",)),
        )
    ]


def test_a_rebuild_gives_the_same_rows_counts_and_times(pack: Pack) -> None:
    before = everything()
    assert rebuild.rebuild_pack(pack) == 3
    assert everything() == before


def test_a_rebuild_puts_right_what_was_changed_in_the_database(pack: Pack) -> None:
    before = everything()
    Evaluation.objects.filter(pack=pack).update(reason="changed by hand")
    RuleResult.objects.all().delete()
    call_command("rebuild")
    assert everything() == before


def test_a_rebuild_that_cannot_read_an_original_leaves_the_pack_as_it_was(pack: Pack) -> None:
    report = pack.reports.latest("position")
    assert report.original
    path = Path(default_storage.path(report.original.path))
    path.chmod(0o600)
    path.write_bytes(b"\xd0\xcf\x11\xe0")
    before = everything()
    with pytest.raises(CommandError, match="1 of 1 packs were left"):
        call_command("rebuild", "--pack", str(pack.pk))
    assert everything() == before


def test_a_rebuild_says_which_reader_s_numbers_a_report_shows(
    pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.workbook.READER", 99)
    monkeypatch.setattr(report_summary, "READER", 99)
    rebuild.rebuild_pack(pack)
    assert set(pack.reports.values_list("reader_version", flat=True)) == {99}


def test_verify_passes_an_untouched_archive(pack: Pack, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify")
    assert "3 of 3 originals have their hash" in capsys.readouterr().out


def test_verify_finds_one_changed_byte_and_a_missing_file(
    pack: Pack, capsys: pytest.CaptureFixture[str]
) -> None:
    changed, missing, _ = pack.reports.order_by("position")
    assert changed.original
    assert missing.original
    path = Path(default_storage.path(changed.original.path))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    default_storage.delete(missing.original.path)
    with pytest.raises(CommandError, match="2 originals are not what was stored"):
        call_command("verify")
    said = capsys.readouterr().out
    assert f"changed {changed.original_id} report {changed.pk}" in said
    assert f"missing {missing.original_id} report {missing.pk}" in said


def test_compare_says_the_same_of_reports_and_of_their_files(
    pack: Pack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older, _, newer = pack.reports.order_by("position")
    paths = []
    for report in (older, newer):
        assert report.original
        path = tmp_path / f"{report.pk}.xls"
        path.write_bytes(Path(default_storage.path(report.original.path)).read_bytes())
        paths.append(str(path))
    call_command("compare", str(older.pk), str(newer.pk), "--json")
    of_reports = json.loads(capsys.readouterr().out)
    call_command("compare", *paths, "--json")
    assert json.loads(capsys.readouterr().out) == of_reports
    assert sum(of_reports["counts"].values()) >= newer.rows


def test_compare_refuses_reports_of_two_packs(pack: Pack) -> None:
    other = bring_in(
        SandboxPack("cp-00000000000000000002", PLAN.uid, "Other", "", ("oss",), rows=40), 1
    )
    with pytest.raises(CommandError, match="two packs"):
        call_command(
            "compare", str(pack.reports.latest("pk").pk), str(other.reports.latest("pk").pk)
        )

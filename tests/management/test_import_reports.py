"""The command that imports files and folders."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dashboard.imports import outcomes
from dashboard.management.commands import import_reports
from dashboard.models import Account, ImportedFile, Report
from tests.imports.conftest import PLAN, UID, ReportFile

pytestmark = pytest.mark.django_db
State = ImportedFile.State


def test_it_walks_folders_and_prints_the_outcome_of_each_file(
    tmp_path: Path, files: list[ReportFile], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old" / "2026"
    folder.mkdir(parents=True)
    for name, content, _created_at in files:
        (folder / name).write_bytes(content)
    (folder / "page.xls").write_bytes(b"<html><title>Sign in</title></html>")
    (folder / ".hidden.xls").write_bytes(b"?")
    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command("import_reports", "--create", str(tmp_path / "old"))
    output = capsys.readouterr().out
    assert "3 of 4 files are in the history" in output
    assert "page.xls: rejected" in output
    name, _content, created_at = files[0]
    report = Report.objects.get(file_name=name)
    assert f"{name}: imported, report {report.pk} of {created_at:%Y-%m-%d %H:%M} UTC" in output
    assert Report.objects.ready().count() == 3


def test_a_file_that_cannot_be_opened_stops_no_other(
    tmp_path: Path, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, _created_at = files[0]
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(import_reports, "list_files", lambda path: [path / "gone.xls", path / name])
    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command("import_reports", "--create", str(tmp_path))
    rows = ImportedFile.objects.values_list("name", "state", "error_code")
    assert list(rows) == [("gone.xls", State.REFUSED, "unreadable"), (name, State.ENTERED, "")]


def test_a_file_name_in_no_encoding_stops_nothing(tmp_path: Path, files: list[ReportFile]) -> None:
    name, content, _created_at = files[0]
    (tmp_path / name).write_bytes(content)
    (tmp_path / os.fsdecode(b"\xff\xfe.xls")).write_bytes(content)
    call_command("import_reports", "--create", str(tmp_path))
    assert set(ImportedFile.objects.values_list("name", "state")) == {
        (name, State.ENTERED),
        ("??.xls", State.THERE),
    }


def test_files_that_state_no_account_and_pack_get_those_of_the_options(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("规则名称,资源ID,合规结果,报告时间\nr,i-1,不合规,\n".encode())
    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command("import_reports", "--create", str(path), "--account", UID, "--pack", PLAN.id)
    file = ImportedFile.objects.get()
    assert (file.state, file.account_uid, file.pack_id) == (State.ASKING, UID, PLAN.id)
    assert not Account.objects.exists()


def test_a_file_s_own_account_and_pack_come_before_those_of_the_options(
    tmp_path: Path, files: list[ReportFile]
) -> None:
    _name, content, _created_at = files[0]
    (tmp_path / "renamed.xls").write_bytes(content)
    options = ("--account", "1739264850173625", "--pack", "cp-other")
    call_command("import_reports", "--create", str(tmp_path), *options)
    file = ImportedFile.objects.get()
    assert (file.state, file.account_uid, file.pack_id) == (State.ENTERED, UID, PLAN.id)


def test_it_waits_for_a_report_that_another_process_has_claimed(
    tmp_path: Path, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide_outcomes_and_claim(imported_files: Sequence[ImportedFile]) -> list[Report]:
        reports = decide_outcomes(imported_files)
        assert Report.objects.get(pk=reports[0].pk).claim_step(1)  # and is killed: the claim ends
        return reports

    name, content, _created_at = files[0]
    (tmp_path / name).write_bytes(content)
    decide_outcomes = outcomes.decide_outcomes
    monkeypatch.setattr(outcomes, "decide_outcomes", decide_outcomes_and_claim)
    call_command("import_reports", "--create", str(tmp_path))
    assert Report.objects.get().state == Report.State.READY


def test_a_path_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(CommandError, match="There is no nowhere"):
        call_command("import_reports", "--create", "nowhere")


def test_a_contradictory_file_and_an_unknown_account_need_a_decision(
    tmp_path: Path, files: list[ReportFile], capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, _created_at = files[0]
    renamed = f"{UID}-{PLAN.id}-report-202601010900.xls"
    (tmp_path / name).write_bytes(content)
    (tmp_path / renamed).write_bytes(content)
    with pytest.raises(CommandError, match="2 could not be taken in"):
        call_command("import_reports", str(tmp_path))
    output = capsys.readouterr().out
    assert f"{name}: needs a decision, the account is not known here" in output
    assert f"{renamed}: needs a decision, name and content are more than a day apart" in output
    assert "2 need a decision" in output
    assert not Account.objects.exists()

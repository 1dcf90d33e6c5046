"""Imports: files from before find their account, pack and time, once each, and one bad file stops nothing."""

import datetime as dt
import io
import os
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from dashboard.imports import batch_processing, folders, identity, outcomes, uploads
from dashboard.models import Account, ImportBatch, ImportedFile, Pack, Report
from dashboard.sandbox.accounts import SandboxPack
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.past_reports import build_past_report_files

pytestmark = pytest.mark.django_db
UID = "1024837465912038"
PLAN = SandboxPack(
    "cp-00000000000000000001", UID, "OSS 合规管理最佳实践", "", ("oss",), rows=60, failing_share=0.3
)
UNTIL = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
State = ImportedFile.State


@pytest.fixture(scope="module")
def files() -> list[tuple[str, bytes, dt.datetime]]:
    return list(build_past_report_files(CloudState(7, 3, packs=(PLAN,)), 3, until=UNTIL))


@pytest.fixture
def batch(db: None) -> ImportBatch:
    return ImportBatch.objects.create()


def take_in(
    batch: ImportBatch, name: str, content: bytes, given: identity.Identity | None = None
) -> list[ImportedFile]:
    found = list(uploads.receive_upload(batch, name, io.BytesIO(content), len(content)))
    list(
        batch_processing.read_and_store_all(
            outcomes.decide_outcomes(found, given or identity.Identity())
        )
    )
    for file in found:
        file.refresh_from_db()
    return found


def bundle(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, content in members.items():
            made.writestr(name, content)
    return target.getvalue()


def test_a_name_says_account_pack_and_time_in_the_cloud_s_zone() -> None:
    place = identity.identity_from_name(f"{UID}-cp-1-report-202106221046 (2).xls")
    assert place == (UID, "cp-1", dt.datetime(2021, 6, 22, 2, 46, tzinfo=dt.UTC), "")


@pytest.mark.parametrize(
    "name", ["report.xls", f"{UID}-cp-1.xls", f"12-{UID}00-cp-1-report-202106221046.xls"]
)
def test_any_other_name_says_nothing(name: str) -> None:
    assert identity.identity_from_name(name) == identity.Identity()


@pytest.mark.parametrize("digits", ["202113221046", "200601010000", "209901010000"])
def test_a_time_that_cannot_be_is_not_believed(digits: str) -> None:
    assert identity.identity_from_name(f"{UID}-cp-1-report-{digits}.xls") == identity.Identity(
        UID, "cp-1"
    )


def test_an_import_makes_account_and_pack_and_bears_its_own_evidence_time(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    name, content, created_at = files[0]
    (file,) = take_in(batch, name, content)
    report = Report.objects.get()
    assert (file.state, file.report) == (State.ENTERED, report)
    assert (report.state, report.source) == (Report.State.READY, Report.Source.IMPORTED)
    assert report.created_at == created_at
    assert report.received_at
    assert report.received_at > created_at
    assert (report.pack.account.uid, report.pack.pack_id, report.pack.imported) == (
        UID,
        PLAN.id,
        True,
    )
    assert (report.pack.name, report.pack_name) == (PLAN.name, PLAN.name)


def test_a_name_that_says_nothing_leaves_it_to_the_content(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    _name, content, created_at = files[0]
    (file,) = take_in(batch, "old.xls", content)
    assert file.report
    assert (file.report.pack.account.uid, file.report.pack.pack_id) == (UID, PLAN.id)
    assert file.report.created_at == created_at


def test_the_same_bytes_of_the_same_time_are_one_report(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    name, content, _created_at = files[0]
    first, again, renamed = (
        take_in(batch, named, content)[0] for named in (name, name, "renamed.xls")
    )
    assert [file.state for file in (first, again, renamed)] == [
        State.ENTERED,
        State.THERE,
        State.THERE,
    ]
    assert Report.objects.count() == 1


@pytest.mark.parametrize(("fault", "count"), [("corrupt", 1), ("defect", 2)])
def test_a_file_that_failed_through_no_fault_of_its_own_may_be_imported_again(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]], fault: str, count: int
) -> None:
    name, content, _created_at = files[0]
    take_in(batch, name, content)
    Report.objects.update(state=Report.State.FAILED, error_code=fault, position=None)
    take_in(batch, name, content)
    assert Report.objects.count() == count
    assert Report.objects.ready().count() == count - 1


def test_the_same_bytes_of_another_time_are_another_report_of_equal_content(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    name, content, _created_at = files[0]
    take_in(batch, name, content)
    take_in(batch, f"{UID}-{PLAN.id}-report-202601010000.xls", content)
    one, other = Report.objects.all()
    assert one.original == other.original
    assert one.content_hash == other.content_hash


def test_files_that_come_in_any_order_give_one_history(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    for name, content, _created_at in (files[2], files[0], files[1]):
        take_in(batch, name, content)
    reports = Report.objects.order_by("created_at")
    assert [report.new is None for report in reports] == [True, False, False]
    forth = [(report.new, report.fixed, report.rows) for report in reports]
    Report.objects.all().delete()
    Pack.objects.all().delete()
    for name, content, _created_at in files:
        take_in(batch, name, content)
    assert [
        (one.new, one.fixed, one.rows) for one in Report.objects.order_by("created_at")
    ] == forth


def test_a_zip_of_reports_is_many_imports_and_one_bad_file_stops_nothing(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    bad = f"{UID}-{PLAN.id}-report-202601010000.xls"
    members = {name: content for name, content, _ in files} | {
        bad: b"\xd0\xcf\x11\xe0 broken",
        "notes.txt": b"?",
    }
    found = {file.name: file for file in take_in(batch, "year.zip", bundle(members))}
    assert len(found) == 5
    assert all(file.inside == "year.zip" for file in found.values())
    assert found["notes.txt"].state == State.REFUSED
    states = {name: file.report.state for name, file in found.items() if file.report}
    assert states.pop(bad) == Report.State.FAILED
    assert set(states.values()) == {Report.State.READY}


def test_a_zip_with_a_report_s_name_or_with_one_pack_s_files_of_one_minute_is_one_report() -> None:
    def parts(name: str, *members: str) -> int:
        return len(uploads.find_zip_members(io.BytesIO(bundle(dict.fromkeys(members, b"x"))), name))

    accounts = [f"{uid}-cp-1-report-202601010000.xls" for uid in (UID, "1739264850173625")]
    weeks = [f"{UID}-cp-1-report-20260{month}010000.xls" for month in (1, 2)]
    assert parts(f"{UID}-cp-1-report-202601010000.zip", *weeks) == 0
    assert parts("renamed.zip", *accounts) == 0
    assert parts("old.zip", *weeks) == 2
    assert parts("old.zip", "a.xls", "b.xls") == 2


def test_a_file_that_says_too_little_is_asked_about(batch: ImportBatch) -> None:
    content = "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()
    (file,) = take_in(batch, "list.csv", content)
    assert (file.state, file.report) == (State.ASKING, None)
    file.account_uid, file.pack_id, file.created_at = UID, PLAN.id, UNTIL - dt.timedelta(days=1)
    (report,) = outcomes.decide_outcomes([file])
    assert (report.created_at, report.pack.pack_id) == (file.created_at, PLAN.id)


def test_a_file_above_the_limit_is_refused_before_it_is_stored(
    batch: ImportBatch, settings: object
) -> None:
    settings.FILE_LIMIT_BYTES = 10  # type: ignore[attr-defined]
    (file,) = take_in(batch, "large.xls", b"x" * 11)
    assert (file.state, file.error_code, file.original) == (State.REFUSED, "too_large", None)


def test_the_command_walks_folders_and_says_what_became_of_each_file(
    tmp_path: Path, files: list[tuple[str, bytes, dt.datetime]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old" / "2026"
    folder.mkdir(parents=True)
    for name, content, _created_at in files:
        (folder / name).write_bytes(content)
    (folder / "page.xls").write_bytes(b"<html><title>Sign in</title></html>")
    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command("import_reports", str(tmp_path / "old"))
    said = capsys.readouterr().out
    assert "3 of 4 files are in the history" in said
    assert "page.xls: refused" in said
    assert Report.objects.ready().count() == 3


def test_the_command_says_of_a_file_that_is_gone_what_became_of_it_and_goes_on(
    tmp_path: Path, files: list[tuple[str, bytes, dt.datetime]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content, _created_at = files[0]
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(folders, "list_files", lambda path: [path / "gone.xls", path / name])
    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command("import_reports", str(tmp_path))
    verdicts = ImportedFile.objects.values_list("name", "state", "error_code")
    assert list(verdicts) == [("gone.xls", State.REFUSED, "unreadable"), (name, State.ENTERED, "")]


def test_a_name_in_no_encoding_stops_nothing(
    tmp_path: Path, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    name, content, _created_at = files[0]
    (tmp_path / name).write_bytes(content)
    (tmp_path / os.fsdecode(b"\xff\xfe.xls")).write_bytes(content)
    call_command("import_reports", str(tmp_path))
    assert set(ImportedFile.objects.values_list("name", "state")) == {
        (name, State.ENTERED),
        ("??.xls", State.THERE),
    }


def test_the_same_bytes_twice_at_once_are_one_report(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]]
) -> None:
    name, content, _created_at = files[0]
    found = [
        file
        for _ in range(2)
        for file in uploads.receive_upload(batch, name, io.BytesIO(content), len(content))
    ]
    assert outcomes.decide_outcomes(found) == [Report.objects.get()]
    assert [file.state for file in batch.files.all()] == [State.ENTERED, State.THERE]


def test_a_file_that_cannot_be_looked_at_keeps_no_other_waiting(
    batch: ImportBatch, files: list[tuple[str, bytes, dt.datetime]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_original: object) -> None:
        raise OSError

    monkeypatch.setattr(outcomes, "identity_from_content", failing)
    name, content, _created_at = files[0]
    found = [
        file
        for one in ("list.xls", name)
        for file in uploads.receive_upload(batch, one, io.BytesIO(content), len(content))
    ]
    assert len(outcomes.decide_outcomes(found)) == 1
    assert [file.state for file in batch.files.all()] == [State.ARRIVED, State.ENTERED]


def test_the_command_gives_account_and_pack_to_files_that_name_none(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("规则名称,资源ID,合规结果,报告时间\nr,i-1,不合规,\n".encode())
    with pytest.raises(CommandError):
        call_command("import_reports", str(path), "--account", UID, "--pack", PLAN.id)
    file = ImportedFile.objects.get()
    assert (file.state, file.account_uid, file.pack_id) == (State.ASKING, UID, PLAN.id)
    assert not Account.objects.exists()

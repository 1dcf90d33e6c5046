"""The account, pack and time of a file: its content, its name, a person decides."""

import datetime as dt
import io

import pytest

from dashboard.imports import batches, identity, outcomes, uploads
from dashboard.models import Account, ImportBatch, ImportedFile, Original, Report
from dashboard.workbook import WorkbookError
from tests.imports.conftest import PLAN, UID, UNTIL, ReportFile, import_upload, store_upload

pytestmark = pytest.mark.django_db
State = ImportedFile.State
CSV_WITHOUT_IDENTITY = "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()


def test_a_name_states_account_pack_and_time_in_the_zone_of_the_cloud() -> None:
    assert identity.identify_by_name(f"{UID}-cp-1-report-202106221046 (2).xls") == (
        UID,
        "cp-1",
        dt.datetime(2021, 6, 22, 2, 46, tzinfo=dt.UTC),
        "",
    )


@pytest.mark.parametrize(
    "name", ["report.xls", f"{UID}-cp-1.xls", f"12-{UID}00-cp-1-report-202106221046.xls"]
)
def test_any_other_name_states_nothing(name: str) -> None:
    assert identity.identify_by_name(name) == identity.UNKNOWN


@pytest.mark.parametrize("digits", ["202113221046", "200601010000", "209901010000"])
def test_an_impossible_time_is_not_believed(digits: str) -> None:
    name = f"{UID}-cp-1-report-{digits}.xls"
    assert identity.identify_by_name(name) == identity.Identity(UID, "cp-1")


def test_a_file_whose_name_states_nothing_is_identified_by_its_content(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    _name, content, created_at = files[0]
    (file,) = import_upload(batch, "old.xls", content)
    assert file.report
    assert (file.report.pack.account.uid, file.report.pack.pack_id) == (UID, PLAN.id)
    assert file.report.created_at == created_at


def test_a_pack_that_one_account_has_identifies_the_account(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    import_upload(batch, files[0][0], files[0][1])
    given = identity.Identity("", PLAN.id, UNTIL - dt.timedelta(days=1))
    uploads.store_upload(batch, "list.csv", io.BytesIO(CSV_WITHOUT_IDENTITY), 1, given)
    batches.import_waiting_files(batch.pk)
    assert batch.files.latest("pk").account_uid == UID


def test_a_file_without_identity_waits_for_somebody_to_identify_it(batch: ImportBatch) -> None:
    (file,) = import_upload(batch, "list.csv", CSV_WITHOUT_IDENTITY)
    assert (file.state, file.report) == (State.ASKING, None)
    created_at = UNTIL - dt.timedelta(days=1)
    outcomes.assign_reports([(file, identity.Identity(UID, PLAN.id, created_at))])
    assert file.report
    assert (file.report.created_at, file.report.pack.pack_id) == (created_at, PLAN.id)


RENAMED = f"{UID}-{PLAN.id}-report-202601010000.xls"
OTHER_UID = "1739264850173625"


def test_content_goes_before_the_name_and_both_are_kept(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, created_at = files[0]
    (file,) = import_upload(batch, name, content)
    report = Report.objects.get()
    origin = report.provenance
    assert file.questions == []
    assert origin["time"]["by"] == "content"
    assert origin["time"]["stated"].keys() == {"content", "name"}
    assert dt.datetime.fromisoformat(origin["time"]["stated"]["content"]) == created_at
    assert origin["account"] == {"by": "content", "stated": {"content": UID, "name": UID}}


@pytest.mark.parametrize(
    ("name", "question", "witnesses"),
    [
        (RENAMED, "time_differs", ("2025-12-31T16:00", "2026-1")),
        (f"{OTHER_UID}-{PLAN.id}-report-{{}}.xls", "account_differs", (OTHER_UID, UID)),
    ],
)
def test_a_file_whose_name_contradicts_its_content_waits_for_a_decision(
    batch: ImportBatch,
    files: list[ReportFile],
    name: str,
    question: str,
    witnesses: tuple[str, str],
) -> None:
    original_name, content, created_at = files[0]
    (file,) = import_upload(batch, name.format(original_name[-16:-4]), content)
    assert (file.state, file.report, file.questions) == (State.ASKING, None, [question])
    assert file.created_at == created_at
    assert file.account_uid == UID
    assert not Report.objects.exists()
    assert not Account.objects.exists()
    stated = file.origin[question.removesuffix("_differs")]["stated"]
    assert len(set(stated.values())) == 2


def test_a_file_whose_rows_name_another_account_waits_for_a_decision(batch: ImportBatch) -> None:
    content = f"规则名称,资源ID,合规结果,账号ID\nr,i-1,不合规,{OTHER_UID}\n".encode()
    (file,) = import_upload(batch, f"{UID}-cp-1-report-202601010000.csv", content)
    assert file.state == State.ASKING
    assert file.questions == ["account_differs"]
    assert file.origin["account"]["stated"] == {"content": OTHER_UID, "name": UID}
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("evaluated", "questions"),
    [
        ("2026-01-01 00:00:00", []),
        ("2026-01-01 20:00:00", []),
        ("2025-12-26 12:00:00", []),
        ("2026-01-02 12:00:00", ["evaluations_differ"]),
        ("2025-12-24 12:00:00", ["evaluations_differ"]),
    ],
)
def test_a_file_without_its_own_time_is_compared_with_the_times_of_its_rows(
    batch: ImportBatch, evaluated: str, questions: list[str]
) -> None:
    rows = (
        "规则名称,资源ID,合规结果,评估时间",
        "r,i-1,不合规,2025-06-01 08:00:00",
        f"r,i-2,不合规,{evaluated}",
    )
    name = f"{UID}-cp-1-report-202601010000.csv"
    (file,) = import_upload(batch, name, "\n".join(rows).encode())
    assert file.questions == questions
    assert (file.state == State.ASKING) == bool(questions)
    stated = file.origin["time"]["stated"]
    if questions:
        time = dt.datetime.fromisoformat(f"{evaluated}+08:00")
        assert dt.datetime.fromisoformat(stated["evaluations"]) == time
        outcomes.decide_by_person(file, identity.Identity(UID, "cp-1", time))
        assert Report.objects.get().provenance["time"]["by"] == "person"
    else:
        assert stated.keys() == {"name"}


def test_a_decision_of_a_person_is_kept_beside_what_the_file_states(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    _name, content, created_at = files[0]
    (file,) = import_upload(batch, RENAMED, content)
    outcomes.decide_by_person(file, identity.Identity(UID, PLAN.id, created_at))
    report = Report.objects.get()
    time = report.provenance["time"]
    assert time["by"] == "person"
    assert time["stated"].keys() == {"content", "name", "person"}
    assert report.provenance["account"]["by"] == "content"
    assert report.created_at == created_at


def test_an_unknown_account_or_pack_is_never_created_without_being_told_so(
    db: None, files: list[ReportFile]
) -> None:
    batch = ImportBatch.objects.create()
    for name, content, _created_at in files[:2]:
        store_upload(batch, name, content)
    batches.import_waiting_files(batch.pk)
    first, second = batch.files.all()
    assert [file.questions for file in (first, second)] == [["account_unknown"]] * 2
    assert not Account.objects.exists()
    outcomes.decide_by_person(first, identity.Identity(UID, PLAN.id, first.created_at))
    batches.import_waiting_files(batch.pk)
    second.refresh_from_db()
    assert second.state == State.ENTERED
    assert Account.objects.get().uid == UID


def test_a_file_that_could_not_be_read_in_time_is_judged_when_it_is_read(
    batch: ImportBatch, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_original: Original, _assumed_uid: str) -> object:
        raise WorkbookError("timeout")

    name, content, _created_at = files[0]
    monkeypatch.setattr(identity, "identify_by_content", fail)
    import_upload(batch, name.replace(UID, OTHER_UID), content)
    report = Report.objects.get()
    assert (report.state, report.error_code) == (Report.State.FAILED, "ForeignFile")
    assert report.error_facts["actual_id"] == UID
    assert report.error_facts["expected_id"] == OTHER_UID

"""Imported files find their account, pack and time, once each, and one bad file stops no other."""

import datetime as dt
import io
import zipfile

import pytest
from pytest_django import Settings

from dashboard.imports import batches, identity, outcomes, uploads
from dashboard.models import Account, ImportBatch, ImportedFile, Original, Pack, Report
from dashboard.workbook import WorkbookError
from tests.imports.conftest import PLAN, UID, UNTIL, ReportFile

pytestmark = pytest.mark.django_db
State = ImportedFile.State
CSV_WITHOUT_IDENTITY = "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()


@pytest.fixture
def batch(db: None) -> ImportBatch:
    return ImportBatch.objects.create(creates_packs=True)


def store_upload(batch: ImportBatch, name: str, content: bytes) -> None:
    uploads.store_upload(batch, name, io.BytesIO(content), len(content))


def import_upload(batch: ImportBatch, name: str, content: bytes) -> list[ImportedFile]:
    """Import a file or a zip, and return the files that it added to the batch."""
    earlier_files = list(batch.files.values_list("pk", flat=True))
    store_upload(batch, name, content)
    batches.import_waiting_files(batch.pk)
    return list(batch.files.exclude(pk__in=earlier_files))


def build_zip(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


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


def test_an_import_creates_account_and_pack_and_has_its_own_evidence_time(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, created_at = files[0]
    (file,) = import_upload(batch, name, content)
    report = Report.objects.get()
    pack = report.pack
    assert (file.state, file.report) == (State.ENTERED, report)
    assert (report.state, report.source) == (Report.State.READY, Report.Source.IMPORTED)
    assert report.created_at == created_at
    assert report.received_at
    assert report.received_at > created_at
    assert (pack.account.uid, pack.pack_id, pack.imported) == (UID, PLAN.id, True)
    assert (pack.name, report.pack_name) == (PLAN.name, PLAN.name)


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


def test_equal_bytes_of_the_same_time_are_one_report(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    states = [
        import_upload(batch, file_name, content)[0].state
        for file_name in (name, name, "renamed.xls")
    ]
    assert states == [State.ENTERED, State.THERE, State.THERE]
    assert Report.objects.count() == 1


@pytest.mark.parametrize(("error_code", "report_count"), [("corrupt", 1), ("defect", 2)])
def test_a_file_that_failed_through_no_fault_of_its_own_may_be_imported_again(
    batch: ImportBatch, files: list[ReportFile], error_code: str, report_count: int
) -> None:
    name, content, _created_at = files[0]
    import_upload(batch, name, content)
    Report.objects.update(state=Report.State.FAILED, error_code=error_code, position=None)
    import_upload(batch, name, content)
    assert Report.objects.count() == report_count
    assert Report.objects.ready().count() == report_count - 1


@pytest.mark.parametrize(("has_leftover_spans", "report_count"), [(True, 1), (False, 2)])
def test_a_file_whose_import_was_cancelled_may_be_imported_again_once_its_spans_are_removed(
    batch: ImportBatch, files: list[ReportFile], has_leftover_spans: bool, report_count: int
) -> None:
    name, content, _created_at = files[0]
    import_upload(batch, name, content)
    Report.objects.update(state=Report.State.CANCELLED)
    if not has_leftover_spans:
        Report.objects.update(position=None)
    import_upload(batch, name, content)
    assert Report.objects.count() == report_count
    assert Report.objects.ready().count() == report_count - 1


def test_equal_bytes_of_another_time_are_another_report_of_equal_content(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, created_at = files[0]
    import_upload(batch, name, content)
    (renamed,) = import_upload(batch, f"{UID}-{PLAN.id}-report-202601010000.xls", content)
    earlier = created_at - dt.timedelta(days=60)
    outcomes.decide_by_person(renamed, identity.Identity(UID, PLAN.id, earlier))
    batches.read_and_store_reports([Report.objects.latest("pk")])
    older, newer = Report.objects.all()
    assert older.original == newer.original
    assert older.content_hash == newer.content_hash


def test_files_that_are_imported_in_any_order_give_one_history(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    def list_counts() -> list[tuple[int | None, int | None, int]]:
        reports = Report.objects.order_by("created_at")
        return [(report.came, report.left, report.rows) for report in reports]

    for name, content, _created_at in (files[2], files[0], files[1]):
        import_upload(batch, name, content)
    counts = list_counts()
    assert [came is None for came, _left, _rows in counts] == [True, False, False]
    Report.objects.all().delete()
    Pack.objects.all().delete()
    for name, content, _created_at in files:
        import_upload(batch, name, content)
    assert list_counts() == counts


def test_a_zip_of_reports_is_many_imports_and_one_bad_file_stops_no_other(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    broken_name = f"{UID}-{PLAN.id}-report-202601010000.xls"
    members = {name: content for name, content, _ in files}
    members |= {broken_name: b"\xd0\xcf\x11\xe0 broken", "notes.txt": b"?"}
    imported_files = import_upload(batch, "year.zip", build_zip(members))
    assert len(imported_files) == 5
    assert all(file.inside == "year.zip" for file in imported_files)
    assert batch.files.get(name="notes.txt").state == State.REFUSED
    states = {file.name: file.report.state for file in imported_files if file.report}
    assert states.pop(broken_name) == Report.State.FAILED
    assert set(states.values()) == {Report.State.READY}


@pytest.mark.parametrize(
    ("zip_name", "member_names", "report_count"),
    [
        # A report's own name
        (
            f"{UID}-cp-1-report-202601010000.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                f"{UID}-cp-1-report-202602010000.xls",
            ],
            0,
        ),
        # One pack and one minute
        (
            "renamed.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                "1739264850173625-cp-1-report-202601010000.xls",
            ],
            0,
        ),
        # Two minutes
        (
            "old.zip",
            [
                f"{UID}-cp-1-report-202601010000.xls",
                f"{UID}-cp-1-report-202602010000.xls",
            ],
            2,
        ),
        ("old.zip", ["a.xls", "b.xls"], 2),
    ],
)
def test_a_zip_of_one_pack_and_one_minute_or_with_the_name_of_a_report_is_one_report(
    zip_name: str, member_names: list[str], report_count: int
) -> None:
    content = build_zip(dict.fromkeys(member_names, b"x"))
    assert len(uploads.list_report_members(io.BytesIO(content), zip_name)) == report_count


def test_a_file_without_identity_waits_for_somebody_to_identify_it(batch: ImportBatch) -> None:
    (file,) = import_upload(batch, "list.csv", CSV_WITHOUT_IDENTITY)
    assert (file.state, file.report) == (State.ASKING, None)
    created_at = UNTIL - dt.timedelta(days=1)
    outcomes.assign_reports([(file, identity.Identity(UID, PLAN.id, created_at))])
    assert file.report
    assert (file.report.created_at, file.report.pack.pack_id) == (created_at, PLAN.id)


def test_a_file_in_which_no_report_is_recognised_is_refused_unless_its_name_is_of_a_report(
    batch: ImportBatch,
) -> None:
    content = b"Name,Amount\npaper,3\n"
    (invoice,) = import_upload(batch, "invoice.csv", content)
    assert (invoice.state, invoice.error_code) == (State.REFUSED, "no_report")
    assert not Report.objects.exists()
    (named_file,) = import_upload(batch, f"{UID}-cp-1-report-202601010000.csv", content)
    assert named_file.state == State.ENTERED


def test_an_outcome_that_another_process_has_set_stays(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    store_upload(batch, name, content)
    file = batch.files.get()
    (import_report,) = outcomes.decide_outcomes([batch.files.get()])
    assert outcomes.decide_outcomes([file]) == [import_report]
    assert file.state == State.ENTERED


def test_a_file_above_the_size_limit_is_rejected_before_it_is_stored(
    batch: ImportBatch, settings: Settings
) -> None:
    settings.FILE_LIMIT_BYTES = 10
    (file,) = import_upload(batch, "large.xls", b"x" * 11)
    assert (file.state, file.error_code, file.original) == (State.REFUSED, "too_large", None)


def test_equal_bytes_twice_in_one_batch_are_one_report(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    store_upload(batch, name, content)
    store_upload(batch, name, content)
    assert outcomes.decide_outcomes(list(batch.files.all())) == [Report.objects.get()]
    assert [file.state for file in batch.files.all()] == [State.ENTERED, State.THERE]


def test_a_file_that_cannot_be_identified_because_of_a_defect_stops_no_other(
    batch: ImportBatch, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_without_account(original: Original, assumed_uid: str) -> object:
        if not assumed_uid:
            raise OSError
        return identify_by_content(original, assumed_uid)

    identify_by_content = identity.identify_by_content
    monkeypatch.setattr(identity, "identify_by_content", fail_without_account)
    name, content, _created_at = files[0]
    store_upload(batch, "list.xls", content)
    store_upload(batch, name, content)
    assert len(outcomes.decide_outcomes(list(batch.files.all()))) == 1
    assert [file.state for file in batch.files.all()] == [State.ARRIVED, State.ENTERED]


def test_a_batch_is_found_while_files_wait_and_none_of_its_reports_is_under_way(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    for name, content, _created_at in files[:2]:
        store_upload(batch, name, content)
    assert batches.find_waiting_batches() == [batch.pk]
    reports = outcomes.decide_outcomes(list(batch.files.all()[:1]))
    assert batches.find_waiting_batches() == []
    batches.read_and_store_reports(reports)
    assert batches.find_waiting_batches() == [batch.pk]
    batches.import_waiting_files(batch.pk)
    assert batches.find_waiting_batches() == []
    assert Report.objects.ready().count() == 2


def test_more_files_than_a_chunk_are_all_imported(
    batch: ImportBatch, files: list[ReportFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "FILES_PER_CHUNK", 2)
    for name, content, _created_at in files:
        store_upload(batch, name, content)
    batches.import_waiting_files(batch.pk)
    assert Report.objects.ready().count() == 3


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


def test_litter_of_systems_and_folders_in_a_zip_of_reports_are_no_files(
    batch: ImportBatch, files: list[ReportFile]
) -> None:
    name, content, _created_at = files[0]
    members = {"reports\\": b"", "reports\\Thumbs.db": b"x", "desktop.ini": b"x", name: content}
    (file,) = import_upload(batch, "year.zip", build_zip(members))
    assert (file.name, file.state) == (name, State.ENTERED)


def test_a_note_beside_the_files_of_one_pack_and_minute_does_not_split_their_report() -> None:
    names = [f"{uid}-cp-1-report-202601010000.xls" for uid in (UID, "2" * 16)]
    content = build_zip(dict.fromkeys([*names, "说明.txt"], b"x"))
    assert uploads.list_report_members(io.BytesIO(content), "renamed.zip") == []


def test_a_member_compressed_in_a_way_not_read_here_is_refused_with_that_cause(
    batch: ImportBatch,
) -> None:
    content = build_zip({"a.xls": b"x"})
    content = content.replace(b"PK\x03\x04\x14\0\0\0\0\0", b"PK\x03\x04\x14\0\0\0\x09\0")
    content = content.replace(b"\x14\x03\x14\0\0\0\0\0", b"\x14\x03\x14\0\0\0\x09\0")
    (file,) = import_upload(batch, "old.zip", content)
    assert (file.error_code, file.error_facts) == ("compression", {"method": "Deflate64"})

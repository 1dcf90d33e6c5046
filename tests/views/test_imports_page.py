"""The page of imports: many files at once, each with its verdict, also without JavaScript."""

import io
import re
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from huey.contrib.djhuey import HUEY

from dashboard.generation import lifecycle
from dashboard.imports import batches
from dashboard.models import Account, ImportBatch, ImportedFile, Pack, Report
from dashboard.models.pack_archiving import archive_packs
from tests.views.import_pages import files as files
from tests.views.import_pages import import_waiting_files, load_batch_page, upload_files
from tests.views.import_pages import importer as importer
from tests.views.rows import create_ready_report

pytestmark = pytest.mark.django_db(transaction=True)
State = ImportedFile.State


def test_many_files_and_a_zip_with_a_broken_one_become_reports_each_with_its_verdict(
    importer: Client, files: dict[str, bytes]
) -> None:
    (first, one), (second, two) = files.items()
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as made:
        made.writestr(second, two)
        made.writestr("broken.xls", b"\xd0\xcf\x11\xe0")
    batch = upload_files(importer, {first: one, "old.zip": bundle.getvalue()})
    assert "3 waiting" in load_batch_page(importer, batch)
    import_waiting_files(batch)
    shown = load_batch_page(importer, batch)
    assert "2 of 3 files imported or already there" in shown
    assert "1 not imported" in shown
    assert Report.objects.ready().count() == 2


def test_the_page_asks_again_while_files_wait_and_stops_at_the_end(
    importer: Client, files: dict[str, bytes]
) -> None:
    batch = upload_files(importer, files)
    assert "data-poll" in load_batch_page(importer, batch, **{"HX-Request": "true"})
    import_waiting_files(batch)
    fragment = load_batch_page(importer, batch, **{"HX-Request": "true"})
    assert "data-poll" not in fragment
    assert "<html" not in fragment


def test_files_that_are_there_already_are_recognised(
    importer: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    batch = upload_files(importer, files)
    import_waiting_files(batch)
    assert load_batch_page(importer, batch).count("already there</span>") == 2
    assert Report.objects.count() == 2


def test_what_a_file_does_not_say_is_asked_for_and_then_it_is_read(importer: Client) -> None:
    batch = upload_files(
        importer, {"list.csv": "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()}
    )
    import_waiting_files(batch)
    file = batch.files.get()
    assert file.state == State.ASKING
    assert f'action="/imports/files/{file.pk}/"' in load_batch_page(importer, batch)
    prefix = f"file-{file.pk}"
    wrong = importer.post(f"/imports/files/{file.pk}/", {f"{prefix}-account_uid": "12"})
    assert wrong.status_code == 422
    assert "Enter the 16-digit account ID." in wrong.content.decode()
    told = {"account_uid": "1024837465912038", "pack_id": "cp-1", "created_at": "2026-03-01T09:00"}
    told["creates_pack"] = "on"
    importer.post(
        f"/imports/files/{file.pk}/", {f"{prefix}-{name}": value for name, value in told.items()}
    )
    report = Report.objects.get()
    assert report.created_at
    assert f"{report.created_at:%Y-%m-%d %H:%M}" == "2026-03-01 01:00"  # told in the reader's zone
    batches.read_and_store_reports([report])
    assert report.state == Report.State.READY


def test_a_time_to_come_is_refused(importer: Client) -> None:
    batch = upload_files(
        importer, {"list.csv": "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()}
    )
    import_waiting_files(batch)
    file, prefix = batch.files.get(), f"file-{batch.files.get().pk}"
    told = {"account_uid": "1024837465912038", "pack_id": "cp-1", "created_at": "2999-01-01T00:00"}
    sent = {f"{prefix}-{name}": value for name, value in told.items()}
    assert importer.post(f"/imports/files/{file.pk}/", sent).status_code == 422


def test_sending_nothing_makes_no_import(importer: Client) -> None:
    assert importer.post("/imports/")["Location"] == "/imports/"
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize("path", ["/imports/", "/imports/1/", "/imports/files/1/"])
def test_who_may_not_import_sees_no_imports(reader: Client, path: str) -> None:
    assert reader.get(path).status_code == 403
    assert reader.post(path).status_code == 403


def test_the_list_tells_what_became_of_each_import(
    importer: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    assert (
        '<td class="number" data-label="In the history">2</td>'
        in importer.get("/imports/").content.decode()
    )


def send_without_creating(client: Client, name: str, content: bytes) -> ImportedFile:
    client.post("/imports/", {"files": [SimpleUploadedFile(name, content)]})
    batch = ImportBatch.objects.latest("pk")
    import_waiting_files(batch)
    return batch.files.get()


def answer_form(client: Client, file: ImportedFile, **values: object) -> int:
    sent = {f"file-{file.pk}-{name}": str(value) for name, value in values.items()}
    return client.post(f"/imports/files/{file.pk}/", sent).status_code


def test_a_renamed_file_waits_and_shows_both_times(
    importer: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    name, content = next(iter(files.items()))
    file = send_without_creating(importer, name[:-16] + "202601010900.xls", content)
    assert file.state == State.ASKING
    shown = load_batch_page(importer, file.batch)
    assert "name and content are more than a day apart" in shown
    assert "2026-01-01 09:00:00 UTC+8" in shown
    assert "Report created · the file&#x27;s content" in shown
    assert "Report created · the file&#x27;s name" in shown
    pack = Pack.objects.get()
    assert re.search(rf'known_pack" value="{pack.pk}" checked>', shown)
    assert answer_form(importer, file, known_pack=pack.pk, created_at="2026-01-01T09:00") == 302
    report = Report.objects.latest("pk")
    assert report.pack == pack
    assert report.provenance["time"]["by"] == "person"


def test_a_file_is_entered_only_under_the_account_and_pack_that_its_content_states(
    importer: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    own_pack = Pack.objects.get()
    other_account = Account.objects.create(name="Other", uid="1739264850173625")
    other_pack = Pack.objects.create(account=other_account, pack_id="cp-other", name="Other pack")
    sibling = Pack.objects.create(account=own_pack.account, pack_id="cp-sibling", name="Sibling")
    name = f"{other_account.uid}-cp-other-report-202601010900.xls"
    file = send_without_creating(importer, name, next(iter(files.values())))
    time = f"{file.created_at:%Y-%m-%dT%H:%M}"
    for pack, fact in ((other_pack, "account"), (other_pack, "pack"), (sibling, "pack")):
        values = {"known_pack": pack.pk, "created_at": time}
        address = f"/imports/files/{file.pk}/"
        sent = {f"file-{file.pk}-{key}": value for key, value in values.items()}
        answer = importer.post(address, sent)
        assert answer.status_code == 422
        ids = {"account": (own_pack.account.uid, pack.account.uid), "pack": (own_pack.pack_id,
               pack.pack_id)}[fact]  # fmt: skip
        text = f"The file&#x27;s content says {fact} {ids[0]}, not {ids[1]}."
        assert text in answer.content.decode()
    typed = {"account_uid": other_account.uid, "pack_id": "cp-other", "created_at": time}
    assert answer_form(importer, file, **typed) == 422
    assert Report.objects.count() == 2
    assert answer_form(importer, file, known_pack=own_pack.pk, created_at=time) == 302


def test_a_known_pack_is_found_by_its_name_and_chosen(importer: Client, account: Account) -> None:
    file = send_without_creating(
        importer, "list.csv", "规则名称,资源ID,合规结果\nr,i-1,不合规\n".encode()
    )
    packs = Pack.objects.bulk_create(
        Pack(account=account, pack_id=f"cp-{number}", name=f"Other {number}")
        for number in range(30)
    )
    assert "Other 1" not in load_batch_page(importer, file.batch)
    prefix = f"file-{file.pk}"
    choice = importer.get(f"/imports/files/{file.pk}/packs/", {f"{prefix}-pack_search": "other 17"})
    assert re.findall(rf'name="{prefix}-known_pack" value="(\d*)"', choice.content.decode()) == [
        str(packs[17].pk),
        "",
    ]
    # Without scripts, the form itself is sent and comes back with the packs that are found.
    answer = importer.post(
        f"/imports/files/{file.pk}/",
        {f"{prefix}-pack_search": "other", f"{prefix}-created_at": "2026-01-01T09:00"},
    )
    assert answer.status_code == 422
    assert answer.content.decode().count(f'name="{prefix}-known_pack"') == 11
    assert "More packs match" in answer.content.decode()
    assert (
        answer_form(importer, file, known_pack=packs[17].pk, created_at="2026-01-01T09:00") == 302
    )
    file.refresh_from_db()
    assert file.report
    assert file.report.pack == packs[17]


def test_an_account_or_pack_is_created_only_where_the_person_says_so(
    importer: Client, files: dict[str, bytes]
) -> None:
    name, content = next(iter(files.items()))
    file = send_without_creating(importer, name, content)
    assert "the account is not known here" in load_batch_page(importer, file.batch)
    values = {
        "account_uid": file.account_uid,
        "pack_id": file.pack_id,
        "created_at": f"{file.created_at:%Y-%m-%dT%H:%M}",
    }
    assert answer_form(importer, file, **values) == 422
    assert not Account.objects.exists()
    assert answer_form(importer, file, created_at=values["created_at"]) == 422
    assert answer_form(importer, file, **values, creates_pack="on") == 302
    assert Account.objects.get().uid == file.account_uid


def test_an_import_is_withdrawn_with_a_reason_and_stays_in_the_history(
    importer: Client, reader: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    report = Report.objects.order_by("position")[0]
    address = f"/reports/{report.pk}/"
    assert "Withdraw this import" in importer.get(f"{address}notes/").content.decode()
    assert "Withdraw this import" not in reader.get(f"{address}notes/").content.decode()
    assert reader.post(f"{address}withdraw/", {"reason": "mine"}).status_code == 403
    assert importer.get(f"{address}withdraw/").status_code == 405
    assert importer.post(f"{address}withdraw/", {"reason": " "}).status_code == 422
    assert importer.post(f"{address}withdraw/", {"reason": "wrong file"}).status_code == 302
    assert reader.get(f"{address}sheets/0/").status_code == 404
    for path in (address, f"{address}notes/", "/reports/", "/reports/?result=withdrawn"):
        shown = reader.get(path).content.decode()
        assert "wrong file" in shown
        assert "officer" in shown
    original = b"".join(reader.get(f"{address}original/"))
    assert original == files[report.file_name]
    other = Report.objects.ready().get()
    pack_address = f"/packs/{report.pack_id}/"
    pack_page = reader.get(pack_address).content.decode()
    assert f'name="a" value="{report.pk}"' not in pack_page
    comparison = f"{pack_address}compare/{report.pk}/{other.pk}/"
    assert reader.get(comparison).status_code == 404
    assert importer.post(f"{address}withdraw/", {"reason": "again"}).status_code == 404


def test_a_withdrawal_is_taken_back_with_a_reason_by_a_user_who_may_import(
    importer: Client, reader: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    report = Report.objects.order_by("position")[0]
    address = f"/reports/{report.pk}/"
    assert importer.post(f"{address}restore/", {"reason": "early"}).status_code == 404
    importer.post(f"{address}withdraw/", {"reason": "wrong file"})
    batch = upload_files(importer, {report.file_name: files[report.file_name]})
    import_waiting_files(batch)
    link = f'href="{address}notes/#restore"'
    assert link in load_batch_page(importer, batch)
    assert link in importer.get(address).content.decode()
    assert link not in reader.get(address).content.decode()
    button = "<button>Take back the withdrawal</button>"
    assert button in importer.get(f"{address}notes/").content.decode()
    assert button not in reader.get(f"{address}notes/").content.decode()
    assert reader.post(f"{address}restore/", {"reason": "mine"}).status_code == 403
    assert importer.get(f"{address}restore/").status_code == 405
    assert importer.post(f"{address}restore/", {"reason": " "}).status_code == 422
    HUEY.flush()
    assert importer.post(f"{address}restore/", {"reason": "right file"}).status_code == 302
    assert len(HUEY.scheduled()) + len(HUEY.pending()) == 1
    lifecycle.advance_report(report.pk)
    notes = importer.get(f"{address}notes/").content.decode()
    assert "withdrawal taken back: right file" in notes
    assert "withdrawn: wrong file" in notes
    assert Report.objects.ready().count() == 2
    assert reader.get(f"{address}sheets/0/").status_code == 200


def test_the_evidence_of_an_import_says_who_gave_account_pack_and_time(
    importer: Client, files: dict[str, bytes]
) -> None:
    import_waiting_files(upload_files(importer, files))
    report = Report.objects.ready()[0]
    shown = importer.get(f"/reports/{report.pk}/evidence/").content.decode()
    assert "Account taken from" in shown
    assert "the file&#x27;s content" in shown
    assert "the file&#x27;s name:" in shown


@pytest.mark.parametrize(
    ("language", "sentence", "witnesses"),
    [
        (
            "en",
            "name and content are more than a day apart",
            ("Report created · the file's content", "Report created · the file's name"),
        ),
        (
            "zh-hans",
            "文件名与内容的时间相差超过一天",
            ("报告生成时间 · 文件内容", "报告生成时间 · 文件名"),
        ),
    ],
)
def test_a_renamed_file_is_explained_in_both_languages(
    importer: Client,
    files: dict[str, bytes],
    language: str,
    sentence: str,
    witnesses: tuple[str, str],
) -> None:
    name, content = next(iter(files.items()))
    file = send_without_creating(importer, name[:-16] + "202601010900.xls", content)
    importer.post("/preferences/", {"language": language})
    shown = load_batch_page(importer, file.batch).replace("&#x27;", "'")
    for words in (sentence, *witnesses):
        assert words in shown
    assert not Report.objects.exists()


def test_a_long_batch_is_paged_and_files_that_need_a_decision_come_first(
    importer: Client, pack: Pack
) -> None:
    batch = ImportBatch.objects.create()
    files = [ImportedFile(batch=batch, name=f"{n}.xls", state=State.THERE) for n in range(1_000)]
    files.append(ImportedFile(batch=batch, name="asks.xls", state=State.ASKING))
    ImportedFile.objects.bulk_create(files)
    page = load_batch_page(importer, batch)
    names = re.findall(r'<span class="id">([^<]+\.xls)</span>', page)
    assert names == ["asks.xls", *(f"{number}.xls" for number in range(99))]
    assert "1 to 100 of 1,001" in page
    last = importer.get(f"/imports/{batch.pk}/?page=11").content.decode()
    assert re.findall(r'<span class="id">([^<]+\.xls)</span>', last) == ["999.xls"]
    asking = ImportedFile.objects.get(state=State.ASKING)
    answer = importer.post(f"/imports/files/{asking.pk}/", {"page": "11"})
    assert answer.status_code == 422
    assert "1,001 to 1,001 of 1,001" in answer.content.decode()


def test_the_list_of_imports_is_paged(importer: Client) -> None:
    ImportBatch.objects.bulk_create(ImportBatch() for _ in range(51))
    assert "1 to 50 of 51" in importer.get("/imports/").content.decode()
    last = importer.get("/imports/?page=2").content.decode()
    assert len(re.findall(r'href="/imports/\d+/"', last)) == 1


def test_an_import_into_an_archived_pack_says_that_the_pack_is_not_on_home(
    importer: Client, officer: User, pack: Pack
) -> None:
    batch = ImportBatch.objects.create()
    report = create_ready_report(pack, source=Report.Source.IMPORTED)
    ImportedFile.objects.create(batch=batch, name="a.xls", state=State.ENTERED, report=report)
    assert "is not on home" not in load_batch_page(importer, batch)
    archive_packs(Pack.objects.all(), officer)
    assert "The pack is not on home" in load_batch_page(importer, batch)

"""The sheets of a report, as they stand in the file."""

import hashlib

from django.test import Client

from dashboard.models import Pack
from tests import sample_files
from tests.views.report_files import import_report_bytes


def test_a_sheet_has_every_cell_as_it_stands_in_the_file(pack: Pack, reader: Client) -> None:
    sheets = sample_files.build_unknown_parts()
    report = import_report_bytes(pack, sample_files.build_xlsx(sheets))
    for number, rows in enumerate(sheets.values()):
        page = reader.get(f"/reports/{report.pk}/sheets/{number}/").content.decode()
        for row in rows:
            for cell in row:
                assert f">{cell}</t" in page.replace("&quot;", '"') or cell in (None, "")


def test_a_number_stands_right_and_a_text_of_digits_does_not(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack, sample_files.build_xlsx({"附录": [("甲", "乙"), (12, "123456789012345678")]})
    )
    page = reader.get(f"/reports/{report.pk}/sheets/0/").content.decode()
    assert '<td class="number">12</td><td>123456789012345678</td>' in page


def test_a_hidden_sheet_is_shown_and_marked(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack,
        sample_files.build_xls(
            sample_files.build_report_sheets(sample_files.SOME_FAILING), hidden=["排除资源"]
        ),
    )
    page = reader.get(f"/reports/{report.pk}/sheets/4/").content.decode()
    assert page.count("hidden in the file") == 2
    assert "bucket web" in page


def test_a_sheet_is_in_the_language_of_its_file(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack, sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    )
    assert (
        '<table lang="zh-Hans">' in reader.get(f"/reports/{report.pk}/sheets/0/").content.decode()
    )


def test_a_page_of_a_sheet_has_a_hundred_rows_and_its_heads(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(250)))
    page = reader.get(f"/reports/{report.pk}/sheets/0/?page=2").content.decode()
    assert page.count("<tr id=") == 100
    assert 'id="row-101"' in page
    assert "Rows 101 to 200 of 251" in page
    assert '<th scope="col">规则ID</th>' in page
    assert 'id="row-251"' in reader.get(f"/reports/{report.pk}/sheets/0/?page=99").content.decode()


def test_the_members_of_a_zip_are_named_with_their_hash(pack: Pack, reader: Client) -> None:
    one = sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    report = import_report_bytes(
        pack, sample_files.build_zip({"1000000000000001.xls": one}), "group.zip"
    )
    page = reader.get(f"/reports/{report.pk}/sheets/0/").content.decode()
    assert "1000000000000001.xls" in page
    assert hashlib.sha256(one).hexdigest() in page


def test_a_sheet_that_is_not_there_is_not_found(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack, sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))
    )
    assert reader.get(f"/reports/{report.pk}/sheets/9/").status_code == 404


def test_the_tab_of_a_sheet_counts_its_rows_without_the_head(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.build_xls(sample_files.build_status_sheet(250)))
    page = " ".join(reader.get(f"/reports/{report.pk}/sheets/0/").content.decode().split())
    tabs = page[page.index('aria-label="Sheets of the file"') : page.index("<table")]
    assert '<span class="soft"> 250 </span>' in tabs

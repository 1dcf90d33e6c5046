"""What the reader remarked on a file is said on every page and in every file about the report."""

import csv
import datetime as dt
import io
import json

import openpyxl
import pytest
from django.test import Client

from dashboard.models import Pack, Report
from dashboard.text.report_remarks import list_remark_lines, summarize_remarks
from tests import sample_files
from tests.views.comparison_pages import comparison_path, download_json
from tests.views.pages import get_page
from tests.views.report_files import FRIDAY, import_report_bytes

SENTENCE = "The sheet has no columns known here: it is shown as it stands and counts nowhere."


@pytest.fixture
def remarked_report(pack: Pack) -> Report:
    """A report with a sheet that is not known, and three rows that name no rule."""
    sheets = sample_files.build_unknown_parts()
    sheets["合规资源"] = [*sheets["合规资源"], *[("ACS::OSS::Bucket", f"b-{i}") for i in range(3)]]
    return import_report_bytes(pack, sample_files.build_xlsx(sheets), "report.xlsx")


@pytest.fixture
def plain_report(pack: Pack) -> Report:
    """A report without any remark, a week later."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_CHANGED)
    at = FRIDAY + dt.timedelta(weeks=1)
    return import_report_bytes(pack, sample_files.build_xls(sheets), at=at)


def test_the_head_of_every_page_counts_the_remarks_and_leads_to_them(
    remarked_report: Report, reader: Client
) -> None:
    for path in ("", "resources/", "sheets/0/", "evidence/"):
        page = get_page(reader, f"/reports/{remarked_report.pk}/{path}")
        assert f'href="/reports/{remarked_report.pk}/evidence/#remarks"' in page
        assert "2 remarks, 2 say what was not counted" in page


def test_the_evidence_lists_each_remark_with_sheet_rows_and_what_follows(
    remarked_report: Report, reader: Client
) -> None:
    page = get_page(reader, f"/reports/{remarked_report.pk}/evidence/")
    assert f'<th scope="row">{SENTENCE}</th> <td data-label="Sheet"> 附录 </td>' in page
    assert '<td data-label="Sheet"> 合规资源 </td> <td data-label="Row numbers">10-12</td>' in page
    assert page.count("not counted</span>") >= 2
    chinese = get_page_in_chinese(reader, f"/reports/{remarked_report.pk}/evidence/")
    assert "2 条提示，其中 2 条说明有内容未计入" in chinese
    assert SENTENCE not in chinese


def get_page_in_chinese(reader: Client, path: str) -> str:
    response = reader.get(path, headers={"accept-language": "zh-hans"})
    return " ".join(response.content.decode().split())


def test_a_report_without_remarks_says_nothing_of_them(
    plain_report: Report, reader: Client
) -> None:
    assert not summarize_remarks(plain_report).text
    for path in ("", "evidence/", "print/"):
        assert "emark" not in get_page(reader, f"/reports/{plain_report.pk}/{path}")
    workbook = openpyxl.load_workbook(
        io.BytesIO(reader.get(f"/reports/{plain_report.pk}/export.xlsx").getvalue())
    )
    assert workbook.sheetnames == ["Table", "About"]


def test_the_print_counts_the_remarks_on_its_cover_and_lists_them(
    remarked_report: Report, reader: Client
) -> None:
    page = get_page(reader, f"/reports/{remarked_report.pk}/print/")
    cover = page.partition("</header>")[0] + page.split("<article")[1].partition("<section>")[0]
    assert "Remarks on the file: 2 remarks, 2 say what was not counted" in cover
    assert SENTENCE in page


def test_every_export_has_the_remarks(remarked_report: Report, reader: Client) -> None:
    path = f"/reports/{remarked_report.pk}/export."
    json_file = json.loads(reader.get(f"{path}json").getvalue())
    assert json_file["metadata"]["remark_summary"] == "2 remarks, 2 say what was not counted"
    assert {remark["code"] for remark in json_file["remarks"]} == {
        "rows_skipped",
        "sheet_unrecognised",
    }
    assert all(remark["uncounted"] and remark["sentence"] for remark in json_file["remarks"])
    workbook = openpyxl.load_workbook(io.BytesIO(reader.get(f"{path}xlsx").getvalue()))
    assert workbook.sheetnames == ["Table", "About", "Remarks on the file"]
    rows = list(workbook["Remarks on the file"].iter_rows(values_only=True))
    assert rows[0] == ("Remark", "Sheet", "Row numbers", "What follows", "Code")
    assert (SENTENCE, "附录", "1-3", "not counted", "sheet_unrecognised") in [
        (row[0], row[1], row[2] or "1-3", *row[3:]) for row in rows
    ]
    text = reader.get(f"{path}csv").getvalue().decode("utf-8-sig")
    csv_rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["Remarks on the file"] for row in csv_rows} == {
        "2 remarks, 2 say what was not counted"
    }


def test_the_lists_of_reports_mark_what_was_not_counted_without_a_query(
    remarked_report: Report, plain_report: Report, reader: Client
) -> None:
    for path in ("/reports/", f"/packs/{plain_report.pack_id}/"):
        page = get_page(reader, path)
        assert page.count("not everything counted") == 1
        assert f'href="/reports/{remarked_report.pk}/evidence/#remarks"' in page


def test_a_comparison_says_which_report_is_incomplete(
    remarked_report: Report, plain_report: Report, reader: Client
) -> None:
    path = comparison_path(remarked_report, plain_report)
    sentence = "The older report is incomplete: 2 remarks on its file say what was not counted."
    for page_path in (path, f"{path}print/"):
        page = get_page(reader, page_path)
        assert sentence in page
        assert "The newer report is incomplete" not in page
    remarks = download_json(reader, f"{path}changes.json")["remarks"]
    assert any(sentence in remark for remark in remarks)


def test_a_zip_with_an_unread_member_is_incomplete_wherever_it_is_named(
    pack: Pack, plain_report: Report, reader: Client
) -> None:
    name = sample_files.FILE_NAME
    content = sample_files.build_zip(
        {
            name: sample_files.build_xls(
                sample_files.build_report_sheets(sample_files.SOME_FAILING)
            ),
            name.replace("0001-", "0002-"): sample_files.ERROR_PAGE,
        }
    )
    report = import_report_bytes(pack, content, "report.zip")
    text = "1 of 2 members read"
    assert text in get_page(reader, f"/reports/{report.pk}/")
    assert text in get_page(reader, f"/reports/{report.pk}/print/")
    assert text in get_page(reader, f"/packs/{pack.pk}/")
    sentence = f"The older report is incomplete: {text}, 1 remark on its file says"
    assert sentence in get_page(reader, comparison_path(report, plain_report))


def test_what_was_not_counted_comes_first(plain_report: Report) -> None:
    plain_report.remarks = [
        {"code": "duplicate_keys", "sheet": None, "rows": "", "count": 2, "facts": {}},
        {"code": "count_mismatch", "sheet": None, "rows": "", "count": 1, "facts": {}},
        {"code": "rows_skipped", "sheet": 0, "rows": "3", "count": 1, "facts": {"member": "a.xls"}},
    ]
    lines = list_remark_lines(plain_report)
    assert [line.remark["code"] for line in lines] == ["rows_skipped", "duplicate_keys"]
    assert lines[0].member == "a.xls"
    assert summarize_remarks(plain_report).text == "2 remarks, 1 says what was not counted"

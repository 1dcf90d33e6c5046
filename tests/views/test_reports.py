"""A report's page: its head, its evidence, its original, its resources."""

import datetime as dt
import hashlib
import html
import re

import pytest
from django.test import Client

from dashboard.models import Evaluation, Pack, Report, Status
from dashboard.queries import report_query
from dashboard.queries.filters import EvaluationFilter
from tests import sample_files
from tests.queries.report_contents import build_failing_only_sheets
from tests.views.pages import get_page
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.views.rows import create_failed_report, create_running_report

F1 = sample_files.build_xls(sample_files.build_report_sheets(sample_files.SOME_FAILING))


@pytest.fixture
def f1(pack: Pack) -> Report:
    return import_report_bytes(pack, F1, sample_files.FILE_NAME)


def test_the_head_says_pack_account_time_with_zone_and_hash(f1: Report, reader: Client) -> None:
    page = get_page(reader, f"/reports/{f1.pk}/")
    assert sample_files.PACK_NAME in page
    assert re.search(
        r"Production ·\s+report of <time [^>]* UTC\+8; [^>]*>2026-11-20 09:14</time>", page
    )
    assert page.count("Times in Asia/Shanghai, UTC+8") == 1
    assert hashlib.sha256(F1).hexdigest() in page
    assert "original kept" in page
    assert "14 match, 3 could not be checked" in page


def test_a_mismatch_is_said_in_words_with_both_numbers(pack: Pack, reader: Client) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    sheets["规则列表"][1] = (*sheets["规则列表"][1][:4], 5, *sheets["规则列表"][1][5:])
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    page = html.unescape(get_page(reader, f"/reports/{report.pk}/"))
    assert "13 of 14 match, 3 could not be checked" in page
    name = "OSS 存储空间 ACL 不开启公共读 · Non-compliant (evaluations)"
    assert f"{name}: counted here 1, stated 5 by the file's rule list." in page


def test_a_file_that_states_no_compliant_ones_has_no_rate(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack,
        sample_files.build_xls(
            {
                "不合规资源": sample_files.build_report_sheets(sample_files.SOME_FAILING)[
                    "不合规资源"
                ]
            }
        ),
    )
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "the file does not list compliant and non-compliant evaluations row by row" in page
    assert "the file neither lists compliant resources nor states how many there are" in page
    assert "%</span>" not in page


def test_a_report_without_a_failing_resource_is_shown_in_full(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(
        pack, sample_files.build_xls(sample_files.build_report_sheets(sample_files.ALL_COMPLIANT))
    )
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "100 %" in page
    assert "3 of 3 rules" in page
    assert "12 of 12 rows" in reader.get(f"/reports/{report.pk}/resources/").content.decode()
    assert "No resource is failing." in reader.get(f"/reports/{report.pk}/print/").content.decode()


def test_a_failing_row_says_all_that_is_known_of_it(f1: Report, reader: Client) -> None:
    page = get_page(reader, f"/reports/{f1.pk}/resources/?status=failing&risk=high")
    for fact in (
        "backup",
        "bucket backup",
        "ACS::OSS::Bucket",
        "cn-hangzhou",
        sample_files.ACCOUNT_UID,
        "public-read",
        "private",
    ):
        assert fact in page
    assert "公共读已开启" in page
    assert "no later than <time" in page
    assert "2026-11-20 09:14</time></span><br>1 report in a row<" in page


def test_a_row_says_since_when_and_for_how_many_reports_it_has_been_failing(
    pack: Pack, reader: Client
) -> None:
    for weeks in (2, 1, 0):
        state = sample_files.SOME_CHANGED if weeks == 0 else sample_files.SOME_FAILING
        report = import_report_bytes(
            pack,
            sample_files.build_xls(sample_files.build_report_sheets(state)),
            at=FRIDAY - dt.timedelta(weeks=weeks),
        )
    old = get_page(reader, f"/reports/{report.pk}/resources/?q=backup&status=failing")
    new = get_page(reader, f"/reports/{report.pk}/resources/?q=photos&status=failing")
    assert "no later than <time" in old
    assert "2026-11-06 09:14</time></span><br>3 reports in a row<" in old
    assert "no later than" not in new
    assert "2026-11-20 09:14</time><br>1 report in a row<" in new
    middle = report.pack.reports.order_by("position")[1]
    page = get_page(reader, f"/reports/{middle.pk}/resources/?q=backup&status=failing&risk=high")
    assert "<br>2 reports in a row<" in page


def first_failing(report: Report) -> Evaluation:
    return report_query.load_page(
        report, EvaluationFilter(status=Status.NON_COMPLIANT)
    ).object_list[0]


def test_an_opened_row_has_every_column_of_the_file(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.build_xlsx(sample_files.build_unknown_parts()))
    path = f"/reports/{report.pk}/resources/{first_failing(report).key}/"
    response = reader.get(path, headers={"hx-request": "true"})
    assert response["HX-Push-Url"] == "false"
    fragment = response.content.decode()
    assert f'href="{path}closed/"' in fragment
    assert fragment.startswith("<tbody>")
    assert "<dt>成本中心</dt><dd>CC-0</dd>" in fragment
    assert f"/reports/{report.pk}/sheets/2/?page=1#row-2" in fragment
    assert "<dt>成本中心</dt><dd>CC-0</dd>" in reader.get(path).content.decode()
    closed = reader.get(f"{path}closed/", headers={"hx-request": "true"}).content.decode()
    assert "成本中心" not in closed
    assert f'href="{path}"' in closed


def test_an_opened_bucket_leads_to_the_cloud_s_console(f1: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{f1.pk}/resources/{first_failing(f1).key}/").content.decode()
    assert "https://oss.console.aliyun.com/bucket/oss-cn-hangzhou/backup/overview" in page


def test_text_that_is_a_script_is_shown_and_does_nothing(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.build_xls(sample_files.build_risky_texts()))
    for path in ("resources/", "sheets/2/", "print/"):
        page = reader.get(f"/reports/{report.pk}/{path}").content.decode()
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_the_original_comes_back_byte_for_byte_under_its_own_name(
    pack: Pack, reader: Client
) -> None:
    report = import_report_bytes(pack, F1, "合规 报告.xls")
    response = reader.get(f"/reports/{report.pk}/original/")
    assert response.getvalue() == F1
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%E5%90%88")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["ETag"] == f'"{hashlib.sha256(F1).hexdigest()}"'
    assert response["Content-Length"] == str(len(F1))


def test_an_original_that_could_not_be_read_can_be_inspected(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.ERROR_PAGE)
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert "Received a web page instead of the file" in page
    assert f'href="/reports/{report.pk}/original/"' in page
    response = reader.get(f"/reports/{report.pk}/original/")
    assert response.getvalue() == sample_files.ERROR_PAGE


def test_a_report_that_is_not_ready_shows_how_far_it_is_and_has_no_tables(
    pack: Pack, reader: Client
) -> None:
    for report in (create_running_report(pack), create_failed_report(pack)):
        assert reader.get(f"/reports/{report.pk}/").status_code == 200
        for path in ("resources/", "evidence/", "original/", "sheets/0/", "export.csv", "print/"):
            assert reader.get(f"/reports/{report.pk}/{path}").status_code == 404


def test_the_evidence_has_every_time_with_its_zone_and_both_columns_of_numbers(
    f1: Report, reader: Client
) -> None:
    page = reader.get(f"/reports/{f1.pk}/evidence/").content.decode()
    assert sample_files.FILE_NAME in page
    table = page.partition('<dl class="facts')[2]
    assert table.count(' data-offset="UTC+8">') == 4
    assert "14 match, 3 could not be checked" in page
    assert "The file does not list these row by row." in page


def test_a_report_from_before_the_checks_says_that_it_is_to_be_rebuilt(
    f1: Report, reader: Client
) -> None:
    Report.objects.filter(pk=f1.pk).update(count_checks=None, resources_compliant=None)
    page = get_page(reader, f"/reports/{f1.pk}/evidence/")
    assert "counts not checked by this version; run manage.py rebuild" in page
    assert "not counted by this version yet; run manage.py rebuild" in page


def test_the_evidence_says_what_the_reader_noticed(pack: Pack, reader: Client) -> None:
    report = import_report_bytes(pack, sample_files.build_xlsx(sample_files.build_unknown_parts()))
    page = reader.get(f"/reports/{report.pk}/evidence/").content.decode()
    assert "The sheet has no columns known here" in page


def test_foreign_passages_say_their_language(f1: Report, reader: Client) -> None:
    page = reader.get(f"/reports/{f1.pk}/resources/").content.decode()
    assert 'lang="zh-Hans">OSS 存储空间' in page
    chinese = reader.get(
        f"/reports/{f1.pk}/resources/", headers={"accept-language": "zh-hans"}
    ).content.decode()
    assert ' lang="zh-Hans">OSS 存储空间' not in chinese.partition("<table")[2]


def test_nobody_sees_a_report_without_signing_in(f1: Report, client: Client) -> None:
    for path in ("", "resources/", "evidence/", "original/", "sheets/0/", "export.csv", "print/"):
        assert client.get(f"/reports/{f1.pk}/{path}").status_code == 302


def test_a_failing_only_report_counts_failing_resources_against_nothing(
    pack: Pack, reader: Client
) -> None:
    report = import_report_bytes(pack, sample_files.build_xls(build_failing_only_sheets()))
    assert not report.lists_compliant
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    tallies = re.findall(r'<td class="tally"[^>]*>\s*([^<]*?)\s*</td>', page)
    assert tallies
    assert all(tally.isdecimal() for tally in tallies)


def test_a_report_that_lists_failing_rules_only_says_how_many_rules_its_overview_counts(
    pack: Pack, reader: Client
) -> None:
    sheets = build_failing_only_sheets()
    overview = {name: [*rows, ("规则数", 9)] for name, rows in sheets.items() if name == "检测概览"}
    report = import_report_bytes(pack, sample_files.build_xls(sheets | overview))
    assert report.rules == 2
    for path in ("", "print/"):
        page = get_page(reader, f"/reports/{report.pk}/{path}")
        assert "2 of 2 rules that the file lists; its overview counts 9" in page


def test_a_zero_of_the_overview_is_said_to_be_its_own_on_screen_and_on_paper(
    pack: Pack, reader: Client
) -> None:
    sheets = build_failing_only_sheets()
    overview = {
        name: [*rows, ("已排除资源数", 0)] for name, rows in sheets.items() if name == "检测概览"
    }
    report = import_report_bytes(pack, sample_files.build_xls(sheets | overview))
    for path in ("", "print/"):
        page = get_page(reader, f"/reports/{report.pk}/{path}")
        counted = page.count("resources, as the file's overview counts; no rows")
        assert counted == len(report.stated_counts["shown_from_overview"]) == 2


def test_a_file_without_an_overview_is_said_to_count_nothing(pack: Pack, reader: Client) -> None:
    sheets = {"Sheet": [("Name", "Amount"), ("paper", 3)]}
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    page = reader.get(f"/reports/{report.pk}/").content.decode()
    assert page.count("not provided") == 8
    assert "overview counts" not in page


def test_each_search_of_a_page_has_a_name_of_its_own(f1: Report, reader: Client) -> None:
    for path in ("", "resources/"):
        page = get_page(reader, f"/reports/{f1.pk}/{path}")
        names = re.findall(r'role="search"\s+aria-label="([^"]+)"', page)
        assert len(set(names)) == page.count('role="search"') == 2

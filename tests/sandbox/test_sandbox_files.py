"""The files: genuine workbooks whose numbers are those of the API."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO

import openpyxl
import pytest
import xlrd

from dashboard.sandbox import files, words
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.state import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller

NEWER = "cp-6f0d62a3b1c94e75a208"
OLDER = "cp-91c3f5e7a02b48d6930e"
LARGE = "cp-d47a1b6e8f304c52917a"
ENGLISH = "cp-38e9c0d1f7a245b68c14"
FALSE_XLS = "cp-0c7e93b5d8f146a2a7f6"
SPOTLESS = "cp-7b15d6f2e09c43a88e35"
MOMENT = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)


def test_a_file_is_genuine_biff8(caller: Caller) -> None:
    content = caller.file(NEWER)
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")
    assert xlrd.open_workbook(file_contents=content).biff_version == 80


def test_the_newer_layout_has_five_sheets_in_either_language(
    caller: Caller, staging: Caller
) -> None:
    chinese = xlrd.open_workbook(file_contents=caller.file(NEWER)).sheet_names()
    english = xlrd.open_workbook(file_contents=staging.file(ENGLISH)).sheet_names()
    assert chinese == ["检测概览", "规则列表", "不合规资源", "合规资源", "排除资源"]
    assert english == [
        "Overview",
        "Rule List",
        "Non-Compliant Resources",
        "Compliant Resources",
        "Excluded Resources",
    ]


def test_the_older_layout_has_failing_resources_without_rule_ids(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.file(OLDER))
    assert book.sheet_names() == ["检测概览", "不合规资源"]
    assert "规则ID" not in book.sheet_by_index(1).row_values(0)
    assert book.sheet_by_index(1).nrows > 10


def test_the_rule_list_agrees_with_the_sheets_and_with_the_cloud(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.file(NEWER))
    listed = [
        book.sheet_by_name("规则列表").row_values(row)
        for row in range(1, book.sheet_by_name("规则列表").nrows)
    ]
    for name, column in (("合规资源", 4), ("不合规资源", 5), ("排除资源", 7)):
        rows = Counter(book.sheet_by_name(name).col_values(4)[1:])
        assert {row[0]: int(row[column]) for row in listed if row[column]} == rows
    cloud = caller.call("GetConfigRuleComplianceByPack", CompliancePackId=NEWER).json()[
        "ConfigRuleComplianceResult"
    ]
    stated = {row[0]: row[3] for row in listed}
    assert stated == {
        rule["ConfigRuleId"]: words.STATUSES["zh"][rule["ComplianceType"]]
        for rule in cloud["ConfigRuleCompliances"]
    }


def test_failing_resources_are_as_many_as_the_cloud_counts(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.file(NEWER))
    failing = {
        (row[0].value, row[1].value)
        for row in list(book.sheet_by_name("不合规资源").get_rows())[1:]
    }
    cloud = caller.call("GetResourceComplianceByPack", CompliancePackId=NEWER).json()[
        "ResourceComplianceResult"
    ]
    overview = {row[0].value: row[1].value for row in list(book.sheet_by_index(0).get_rows())[2:17]}
    assert len(failing) == cloud["NonCompliantCount"] == overview["不合规资源数"]
    assert cloud["TotalCount"] == overview["资源数"]
    assert cloud["CompliantCount"] == book.sheet_by_name("合规资源").nrows - 1


def test_ids_are_text(staging: Caller) -> None:
    book = openpyxl.load_workbook(BytesIO(staging.file(FALSE_XLS)))
    ids = [row[1] for row in book["Non-Compliant Resources"].iter_rows(min_row=2, values_only=True)]
    assert any(isinstance(value, str) and len(value) == 18 and value.isdigit() for value in ids)


def test_one_false_xls_is_an_xlsx(staging: Caller) -> None:
    staging.generate(FALSE_XLS)
    url = staging.report(FALSE_XLS)["ReportUrl"]
    assert url.split("?")[0].endswith(".xls")
    assert staging.client.get(url).content[:4] == b"PK\x03\x04"


def test_a_pack_without_failures_still_has_all_its_sheets(staging: Caller) -> None:
    book = xlrd.open_workbook(file_contents=staging.file(SPOTLESS))
    assert [sheet.nrows for sheet in book.sheets()][2:] == [1, 65, 1]


def test_one_state_in_two_languages_has_the_same_ids() -> None:
    state = Estate().state(NEWER)
    sheets = [
        xlrd.open_workbook(file_contents=files.build(state, MOMENT, language=language)).sheets()[2]
        for language in ("zh", "en")
    ]
    for column in (0, 1, 2, 4, 7, 8, 9):
        assert sheets[0].col_values(column)[1:] == sheets[1].col_values(column)[1:]
    assert sheets[0].col_values(3) != sheets[1].col_values(3)


def test_a_sheet_that_is_too_long_goes_on_in_a_second_one() -> None:
    state = Estate(large_rows=500).state(LARGE)
    book = xlrd.open_workbook(file_contents=files.build(state, MOMENT, sheet_rows=30))
    failing = [sheet for sheet in book.sheets() if sheet.name.startswith("不合规资源")]
    assert [sheet.name for sheet in failing][:3] == ["不合规资源", "不合规资源(2)", "不合规资源(3)"]
    assert {tuple(sheet.row_values(0)) for sheet in failing} == {tuple(failing[0].row_values(0))}
    assert sum(sheet.nrows - 1 for sheet in failing) == state.totals[NON_COMPLIANT]


@pytest.mark.parametrize("rows", [500, 2000])
def test_the_large_pack_is_as_large_as_asked(rows: int) -> None:
    assert Estate(large_rows=rows).state(LARGE).rows == pytest.approx(rows, rel=0.05)


def test_the_file_is_named_after_account_pack_and_beijing_time() -> None:
    plan = Estate().packs[NEWER]
    created_at = datetime.fromtimestamp(1624329965.857, UTC)
    assert files.file_name(plan, created_at) == f"{plan.uid}-{NEWER}-report-202106221046.xls"


@pytest.mark.parametrize("pack", [NEWER, FALSE_XLS])
def test_the_same_state_and_time_are_the_same_bytes(pack: str) -> None:
    assert files.build(Estate().state(pack), MOMENT) == files.build(Estate().state(pack), MOMENT)


def test_another_time_is_another_file() -> None:
    state = Estate().state(NEWER)
    assert files.build(state, MOMENT) != files.build(state, MOMENT + timedelta(days=1))


def test_a_file_is_fetched_a_hundred_times_alike(caller: Caller) -> None:
    caller.generate(NEWER)
    contents = {caller.client.get(caller.report(NEWER)["ReportUrl"]).content for _ in range(100)}
    assert len(contents) == 1


def test_resources_number_from_twenty_to_three_thousand() -> None:
    estate = Estate()
    sizes = sorted(estate.state(pack).resource_totals.total() for pack in estate.packs)
    assert len(estate.packs) >= 6
    assert 20 <= sizes[0] < 60
    assert 2500 < sizes[-1] < 3500


def test_every_status_of_a_resource_occurs(sandbox: Sandbox) -> None:
    totals = sandbox.estate.state(NEWER).totals
    assert min(totals[COMPLIANT], totals[NON_COMPLIANT], totals[IGNORED]) > 5

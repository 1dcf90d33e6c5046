"""The report files: real workbooks whose numbers are those of the API."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import openpyxl
import pytest
import xlrd

from dashboard.sandbox import report_texts
from dashboard.sandbox.annotations import build_annotation_json
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.managed_rules import find_rules_of_family
from dashboard.sandbox.report_files import build_report_file, build_report_file_name
from dashboard.sandbox.statuses import COMPLIANT, IGNORED, NON_COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from tests.sandbox.caller import Caller

DOCUMENTED = "cp-2b8e47d09a6c4f13b5d7"
NEWER = "cp-6f0d62a3b1c94e75a208"
OLDER = "cp-91c3f5e7a02b48d6930e"
LARGE = "cp-d47a1b6e8f304c52917a"
ENGLISH = "cp-38e9c0d1f7a245b68c14"
FALSE_XLS = "cp-0c7e93b5d8f146a2a7f6"
SPOTLESS = "cp-7b15d6f2e09c43a88e35"
CREATED_AT = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)


def test_a_file_is_genuine_biff8(caller: Caller) -> None:
    content = caller.generate_and_download(NEWER)
    assert content[:8] == bytes.fromhex("d0cf11e0a1b11ae1")
    assert xlrd.open_workbook(file_contents=content).biff_version == 80


def test_the_newer_layout_has_five_sheets_in_either_language(
    caller: Caller, staging_caller: Caller
) -> None:
    chinese = xlrd.open_workbook(file_contents=caller.generate_and_download(NEWER)).sheet_names()
    english = xlrd.open_workbook(
        file_contents=staging_caller.generate_and_download(ENGLISH)
    ).sheet_names()
    assert chinese == ["检测概览", "规则列表", "不合规资源", "合规资源", "排除资源"]
    assert english == [
        "Overview",
        "Rule List",
        "Non-Compliant Resources",
        "Compliant Resources",
        "Excluded Resources",
    ]


@pytest.mark.parametrize(
    ("language", "sheet_names", "header"),
    [
        (
            "zh",
            ["检测概览", "不合规资源"],
            ["资源类型", "资源ID", "资源名称", "审计规则名称", "规则ID", "不合规原因", "修正建议"],
        ),
        (
            "en",
            ["Overview", "Non-Compliant Resources"],
            [
                "Resource Type",
                "Resource ID",
                "Resource Name",
                "Audit Rule Name",
                "Rule ID",
                "Reason for Non-Compliance",
                "Link to Remediation Suggestion",
            ],
        ),
    ],
)
def test_the_documented_layout_has_an_overview_and_the_failing_resources(
    language: str, sheet_names: list[str], header: list[str]
) -> None:
    state = CloudState().get_pack_state(DOCUMENTED)
    content = build_report_file(state, CREATED_AT, language=language)
    book = xlrd.open_workbook(file_contents=content)
    assert book.sheet_names() == sheet_names
    rows = [book.sheet_by_index(1).row_values(row) for row in range(book.sheet_by_index(1).nrows)]
    assert rows[0] == header
    assert {(row[4], row[1]) for row in rows[1:]} == {
        key for key, status in state.statuses.items() if status == NON_COMPLIANT
    }


def test_most_packs_have_the_documented_layout() -> None:
    layouts = Counter(pack.layout for pack in CloudState().packs.values())
    assert layouts == {"documented": 5, "newer": 2, "older": 1}


def test_the_older_layout_has_failing_resources_without_rule_ids(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.generate_and_download(OLDER))
    assert book.sheet_names() == ["检测概览", "不合规资源"]
    assert "规则ID" not in book.sheet_by_index(1).row_values(0)
    assert book.sheet_by_index(1).nrows > 10


def test_the_rule_list_agrees_with_the_sheets_and_with_the_cloud(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.generate_and_download(NEWER))
    rule_rows = [
        book.sheet_by_name("规则列表").row_values(row)
        for row in range(1, book.sheet_by_name("规则列表").nrows)
    ]
    for name, column in (("合规资源", 4), ("不合规资源", 5), ("排除资源", 7)):
        rows = Counter(book.sheet_by_name(name).col_values(4)[1:])
        assert {row[0]: int(row[column]) for row in rule_rows if row[column]} == rows
    counts = caller.call("GetConfigRuleComplianceByPack", CompliancePackId=NEWER).json()[
        "ConfigRuleComplianceResult"
    ]
    status_by_rule = {row[0]: row[3] for row in rule_rows}
    assert status_by_rule == {
        rule["ConfigRuleId"]: report_texts.STATUS_NAMES["zh"][rule["ComplianceType"]]
        for rule in counts["ConfigRuleCompliances"]
    }


def test_failing_resources_are_as_many_as_the_cloud_counts(caller: Caller) -> None:
    book = xlrd.open_workbook(file_contents=caller.generate_and_download(NEWER))
    failing = {
        (row[0].value, row[1].value)
        for row in list(book.sheet_by_name("不合规资源").get_rows())[1:]
    }
    counts = caller.call("GetResourceComplianceByPack", CompliancePackId=NEWER).json()[
        "ResourceComplianceResult"
    ]
    overview = {row[0].value: row[1].value for row in list(book.sheet_by_index(0).get_rows())[2:17]}
    assert len(failing) == counts["NonCompliantCount"] == overview["不合规资源数"]
    assert counts["TotalCount"] == overview["资源数"]
    assert counts["CompliantCount"] == book.sheet_by_name("合规资源").nrows - 1


def test_ids_are_text(staging_caller: Caller) -> None:
    book = openpyxl.load_workbook(BytesIO(staging_caller.generate_and_download(FALSE_XLS)))
    ids = [row[1] for row in book["Non-Compliant Resources"].iter_rows(min_row=2, values_only=True)]
    assert any(isinstance(value, str) and len(value) == 18 and value.isdigit() for value in ids)


def test_one_pack_writes_an_xlsx_under_the_name_xls(staging_caller: Caller) -> None:
    staging_caller.generate_report(FALSE_XLS)
    url = staging_caller.get_report(FALSE_XLS)["ReportUrl"]
    assert url.split("?")[0].endswith(".xls")
    assert staging_caller.client.get(url).content[:4] == b"PK\x03\x04"


@pytest.mark.parametrize(
    ("layout", "row_counts"), [("newer", [1, 65, 1]), ("documented", [1]), ("older", [1])]
)
def test_a_pack_without_failures_still_has_all_its_sheets(
    layout: str, row_counts: list[int]
) -> None:
    pack = replace(CloudState().packs[SPOTLESS], layout=layout)
    state = CloudState(packs=(pack,)).get_pack_state(SPOTLESS)
    book = xlrd.open_workbook(file_contents=build_report_file(state, CREATED_AT))
    assert [sheet.nrows for sheet in book.sheets()][-len(row_counts) :] == row_counts


def test_one_state_in_two_languages_has_the_same_ids() -> None:
    state = CloudState().get_pack_state(NEWER)
    sheets = [
        xlrd.open_workbook(
            file_contents=build_report_file(state, CREATED_AT, language=language)
        ).sheets()[2]
        for language in ("zh", "en")
    ]
    for column in (0, 1, 2, 4, 7, 8, 9):
        assert sheets[0].col_values(column)[1:] == sheets[1].col_values(column)[1:]
    assert sheets[0].col_values(3) != sheets[1].col_values(3)


def test_a_sheet_that_is_too_long_continues_in_further_sheets() -> None:
    state = CloudState(large_rows=500).get_pack_state(LARGE)
    book = xlrd.open_workbook(file_contents=build_report_file(state, CREATED_AT, sheet_rows=30))
    failing = [sheet for sheet in book.sheets() if sheet.name.startswith("不合规资源")]
    assert [sheet.name for sheet in failing][:3] == ["不合规资源", "不合规资源(2)", "不合规资源(3)"]
    assert {tuple(sheet.row_values(0)) for sheet in failing} == {tuple(failing[0].row_values(0))}
    assert sum(sheet.nrows - 1 for sheet in failing) == state.totals[NON_COMPLIANT]


@pytest.mark.parametrize("rows", [500, 2000])
def test_the_large_pack_has_about_the_requested_rows(rows: int) -> None:
    assert CloudState(large_rows=rows).get_pack_state(LARGE).row_count == pytest.approx(
        rows, rel=0.05
    )


def test_a_file_name_has_account_pack_and_beijing_time() -> None:
    pack = CloudState().packs[NEWER]
    created_at = datetime.fromtimestamp(1624329965.857, UTC)
    assert build_report_file_name(pack, created_at) == f"{pack.uid}-{NEWER}-report-202106221046.xls"


@pytest.mark.parametrize("pack", [NEWER, FALSE_XLS])
def test_the_same_state_and_time_give_the_same_bytes(pack: str) -> None:
    assert build_report_file(CloudState().get_pack_state(pack), CREATED_AT) == build_report_file(
        CloudState().get_pack_state(pack), CREATED_AT
    )


def test_another_time_gives_another_file() -> None:
    state = CloudState().get_pack_state(NEWER)
    assert build_report_file(state, CREATED_AT) != build_report_file(
        state, CREATED_AT + timedelta(days=1)
    )


def test_a_hundred_downloads_give_the_same_bytes(caller: Caller) -> None:
    caller.generate_report(NEWER)
    contents = {
        caller.client.get(caller.get_report(NEWER)["ReportUrl"]).content for _ in range(100)
    }
    assert len(contents) == 1


def test_packs_have_from_twenty_to_three_thousand_resources() -> None:
    cloud_state = CloudState()
    sizes = sorted(
        cloud_state.get_pack_state(pack).resource_totals.total() for pack in cloud_state.packs
    )
    assert len(cloud_state.packs) >= 6
    assert 20 <= sizes[0] < 60
    assert 2500 < sizes[-1] < 3500


def test_every_status_of_a_resource_occurs(sandbox: Sandbox) -> None:
    totals = sandbox.cloud_state.get_pack_state(NEWER).totals
    assert min(totals[COMPLIANT], totals[NON_COMPLIANT], totals[IGNORED]) > 5


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reason_is_a_sentence_and_only_the_annotation_names_the_operator(language: str) -> None:
    families = ("permissions", "rmit", "mlps", "oss", "ecs", "network", "database", "pci")
    rules = [rule for family in families for rule in find_rules_of_family(family)]
    assert len({rule.operator for rule in rules}) > 10
    for rule in rules:
        annotation = json.loads(build_annotation_json(rule, language))
        sentence = annotation["reason"]
        assert annotation["operator"] == rule.operator
        assert not re.search(rf"\b{rule.operator}\b", sentence, re.ASCII)
        assert rule.property in sentence
        assert "[" not in sentence
        assert sentence.endswith("。" if language == "zh" else ".")
        assert ("为空" in sentence or "empty" in sentence) == (
            not rule.actual or rule.operator in {"IsEmpty", "IsNotEmpty"}
        )

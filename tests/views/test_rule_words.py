"""What the cloud says of a rule: its text on the pages of the rule, and why it has no data."""

from typing import Any

import pytest
from django.test import Client

from dashboard.models import Pack, Report, RuleResult, RuleText
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes

DESCRIPTION = "OSS 存储空间的 ACL 不是公共读，视为合规。"


@pytest.fixture
def result(pack: Pack) -> RuleResult:
    """A rule of a report, with the text that the cloud gives of it."""
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    report = import_report_bytes(pack, sample_files.build_xls(sheets), sample_files.FILE_NAME)
    text = RuleText.objects.create(
        text_hash="1" * 64,
        description=DESCRIPTION,
        identifier="oss-bucket-public-read-prohibited",
        resource_types="ACS::OSS::Bucket",
        trigger_types="ConfigurationItemChangeNotification,ScheduledNotification,Other",
    )
    result = report.rule_results.get(rule__rule_id="cr-public-read")
    result.text, result.parameters = text, {"days": "90"}
    result.save()
    return result


def list_rule_pages(result: RuleResult) -> tuple[str, str]:
    return f"/reports/{result.report_id}/rules/{result.rule_id}/", f"/rules/{result.rule_id}/"


def test_a_rule_s_pages_show_its_text_in_the_language_it_came_in(
    result: RuleResult, reader: Client
) -> None:
    for path in list_rule_pages(result):
        page = get_page(reader, path)
        assert f'lang="zh-hans">{DESCRIPTION}</p>' in page
        for fact in (
            "oss-bucket-public-read-prohibited",
            "ACS::OSS::Bucket",
            "a change of the configuration, a schedule, Other",
            '<span class="id">days</span>',
            '<dd class="id">90</dd>',
        ):
            assert fact in page
        assert "Why this rule has no data" not in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"state": "INACTIVE"}, ["The rule is stopped", "Start it in the Cloud Config console"]),
        ({"state": "EVALUATING"}, ["still being evaluated when the report was made"]),
        ({"state": "DELETING"}, ["The rule is being deleted"]),
        (
            {
                "state": "ACTIVE",
                "error_code": "CloudConfigServiceRoleNotExisted",
                "error_message": "The <b>role</b> does not exist.",
            },
            [
                "its service role is missing",
                "AliyunServiceRoleForConfig",
                "CloudConfigServiceRoleNotExisted",
                "The &lt;b&gt;role&lt;/b&gt; does not exist.",
            ],
        ),
        (
            {"state": "ACTIVE", "error_code": "InternalError"},
            ["last evaluation of the rule failed: InternalError."],
        ),
        (
            {"state": "ACTIVE", "evaluated_ms": 1_795_136_523_000},
            ["found no resource in its scope", "last evaluated <time"],
        ),
        ({"state": "ACTIVE"}, ["has never been evaluated"]),
        ({"state": "SOMETHING_NEW"}, ["has never been evaluated"]),
    ],
)
def test_a_rule_without_evaluations_says_why_and_what_to_do(
    pack: Pack, reader: Client, state: dict[str, Any], words: list[str]
) -> None:
    states = {**sample_files.SOME_FAILING, "cr-logged": "...."}
    sheets = sample_files.build_report_sheets(states)
    report: Report = import_report_bytes(pack, sample_files.build_xls(sheets))
    result = report.rule_results.get(rule__rule_id="cr-logged")
    result.cloud_state = state
    result.save()
    paths = (*list_rule_pages(result), f"/reports/{report.pk}/?open={result.rule_id}")
    for path in paths:
        page = get_page(reader, path)
        assert "Why this rule has no data" in page
        for text in words:
            assert text in page


def test_a_rule_of_which_nobody_asked_says_what_it_said_before(pack: Pack, reader: Client) -> None:
    states = {**sample_files.SOME_FAILING, "cr-logged": "...."}
    sheets = sample_files.build_report_sheets(states)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    result = report.rule_results.get(rule__rule_id="cr-logged")
    page = get_page(reader, f"/reports/{report.pk}/?open={result.rule_id}")
    assert "The file lists no resource of this rule." in page


def test_rules_that_the_file_does_not_name_are_listed_with_the_reason(
    pack: Pack, reader: Client
) -> None:
    states = {**sample_files.SOME_FAILING, "cr-logged": "...."}
    sheets = sample_files.build_report_sheets(states)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    RuleText.objects.create(text_hash="1" * 64, identifier="ecs-unnamed", description="说明")
    report.stated_counts["rules"] = {
        "cr-public-read": {"text": "1" * 64, "status": "NON_COMPLIANT"},
        "cr-logged": {"text": "1" * 64, "state": "INACTIVE"},
        "cr-unnamed": {"text": "1" * 64, "state": "ACTIVE"},
        "cr-in-vain": {"text": "1" * 64, "state": ""},
    }
    report.save()
    page = get_page(reader, f"/reports/{report.pk}/")
    assert "2 rules of the pack have no data: see why" in page
    assert page.count("The rule is stopped in Cloud Config.") == 1
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    table = page.partition('id="rules-without-data"')[2].partition("</table>")[0]
    assert table.index("OSS 存储空间开启日志") < table.index("ecs-unnamed")
    assert "The rule has never been evaluated." in table
    assert "cr-in-vain" not in table
    assert "cr-public-read" not in table

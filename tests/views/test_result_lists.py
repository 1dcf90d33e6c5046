"""The evaluation results beside a report's file: evidence, download, and why they are missing."""

import gzip
import html
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from dashboard.models import AuditEntry, Evaluation, Pack, Report, ResultList
from tests import sample_files
from tests.views.pages import get_page
from tests.views.report_files import import_report_bytes
from tests.views.result_lists import ANSWER, RECORDED, create_result_list, to_milliseconds

Outcome = ResultList.Outcome


@pytest.fixture
def report(pack: Pack) -> Report:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    return import_report_bytes(pack, sample_files.build_xls(sheets), sample_files.FILE_NAME)


def test_the_evidence_names_both_sources_with_their_hashes_and_times(
    report: Report, reader: Client
) -> None:
    result_list = create_result_list(report, restarts=1)
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    for fact in (
        report.original_id,
        result_list.original_id,
        "250 (3 answers)",
        "FIRST-REQUEST",
        "LAST-REQUEST",
        "2026-11-20 09:02:03 UTC+8",
        "2026-11-20 11:02:03 UTC+8",
        "The list is not of one instant",
        "1 time, because the cloud no longer accepted the token",
    ):
        assert str(fact) in page
    assert f'href="/reports/{report.pk}/results/" download' in page


def test_the_list_comes_back_byte_for_byte_under_account_pack_and_time(
    report: Report, reader: Client
) -> None:
    original = create_result_list(report).original
    assert original is not None
    response = reader.get(f"/reports/{report.pk}/results/")
    assert gzip.decompress(response.getvalue()) == ANSWER
    name = f"{report.pack.account.uid}-{report.pack.pack_id}-evaluation-results-20261120T1202"
    assert f"{name}+0800.jsonl.gz" in response["Content-Disposition"]
    assert response["Content-Type"] == "application/gzip"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["ETag"] == f'"{original.sha256}"'
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.report) == ("download-results", report)
    page = get_page(reader, f"/reports/{report.pk}/notes/")
    assert f"evaluation results downloaded: {name}" in page


def test_a_damaged_list_is_not_sent(report: Report, reader: Client) -> None:
    reader.raise_request_exception = False
    original = create_result_list(report).original
    assert original is not None
    path = Path(default_storage.path(original.path))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"!")
    assert reader.get(f"/reports/{report.pk}/results/").status_code == 409
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert page.count("original changed") == 1
    assert page.count("original kept") == 1


def test_a_missing_permission_is_said_with_the_policy_to_copy(
    report: Report, reader: Client
) -> None:
    create_result_list(report, outcome=Outcome.NOT_PERMITTED, error_code="NoPermission")
    words = "compliant evaluations not fetched: permission missing"
    assert words in get_page(reader, f"/reports/{report.pk}/")
    page = reader.get(f"/reports/{report.pk}/evidence/").content.decode()
    assert "config:ListConfigRuleEvaluationResults is not granted to the AccessKey." in page
    policy = json.loads(
        html.unescape(page.partition("<pre")[2].partition(">")[2].partition("<")[0])
    )
    (statement,) = policy["Statement"]
    assert "config:ListConfigRuleEvaluationResults" in statement["Action"]
    assert statement["Resource"] == f"acs:config:*:{report.pack.account.uid}:*"
    assert reader.get(f"/reports/{report.pk}/results/").status_code == 404


def test_a_list_that_is_switched_off_says_who_can_switch_it_on(
    report: Report, reader: Client
) -> None:
    create_result_list(report, outcome=Outcome.SWITCHED_OFF)
    words = "evaluation results not fetched: switched off for the account"
    assert words in get_page(reader, f"/reports/{report.pk}/")
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert words in page
    assert "ask an administrator to switch them on" in page
    assert "<pre" not in page


def test_a_list_that_is_not_complete_gives_cause_next_step_and_request(
    report: Report, reader: Client
) -> None:
    create_result_list(
        report,
        outcome=Outcome.FAILED,
        error_code="Throttling.User",
        error_facts={"request_id": "REQUEST-7"},
    )
    words = "evaluation results not complete: none of them is counted"
    assert words in get_page(reader, f"/reports/{report.pk}/")
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    for words in ("Rate limit reached.", "Try again in a few minutes.", "REQUEST-7"):
        assert words in page


def test_a_report_without_a_list_says_nothing_of_one(report: Report, reader: Client) -> None:
    for path in ("", "evidence/", "resources/", "print/"):
        assert "valuation results" not in get_page(reader, f"/reports/{report.pk}/{path}")
    assert reader.get(f"/reports/{report.pk}/results/").status_code == 404


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("incomplete", "had not evaluated all rules in time"),
        ("refused", "The cloud refused to evaluate the pack again"),
    ],
)
def test_an_evaluation_that_did_not_end_is_said_on_the_report_s_page(
    report: Report, reader: Client, outcome: str, words: str
) -> None:
    Report.objects.filter(pk=report.pk).update(
        evaluation_outcome=outcome, evaluation_asked_at=report.requested_at
    )
    assert words in get_page(reader, f"/reports/{report.pk}/")
    Report.objects.filter(pk=report.pk).update(evaluation_outcome="complete")
    assert words not in get_page(reader, f"/reports/{report.pk}/")
    assert "all rules were evaluated" in get_page(reader, f"/reports/{report.pk}/evidence/")


def test_prints_and_exports_say_where_the_list_comes_from(report: Report, reader: Client) -> None:
    result_list = create_result_list(report)
    print_page = get_page(reader, f"/reports/{report.pk}/print/")
    facts = json.loads(reader.get(f"/reports/{report.pk}/export.json").getvalue())["metadata"]
    assert facts["results"] == "evaluation results complete"
    assert facts["results_sha256"] == result_list.original_id
    assert facts["results_first_recorded"] == "2026-11-20 09:02:03 UTC+8"
    for key in ("sha256", "rows", "first_recorded", "last_recorded", "last_request_id"):
        assert facts[f"results_{key}"] in print_page
    path = f"/packs/{report.pack_id}/compare/{report.pk}/{report.pk}/"
    facts = json.loads(reader.get(f"{path}changes.json").getvalue())
    assert facts["newer_results_sha256"] == result_list.original_id
    assert str(result_list.original_id) in get_page(reader, f"{path}print/")


def summarize_merge(report: Report, **values: Any) -> None:
    """Save how file and list were merged, as storing the report does."""
    summary = {
        "both": 2,
        "only_file": 1,
        "only_results": 9,
        "disagreements": 0,
        "disagreement_rows": [],
        "skipped": 0,
        "repeated": 0,
        "contradicting": 0,
    }
    Report.objects.filter(pk=report.pk).update(results_summary=summary | values)


def test_the_evidence_counts_what_each_source_has_and_leads_to_it(
    report: Report, reader: Client
) -> None:
    create_result_list(report)
    summarize_merge(report, repeated=3, contradicting=1, skipped=2)
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    for source, words in (("both", "2 evaluations"), ("file", "1 evaluation"), ("results", "9 ")):
        assert f'resources/?source={source}"> {words}' in page
    assert "3, 1 of them with another status; the one recorded last counts" in page
    assert "2: they name no status, no rule or no resource" in page
    assert "every evaluation that both have has the same status in both" in page


def test_the_evidence_names_where_the_sources_disagree_with_both_statuses_and_times(
    report: Report, reader: Client
) -> None:
    create_result_list(report)
    row = Evaluation.objects.at(report.pack_id, report.require_position()).failing()[0]
    disagreement = {
        "key": row.key,
        "rule": row.rule_id,
        "resource_id": row.resource_id,
        "resource_name": row.resource_name,
        "file_status": 1,
        "results_status": 5,
        "file_evaluated_ms": 0,
        "results_evaluated_ms": to_milliseconds(RECORDED),
    }
    summarize_merge(report, disagreements=101, disagreement_rows=[disagreement])
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    table = page.partition('id="disagreements"')[2].partition("</table>")[0]
    assert "101 evaluations have another status" in table
    assert "1 of 101 rows · all of them are in the export" in table
    assert f"/reports/{report.pk}/resources/{row.key}/" in table
    assert table.index("Non-compliant") < table.index("report created") < table.index("Compliant<")
    assert "2026-11-20 09:14:00 UTC+8" in table
    assert "2026-11-20 09:02:03 UTC+8" in table


def test_a_list_that_cannot_be_read_counts_nowhere_and_says_why(
    report: Report, reader: Client
) -> None:
    create_result_list(report)
    summary = {"error_code": "corrupt", "error_facts": {}}
    Report.objects.filter(pk=report.pk).update(results_summary=summary)
    words = "evaluation results not read: none of them is counted"
    assert words in get_page(reader, f"/reports/{report.pk}/")
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert "The file is damaged." in page
    assert "The report holds what its file lists, and nothing else." in page
    assert f'href="/reports/{report.pk}/results/" download' in page
    assert "data-source" not in get_page(reader, f"/reports/{report.pk}/resources/")


def test_rates_and_checks_name_the_evaluation_results_as_their_source(
    report: Report, reader: Client
) -> None:
    create_result_list(report)
    check = {
        "source": "evaluation_results",
        "basis": "evaluations",
        "name": "",
        "status": "COMPLIANT",
        "risk": 0,
        "ours": 8,
        "stated": 9,
        "verdict": "differs",
        "reason": "",
    }
    source = Report.ResourcesSource.RESULTS
    Report.objects.filter(pk=report.pk).update(resources_source=source, count_checks=[check])
    page = get_page(reader, f"/reports/{report.pk}/evidence/")
    # Each of the two rates says so in a tooltip, and the page in words.
    assert page.count("counted from the rows of the file and the evaluation results") == 4
    assert "Compliant (evaluations): counted here 8, stated 9 by the evaluation results." in page


def test_a_print_says_what_its_sources_are_and_where_they_disagree(
    report: Report, reader: Client
) -> None:
    assert "Source: file" not in get_page(reader, f"/reports/{report.pk}/print/")
    create_result_list(report)
    summarize_merge(report)
    page = get_page(reader, f"/reports/{report.pk}/print/")
    assert "with the evaluation results that the cloud lists of the pack." in page
    assert "Source: file, evaluation results, both" in page
    assert "Where file and evaluation results disagree" in page
    path = f"/packs/{report.pack_id}/compare/{report.pk}/{report.pk}/print/"
    assert "Source: file, evaluation results, both" in get_page(reader, path)

"""A pack whose file lists failing resources only, generated twice: the whole truth of the pack."""

import gzip
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from dashboard.generation import requests
from dashboard.models import Account, Evaluation, EvaluationSource, Pack, Report, Status
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd
from tests.sandbox.caller import Caller, get_qualifier
from tests.views.comparison_pages import comparison_path
from tests.views.pages import get_page

PACK_ID = "cp-d47a1b6e8f304c52917a"
LIST = "ListConfigRuleEvaluationResults"


@pytest.fixture
def documented_pack(cloud_account: Account) -> Pack:
    """A pack of the documented layout."""
    return cloud_account.packs.get(pack_id=PACK_ID)


@pytest.fixture
def reports(documented_pack: Pack, run_to_end: RunToEnd) -> list[Report]:
    """Two reports of the pack, each with its evaluation results."""
    return [run_to_end(requests.request_report(documented_pack, None)) for _ in range(2)]


def list_fixed(sandbox: Sandbox) -> list[tuple[dict[str, Any], datetime]]:
    """Return what the cloud knows as fixed: rule and resource, and when it was fixed."""
    rows = Caller(sandbox, sandbox.accounts[0].credential).list_results(
        PACK_ID, ComplianceType="COMPLIANT"
    )
    return [
        (
            get_qualifier(row),
            datetime.fromtimestamp(int(row["LastCompliantFixedTimestamp"]) / 1000, UTC),
        )
        for row in rows
        if "LastCompliantFixedTimestamp" in row
    ]


def test_what_was_fixed_is_named_with_the_clouds_own_time(
    reports: list[Report], sandbox: Sandbox, reader: Client
) -> None:
    fixed = list_fixed(sandbox)
    assert fixed
    assert (reports[1].changes_by_reason or {})["fixed"] == len(fixed)
    page = get_page(reader, f"{comparison_path(*reports)}?bucket=fixed")
    for qualifier, fixed_at in fixed:
        row = next(row for row in page.split("<tr>") if f'title="{qualifier["ResourceId"]}"' in row)
        assert qualifier["ResourceName"] in row
        assert f'cloud: fixed <time datetime="{fixed_at:%Y-%m-%dT%H:%MZ}"' in row


def test_all_evaluations_are_counted_and_say_where_they_come_from(
    reports: list[Report], sandbox: Sandbox, documented_pack: Pack
) -> None:
    state = sandbox.cloud_state.get_pack_state(PACK_ID)
    newest = reports[1]
    assert {status.name: count for status, count in newest.counts.items() if count} == state.totals
    rows = Evaluation.objects.at(documented_pack.pk, newest.require_position())
    sources = {(row.status, row.source) for row in rows}
    assert sources == {
        (Status.NON_COMPLIANT, EvaluationSource.BOTH),
        (Status.COMPLIANT, EvaluationSource.RESULTS),
        (Status.IGNORED, EvaluationSource.RESULTS),
        (Status.NOT_APPLICABLE, EvaluationSource.RESULTS),
    }
    assert {check["verdict"] for check in newest.count_checks or []} == {"matches", "not_checked"}


def test_the_evidence_has_both_sources_with_their_hashes_and_both_can_be_downloaded(
    reports: list[Report], reader: Client
) -> None:
    newest = reports[1]
    page = get_page(reader, f"/reports/{newest.pk}/evidence/")
    contents = [
        reader.get(f"/reports/{newest.pk}/{source}/").getvalue()
        for source in ("original", "results")
    ]
    for content in contents:
        assert hashlib.sha256(content).hexdigest() in page
    answers = [json.loads(line) for line in gzip.decompress(contents[1]).splitlines()]
    listed = sum(len(answer["EvaluationResults"]["EvaluationResultList"]) for answer in answers)
    assert listed == newest.rows


def test_without_the_permission_a_report_is_ready_and_says_what_is_missing(
    documented_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd, reader: Client
) -> None:
    sandbox.faults.set("forbidden", on=LIST)
    report = run_to_end(requests.request_report(documented_pack, None))
    assert report.state == Report.State.READY
    assert "permission missing" in get_page(reader, f"/reports/{report.pk}/")
    evidence = get_page(reader, f"/reports/{report.pk}/evidence/")
    assert f"config:{LIST} is not granted to the AccessKey." in evidence
    assert f"&quot;config:{LIST}&quot;" in evidence  # in the policy
    sandbox.faults.clear()
    report = run_to_end(requests.request_report(documented_pack, None))
    assert "permission missing" not in get_page(reader, f"/reports/{report.pk}/")


def test_a_rules_page_counts_no_compliant_resources_where_a_file_lists_none(
    documented_pack: Pack, run_to_end: RunToEnd, reader: Client
) -> None:
    account = documented_pack.account
    account.fetches_results = False
    account.save()
    report = run_to_end(requests.request_report(documented_pack, None))
    result = report.rule_results.first()
    assert result
    page = get_page(reader, f"/rules/{result.rule_id}/")
    cell = page.partition('data-label="Compliant">')[2].partition("</td>")[0]
    assert "The file does not list these row by row." in cell
    assert "0" not in cell


def test_rules_that_a_file_only_names_are_the_same_with_and_without_evaluation_results(
    cloud_account: Account, run_to_end: RunToEnd
) -> None:
    pack = cloud_account.packs.get(pack_id="cp-91c3f5e7a02b48d6930e")
    for fetches_results in (False, True):
        Account.objects.update(fetches_results=fetches_results)
        report = run_to_end(requests.request_report(pack, None))
    assert report.results_summary
    names = list(pack.rules.values_list("name", flat=True))
    assert len(names) == len(set(names))
    assert not {"rule-removed", "new-rule"} & set(report.changes_by_reason or {})
    assert all(report.rule_results.values_list("rule__rule_id", flat=True))

"""Stated counts are held against ours of the same basis, and nothing else is said to match."""

from collections import Counter
from typing import Any

import pytest

from dashboard.generation import requests
from dashboard.models import Account, Pack, Report
from dashboard.sandbox.accounts import build_demo_packs
from dashboard.sandbox.pack_state import build_first_state
from dashboard.sandbox.report_files import build_report_file
from dashboard.text.count_checks import describe_verdicts, summarize_checks
from tests import sample_files
from tests.conftest import RunToEnd
from tests.views.report_files import FRIDAY, import_report_bytes

pytestmark = pytest.mark.django_db
DEMO_PACKS = build_demo_packs(large_rows=300)


@pytest.fixture
def pack(db: None) -> Pack:
    account = Account.objects.create(uid=sample_files.ACCOUNT_UID, name="Production")
    return Pack.objects.create(account=account, pack_id=sample_files.PACK_ID, name="Pack")


def find_checks(report: Report, **values: Any) -> list[dict[str, Any]]:
    """Return the checks of a report that have these values."""
    return [check for check in report.count_checks or [] if values.items() <= check.items()]


def find_verdict(report: Report, **values: Any) -> str:
    """Return the verdict of the only check that has these values."""
    [check] = find_checks(report, **values)
    return str(check["verdict"])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("demo_pack", DEMO_PACKS, ids=lambda demo_pack: demo_pack.id)
def test_no_badge_says_that_all_match_while_a_stated_count_differs(
    pack: Pack, demo_pack: Any, language: str
) -> None:
    state = build_first_state(demo_pack, seed=1)
    content = build_report_file(state, FRIDAY, language=language)
    report = import_report_bytes(pack, content)
    assert report.state == Report.State.READY
    overview, totals = report.stated_counts["overview"], state.resource_totals
    for name, stated in overview.items():
        if name == "total":
            continue
        assert stated == totals[name.upper()]
        [check] = find_checks(report, source="overview", status=name.upper())
        assert (check["basis"], check["stated"]) == ("resources", stated)
        assert (check["verdict"] == "matches") == (check["ours"] == stated)
    assert find_verdict(report, source="overview", status="NON_COMPLIANT") == "matches"
    counts = Counter(check["verdict"] for check in report.count_checks or [])
    assert not counts["differs"]
    assert counts["not_checked"]
    assert summarize_checks(report).text == describe_verdicts(counts)
    assert "all" not in summarize_checks(report).text


def test_an_overview_of_resources_is_held_against_resources_and_not_against_rows(
    pack: Pack,
) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    sheets["检测概览"][-1] = ("不合规资源数", 3)  # as many as rows, of two resources
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    [check] = find_checks(report, source="overview", status="NON_COMPLIANT")
    assert (check["basis"], check["ours"], check["stated"]) == ("resources", 2, 3)
    assert check["verdict"] == "differs"
    assert summarize_checks(report).verdict == "differs"


def test_a_count_whose_basis_is_unknown_is_never_said_to_match(pack: Pack) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    sheets["检测概览"][-2:] = [("合规", 2), ("不合规", 2)]
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    for status in ("COMPLIANT", "NON_COMPLIANT"):
        [check] = find_checks(report, source="overview", status=status)
        assert (check["verdict"], check["reason"]) == ("not_checked", "basis_unknown")


def test_a_status_that_the_file_does_not_list_is_not_checked(pack: Pack) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    report = import_report_bytes(pack, sample_files.build_xls(sheets))
    checks = find_checks(report, source="rule_list", status="NOT_APPLICABLE")
    assert {check["reason"] for check in checks} == {"not_listed"}
    assert len(checks) == 3


def test_an_overview_of_unknown_basis_gives_no_resource_rate(pack: Pack) -> None:
    sheets = sample_files.build_report_sheets(sample_files.SOME_FAILING)
    failing_only = {name: sheets[name] for name in ("检测概览", "不合规资源")}
    report = import_report_bytes(pack, sample_files.build_xls(failing_only))
    assert (report.rate_counts, report.resource_rate_counts) == ((0, 0), (2, 2))
    failing_only["检测概览"][-2:] = [("合规", 2), ("不合规", 2)]
    report = import_report_bytes(pack, sample_files.build_xls(failing_only))
    assert (report.rate_counts, report.resource_rate_counts) == ((0, 0), None)


def test_the_counts_of_the_cloud_are_checked_where_their_meaning_is_documented(
    cloud_account: object, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(Pack.objects.get(name="等保三级预检合规包"), None))
    verdicts = {
        (source, check["status"]): (check["basis"], check["verdict"])
        for source in ("cloud_resources", "cloud_rules")
        for check in find_checks(report, source=source)
    }
    assert len(verdicts) == 12
    assert verdicts["cloud_resources", "NON_COMPLIANT"] == ("resources", "matches")
    assert verdicts["cloud_resources", "COMPLIANT"] == ("evaluations", "matches")
    assert verdicts["cloud_resources", "NOT_APPLICABLE"] == ("evaluations", "matches")
    assert verdicts["cloud_rules", "NON_COMPLIANT"] == ("rules", "matches")
    assert verdicts["cloud_rules", "TOTAL"] == ("rules", "matches")
    matching = [key for key, (_basis, verdict) in verdicts.items() if verdict == "matches"]
    assert len(matching) == 5


@pytest.mark.parametrize(
    ("matching", "differing", "unchecked", "text"),
    [
        (28, 0, 0, "all 28 counts match"),
        (26, 2, 0, "26 of 28 counts match"),
        (6, 0, 22, "6 match, 22 could not be checked"),
        (26, 2, 5, "26 of 28 match, 5 could not be checked"),
        (0, 0, 3, "3 counts could not be checked"),
        (0, 0, 0, "neither the file nor the cloud states counts to check"),
    ],
)
def test_the_badge_says_how_many_match_and_how_many_could_not_be_checked(
    matching: int, differing: int, unchecked: int, text: str
) -> None:
    counts = Counter(matches=matching, differs=differing, not_checked=unchecked)
    assert describe_verdicts(counts) == text

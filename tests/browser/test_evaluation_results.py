"""A stranger generates a pack whose file lists failing resources only, and sees what was fixed."""

import hashlib
from collections.abc import Iterator

import pytest

from dashboard.sandbox.statuses import COMPLIANT
from dashboard.sandbox.wsgi import Sandbox
from tests.browser.browser_user import BrowserUser
from tests.browser.generated_reports import generate_report, open_latest_report
from tests.browser.sandbox_control import get_pack_id

PACK = "OSS 合规管理最佳实践"  # no other test generates it: its first changes include fixes
OTHER_PACK = "PCI DSS Data Security Standard Pack"
LIST = "ListConfigRuleEvaluationResults"


@pytest.fixture
def without_permission(sandbox: Sandbox) -> Iterator[None]:
    """Take the permission for evaluation results away during the test."""
    sandbox.faults.set("forbidden", on=LIST)
    yield
    sandbox.faults.clear("forbidden")


def list_fixed_names(sandbox: Sandbox) -> set[str]:
    """Return the names of the resources that were fixed for the pack's latest report."""
    state = sandbox.cloud_state.get_pack_state(get_pack_id(sandbox, PACK))
    return {
        resource.name
        for rule in state.rules
        for resource, status in state.list_evaluations(rule)
        if status == COMPLIANT and state.get_history(rule, resource).fixed_step == state.step
    }


def test_a_pack_generated_twice_shows_what_was_fixed_by_name_with_the_clouds_own_time(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    generate_report(user, sandbox, PACK)
    generate_report(user, sandbox, PACK)
    names = list_fixed_names(sandbox)
    assert names
    user.find_row(PACK).find("a[href*='direction=left']").click()
    user.wait_for_text("cloud: fixed")
    fixed_rows = [row.text for row in user.find_all("tr") if "cloud: fixed" in row.text]
    assert {name for name in names if any(name in row for row in fixed_rows)} == names

    user.visit("/")
    path = open_latest_report(user, PACK)
    user.visit(f"{path}evidence/")
    for link in ("Download original", "Download evaluation results"):
        content = user.download(user.find_link(link).get_attribute("href") or "")
        assert hashlib.sha256(content).hexdigest() in user.browser.page_source


@pytest.mark.usefixtures("without_permission")
def test_without_the_permission_a_report_becomes_ready_and_says_how_to_get_it(
    user: BrowserUser, sandbox: Sandbox
) -> None:
    generate_report(user, sandbox, OTHER_PACK)
    path = open_latest_report(user, OTHER_PACK)
    user.wait_for_text("compliant evaluations not fetched: permission missing")
    user.visit(f"{path}evidence/")
    assert f"config:{LIST}" in user.find(".policy pre").text

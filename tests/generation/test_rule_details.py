"""What the cloud says of a report's rules: their texts, and why one has no evaluation."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from dashboard.generation import requests, rule_details
from dashboard.ledger import rebuild
from dashboard.models import Account, Pack, Report, ResultList, RuleResult, RuleText
from dashboard.sandbox.wsgi import Sandbox
from tests.conftest import RunToEnd
from tests.generation.listing import LIST, State, count_calls, request_listing, take_step

pytestmark = pytest.mark.usefixtures("no_defect")
PACK_WITH_SILENT_RULES = "cp-d47a1b6e8f304c52917a"
GET_RULE = "GetConfigRule"


@pytest.fixture
def silent_pack(cloud_account: Account) -> Pack:
    """A pack of which some rules have no evaluation."""
    return cloud_account.packs.get(pack_id=PACK_WITH_SILENT_RULES)


def list_silent_rules(sandbox: Sandbox) -> set[str]:
    """Return the ids of the rules that have no evaluation now."""
    state = sandbox.cloud_state.get_pack_state(PACK_WITH_SILENT_RULES)
    return {rule.id for rule in state.rules if not state.list_resources(rule)}


def load_results(report: Report) -> dict[str, RuleResult]:
    results = report.rule_results.select_related("rule", "text")
    return {result.rule.rule_id: result for result in results}


def load_facts(report: Report, rule_id: str) -> dict[str, Any]:
    report.refresh_from_db()
    facts: dict[str, Any] = report.stated_counts["rules"][rule_id]
    return facts


def test_only_rules_without_an_evaluation_are_asked_for_and_their_state_is_kept(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("failing-rule", pack=silent_pack.pack_id)
    report = run_to_end(requests.request_report(silent_pack, None))
    silent_rules = list_silent_rules(sandbox)
    assert count_calls(sandbox, GET_RULE) == len(silent_rules) > 0
    for rule_id, result in load_results(report).items():
        state = result.cloud_state
        assert bool(state) == (rule_id in silent_rules)
        if state:
            assert state["state"] == "ACTIVE"
            assert state["error_code"] == "CloudConfigServiceRoleNotExisted"
            assert state["error_message"]


def test_a_rule_that_is_switched_off_says_so(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("inactive-rule", pack=silent_pack.pack_id)
    report = run_to_end(requests.request_report(silent_pack, None))
    results = load_results(report)
    for rule_id in list_silent_rules(sandbox):
        state = results[rule_id].cloud_state
        assert state == {
            "state": "INACTIVE", "error_code": "", "error_message": "", "evaluated_ms": None
        }  # fmt: skip


def test_the_texts_of_the_rules_are_kept_and_shared_by_reports(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    first = run_to_end(requests.request_report(cloud_pack, None))
    text_count = RuleText.objects.count()
    second = run_to_end(requests.request_report(cloud_pack, None))
    state = sandbox.cloud_state.get_pack_state(cloud_pack.pack_id)
    rules = {rule.id: rule for rule in state.rules}
    for report in (first, second):
        for rule_id, result in load_results(report).items():
            assert result.text
            assert result.text.identifier == rules[rule_id].identifier
            assert result.text.resource_types == rules[rule_id].resource_type
            assert result.text.description
    assert RuleText.objects.count() == text_count == len(rules)


def test_a_changed_text_is_that_of_later_reports_only(
    cloud_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    first = run_to_end(requests.request_report(cloud_pack, None))
    old_texts = {result.text_id for result in load_results(first).values()}
    RuleText.objects.filter(pk__in=old_texts).update(description="an older text")
    assert run_to_end(requests.request_report(cloud_pack, None)).state == State.READY
    texts = {result.text.description for result in load_results(first).values() if result.text}
    assert texts == {"an older text"}


def test_a_rebuild_keeps_texts_and_states(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = run_to_end(requests.request_report(silent_pack, None))
    before = {
        rule_id: (result.text_id, result.cloud_state)
        for rule_id, result in load_results(report).items()
    }
    assert all(before[rule_id][1] for rule_id in list_silent_rules(sandbox))
    rebuild.rebuild_pack(silent_pack)
    after = load_results(report)
    assert {key: (after[key].text_id, after[key].cloud_state) for key in after} == before


@pytest.mark.parametrize("fault", ["forbidden", "no-permission", "no-service-role"])
def test_without_the_permission_for_rules_their_state_is_left_out(
    fault: str, silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set(fault, on=GET_RULE)
    report = run_to_end(requests.request_report(silent_pack, None))
    assert (report.state, report.error_code) == (State.READY, "")
    assert {result.cloud_state for result in load_results(report).values()} == {None}
    assert count_calls(sandbox, GET_RULE) == 1


def test_a_temporary_error_delays_the_question_for_a_rule(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(silent_pack)
    sandbox.faults.set("unavailable", on=GET_RULE, times=1)
    take_step(report)
    assert report.state == State.LISTING
    assert report.next_at > timezone.now()
    run_to_end(report)
    results = load_results(report)
    assert all(results[rule_id].cloud_state for rule_id in list_silent_rules(sandbox))
    assert count_calls(sandbox) == 4  # the list itself was not fetched again


def test_the_report_does_not_wait_for_the_state_of_a_rule_for_long(
    silent_pack: Pack, sandbox: Sandbox
) -> None:
    report = request_listing(silent_pack)
    sandbox.faults.set("unavailable", on=GET_RULE)
    take_step(report)
    ended_at = timezone.now() - rule_details.TIME_LIMIT - dt.timedelta(seconds=1)
    ResultList.objects.filter(pk=report.pk).update(ended_at=ended_at)
    take_step(report)
    assert report.state == State.READING


def test_a_rule_that_was_deleted_meanwhile_is_asked_for_once(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    report = request_listing(silent_pack)
    silent_rules = list_silent_rules(sandbox)
    rule_id = min(silent_rules)
    report.stated_counts["rules"]["cr-gone"] = dict(report.stated_counts["rules"][rule_id])
    report.save()
    run_to_end(report)
    assert load_facts(report, "cr-gone")["is_gone"]
    assert load_facts(report, rule_id)["state"]
    assert count_calls(sandbox, GET_RULE) == len(silent_rules) + 1


def test_rules_that_were_not_fetched_with_the_file_are_fetched_after_the_list(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("internal-error", on="GetCompliancePack", times=2)
    report = request_listing(silent_pack)
    assert "rules" not in report.stated_counts
    run_to_end(report)
    result = load_results(report)[min(list_silent_rules(sandbox))]
    assert result.text
    assert result.cloud_state
    assert result.parameters == report.stated_counts["parameters"][result.rule.rule_id]


def test_without_a_list_the_rules_without_data_are_those_that_the_cloud_names(
    silent_pack: Pack, sandbox: Sandbox, run_to_end: RunToEnd
) -> None:
    sandbox.faults.set("forbidden", on=LIST)
    report = run_to_end(requests.request_report(silent_pack, None))
    rules = report.stated_counts["rules"]
    asked = {rule_id for rule_id, rule in rules.items() if "state" in rule}
    insufficient = {
        rule_id for rule_id, rule in rules.items() if rule.get("status") == "INSUFFICIENT_DATA"
    }
    assert asked == insufficient
    assert set() < insufficient <= list_silent_rules(sandbox)
    assert count_calls(sandbox, GET_RULE) == len(insufficient)


def test_the_state_of_rules_keeps_within_the_limit_of_calls(
    silent_pack: Pack, sandbox: Sandbox
) -> None:
    report = request_listing(silent_pack)
    Account.objects.update(ask_free_at=timezone.now() + dt.timedelta(seconds=90))
    take_step(report)
    assert (report.state, count_calls(sandbox, GET_RULE)) == (State.LISTING, 0)
    assert report.next_at > timezone.now() + dt.timedelta(seconds=25)

"""Reports of a file and the evaluation results beside it: counts, changes and what is kept."""

from typing import Any

import pytest

from dashboard.comparison import differences, rule_scope
from dashboard.comparison.buckets import Bucket
from dashboard.comparison.change_reasons import ChangeReason
from dashboard.ledger import rebuild
from dashboard.models import (
    Evaluation,
    EvaluationSource,
    Pack,
    Report,
    RuleResult,
    RuleText,
    Sheet,
    Status,
)
from tests import result_lists, sample_files
from tests.listed_reports import create_sample_pack, store_listed_report
from tests.sample_files import SOME_CHANGED, SOME_FAILING

pytestmark = pytest.mark.django_db
FILE = result_lists.build_documented_file(SOME_FAILING)
RESULTS = result_lists.build_list(result_lists.build_results(SOME_FAILING))
CHANGED_FILE = result_lists.build_documented_file(SOME_CHANGED)
CHANGED_RESULTS = result_lists.build_list(
    result_lists.build_results(SOME_CHANGED, LastCompliantFixedTimestamp=result_lists.FIXED_AT_MS)
)


@pytest.fixture
def pack(db: None) -> Pack:
    return create_sample_pack()


def list_spans(pack: Pack, **conditions: Any) -> list[tuple[Any, ...]]:
    """Return resource, status and source of the spans with these conditions."""
    spans = Evaluation.objects.filter(pack=pack, **conditions).order_by("resource_id", "key")
    return list(spans.values_list("resource_id", "status", "source"))


def find_checks(report: Report, source: str) -> dict[str, str]:
    """Return the verdicts of a source by status."""
    checks = report.count_checks or []
    return {check["status"]: check["verdict"] for check in checks if check["source"] == source}


def test_a_report_of_failing_resources_with_a_list_counts_the_whole_set(pack: Pack) -> None:
    report = store_listed_report(pack, FILE, RESULTS)
    assert report.state == Report.State.READY
    assert report.listed_statuses == [1, 2, 3, 4, 5]
    assert (report.rows, report.failing, report.compliant, report.ignored) == (12, 3, 8, 1)
    assert (report.failing_high, report.failing_medium) == (1, 2)
    assert report.rate_counts == (8, 3)
    assert report.resource_rate_counts == (2, 2)
    assert report.resources_source == Report.ResourcesSource.RESULTS
    assert report.filter_choices["regions"] == ["cn-hangzhou"]
    assert report.evaluated_at is None  # the file states no time; the list has its own
    summary = report.results_summary
    assert summary
    counts = {name: summary[name] for name in ("rows", "both", "only_file", "only_results")}
    assert counts == {"rows": 12, "both": 3, "only_file": 0, "only_results": 9}
    assert summary["first_recorded_ms"] == summary["last_recorded_ms"] == result_lists.RECORDED_MS


def test_spans_hold_what_the_list_adds(pack: Pack) -> None:
    store_listed_report(pack, FILE, RESULTS)
    evaluation = Evaluation.objects.filter(pack=pack, status=1).order_by("rule", "key").first()
    assert evaluation
    assert evaluation.source == EvaluationSource.BOTH
    assert evaluation.failing_since_ms == result_lists.FAILING_SINCE_MS
    assert evaluation.resource_group == result_lists.RESOURCE_GROUP
    assert (evaluation.region, evaluation.risk) == ("cn-hangzhou", 1)
    assert {source for _resource, _status, source in list_spans(pack, status__gt=1)} == {2}


def test_a_report_without_a_list_says_nothing_of_one(pack: Pack) -> None:
    report = store_listed_report(pack, FILE, None)
    assert report.results_summary is None
    assert (report.listed_statuses, report.rows) == ([1], 3)
    assert {source for *_others, source in list_spans(pack)} == {EvaluationSource.FILE}
    assert find_checks(report, "evaluation_results") == {}


def test_what_was_fixed_between_two_reports_with_lists_is_found_as_fixed(pack: Pack) -> None:
    older = store_listed_report(pack, FILE, RESULTS)
    newer = store_listed_report(pack, CHANGED_FILE, CHANGED_RESULTS, day=1)
    comparison = differences.compare_reports(older, newer)
    changes = {(change.resource_id, change.bucket) for change in comparison.changes}
    assert changes == {
        ("backup", Bucket.FIXED),
        ("photos", Bucket.NEW_FAILURE),
        ("web", Bucket.IGNORE_ENDED_FAILING),
    }
    assert newer.changes_by_reason == {"regressed": 1, "exemption-ended": 1, "fixed": 1}
    assert (newer.came, newer.left) == (2, 1)
    assert comparison.common_rates == ((8, 3), (8, 4))
    fixed = Evaluation.objects.at(pack.pk, newer.require_position()).get(
        resource_id="backup", rule__rule_id="cr-public-read"
    )
    assert (fixed.status, fixed.source) == (Status.COMPLIANT, EvaluationSource.RESULTS)
    assert fixed.fixed_at_ms == result_lists.FIXED_AT_MS


def test_a_report_from_before_the_lists_is_compared_honestly_with_one_that_has_a_list(
    pack: Pack,
) -> None:
    older = store_listed_report(pack, FILE, None)
    newer = store_listed_report(pack, CHANGED_FILE, CHANGED_RESULTS, day=1)
    comparison = differences.compare_reports(older, newer)
    counts = {bucket: count for bucket, count in comparison.counts.items() if count}
    assert counts[Bucket.FIXED] == 1
    assert counts[Bucket.STILL_FAILING] == 2
    assert not counts.get(Bucket.GONE_FAILING)
    assert not counts.get(Bucket.APPEARED_COMPLIANT)  # the older file is silent about them
    assert newer.changes_by_reason == {"not-reported-before": 2, "fixed": 1}
    backwards = store_listed_report(pack, FILE, None, day=2)
    assert backwards.changes_by_reason == {"regressed": 1, "no-longer-reported": 2}


@pytest.mark.parametrize(
    "build_sheets", [result_lists.build_documented_sheets, sample_files.build_report_sheets]
)
def test_one_state_in_two_languages_and_orders_leaves_no_difference_and_no_new_span(
    pack: Pack, build_sheets: Any
) -> None:
    rows = result_lists.build_results(SOME_FAILING)
    older = store_listed_report(
        pack, sample_files.build_xls(build_sheets(SOME_FAILING)), result_lists.build_list(rows)
    )
    spans = list_spans(pack)
    newer = store_listed_report(
        pack,
        sample_files.build_xls(build_sheets(SOME_FAILING, "en")),
        result_lists.build_list(rows[::-1], rows_per_answer=5),
        day=1,
    )
    assert (older.language, newer.language) == ("zh-Hans", "en")
    assert differences.compare_reports(older, newer).changes == []
    assert older.content_hash == newer.content_hash
    assert list_spans(pack) == spans
    failing_sources = {source for _resource, _status, source in list_spans(pack, status=1)}
    assert failing_sources == {EvaluationSource.BOTH}


def test_the_counts_of_the_list_are_held_against_ours_and_disagreements_named(pack: Pack) -> None:
    report = store_listed_report(pack, FILE, RESULTS)
    assert set(find_checks(report, "evaluation_results").values()) == {"matches"}
    newer = store_listed_report(pack, FILE, CHANGED_RESULTS, day=1)
    assert find_checks(newer, "evaluation_results") == {
        "NON_COMPLIANT": "differs",
        "COMPLIANT": "differs",
    }
    summary = newer.results_summary
    assert summary
    assert summary["disagreements"] == 1
    (row,) = summary["disagreement_rows"]
    rule = pack.rules.get(rule_id="cr-public-read")
    assert (row["rule"], row["resource_id"]) == (rule.pk, "backup")
    assert (row["file_status"], row["results_status"]) == (1, 5)
    evaluation = Evaluation.objects.at(pack.pk, newer.require_position()).get(key=row["key"])
    assert (evaluation.status, evaluation.results_status) == (1, 5)


def test_a_list_with_fewer_evaluations_than_the_cloud_states_is_remarked(pack: Pack) -> None:
    counts = {"TOTAL": 4, "COMPLIANT": 8, "NON_COMPLIANT": 2, "NOT_APPLICABLE": None}
    whole = store_listed_report(pack, FILE, RESULTS, stated_counts={"cloud_resources": counts})
    assert whole.remarks == []
    rows = result_lists.build_results(SOME_FAILING)
    while rows[-1]["ComplianceType"] != "COMPLIANT":
        rows.pop()
    cut_list = result_lists.build_list(rows[:-1])
    cut = store_listed_report(pack, FILE, cut_list, 1, stated_counts={"cloud_resources": counts})
    [remark] = cut.remarks
    assert (remark["code"], remark["count"]) == ("results_fewer", 1)
    assert remark["facts"] == {"stated": 8}


def make_rule_facts(**states: Any) -> dict[str, Any]:
    """Return what Report.stated_counts holds of the sample rules, and of these."""
    RuleText.objects.get_or_create(text_hash="f" * 64, defaults={"description": "Says more"})
    facts: dict[str, Any] = {
        rule_id: {"text": "f" * 64, "name": names["zh"], "risk": risk}
        for rule_id, names, risk in sample_files.SAMPLE_RULES
    }
    return {"rules": {**facts, **states}}


STATE = {
    "state": "INACTIVE",
    "error_code": "CloudConfigServiceRoleNotExisted",
    "error_message": "The role does not exist.",
    "evaluated_ms": None,
}


def test_a_rule_without_evaluations_has_a_result_with_the_clouds_state(pack: Pack) -> None:
    facts = make_rule_facts(**{"cr-unused": {"text": "0" * 64, "name": "未用", "risk": 2, **STATE}})
    report = store_listed_report(pack, FILE, RESULTS, stated_counts=facts)
    result = report.rule_results.get(rule__rule_id="cr-unused")
    assert (result.name, result.risk, result.failing, result.compliant) == ("未用", 2, 0, 0)
    assert result.cloud_state == STATE
    assert result.text is None  # there is no such text
    used = report.rule_results.get(rule__rule_id="cr-logged")
    assert used.text
    assert used.text.description == "Says more"
    assert used.cloud_state is None
    assert (report.rules, report.results_summary and report.results_summary["lists_rules"]) == (
        4,
        True,
    )
    without_list = store_listed_report(pack, FILE, None, day=1, stated_counts=facts)
    assert without_list.rules == 2  # those with failing resources


def test_the_clouds_list_of_rules_tells_a_removed_rule_from_fixed_resources(pack: Pack) -> None:
    facts = make_rule_facts()
    older = store_listed_report(pack, FILE, RESULTS, stated_counts=facts)
    state = {
        rule_id: letters for rule_id, letters in SOME_FAILING.items() if rule_id != "cr-encrypted"
    }
    rows = result_lists.build_results(state)
    rules = {rule_id: facts["rules"][rule_id] for rule_id in state}
    file = result_lists.build_documented_file({**SOME_FAILING, "cr-encrypted": "CCCC"})
    results = result_lists.build_list(rows)
    newer = store_listed_report(pack, file, results, day=1, stated_counts={"rules": rules})
    assert newer.changes_by_reason == {"rule-removed": 2}
    assert older.rules_hash != newer.rules_hash
    comparison = differences.compare_reports(older, newer)
    kinds = [change.kind for change in rule_scope.load_rule_scope(comparison).list_rule_changes()]
    assert kinds == ["removed"]
    restored = store_listed_report(pack, FILE, RESULTS, day=2, stated_counts=facts)
    assert restored.changes_by_reason == {ChangeReason.NEW_RULE: 2}


def test_a_rebuild_reads_the_lists_again_and_gives_the_same_rows(pack: Pack) -> None:
    facts = make_rule_facts(**{"cr-unused": {"name": "未用", **STATE}})
    store_listed_report(pack, FILE, None)
    store_listed_report(pack, FILE, RESULTS, day=1, stated_counts=facts)
    store_listed_report(pack, CHANGED_FILE, CHANGED_RESULTS, day=2, stated_counts=facts)

    def list_rows() -> list[Any]:
        return [
            list(model.objects.order_by(*order).values_list(*fields))
            for model, order, fields in (
                (
                    Evaluation,
                    ("key", "first"),
                    [field.attname for field in Evaluation._meta.fields if field.name != "id"],
                ),
                (RuleResult, ("report", "rule"), ["report", "rule", "text", "cloud_state"]),
                (Report, ("pk",), ["rows", "results_summary", "content_hash", "rules_hash"]),
                (Sheet, ("report", "number"), ["report", "rows"]),
            )
        ]

    before = list_rows()
    Evaluation.objects.filter(pack=pack).update(source=1, resource_group="changed")
    assert rebuild.rebuild_pack(pack) == 3
    assert list_rows() == before


def test_a_large_report_is_stored_with_its_list_in_several_transactions(pack: Pack) -> None:
    rows = [
        result_lists.build_result("cr-logged", f"bucket-{number:05}", "COMPLIANT")
        for number in range(5_200)
    ]
    report = store_listed_report(pack, FILE, result_lists.build_list(rows))
    assert (report.state, report.rows, report.compliant) == (Report.State.READY, 5_203, 5_200)
    assert Evaluation.objects.filter(pack=pack).count() == 5_203
    assert report.results_summary
    assert report.results_summary["only_file"] == 3

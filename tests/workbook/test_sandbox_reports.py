"""The sandbox's reports, in each layout and languages, are read as it meant them."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.sandbox import report_files
from dashboard.sandbox.accounts import SandboxPack, build_demo_packs
from dashboard.sandbox.pack_state import PackState, build_first_state
from dashboard.workbook import StatusCode
from tests.workbook.in_process import collect_states, list_evaluations, read_bytes

CREATED_AT = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
PACKS = build_demo_packs(2000)
LISTED_STATUSES = (StatusCode.NON_COMPLIANT, StatusCode.COMPLIANT, StatusCode.IGNORED)


def count_listed_rows(state: PackState) -> Counter[str]:
    """Count, by status, the rows that a report of this state lists."""
    statuses = (
        ("NON_COMPLIANT", "COMPLIANT", "IGNORED")
        if state.pack.layout == "newer"
        else ("NON_COMPLIANT",)
    )
    return Counter({name: count for name in statuses if (count := state.totals[name])})


@pytest.mark.parametrize("plan", PACKS, ids=lambda plan: plan.id)
def test_a_pack_reads_alike_in_both_languages_and_adds_up(
    plan: SandboxPack, tmp_path: Path
) -> None:
    state = build_first_state(plan, 7)
    states_by_language = {}
    for language in ("zh", "en"):
        with read_bytes(
            report_files.build_report_file(state, CREATED_AT, language=language),
            tmp_path,
            account=plan.uid,
        ) as stored:
            contents = stored.contents
            assert contents.kind == plan.file_format
            statuses = [StatusCode(row.group.status).name for row in list_evaluations(stored)]
            assert Counter(statuses) == count_listed_rows(state)
            assert (contents.pack_id, contents.account_uid) == (plan.id, plan.uid)
            assert contents.created_at == "2026-11-20T09:14:00+08:00"
            assert contents.stated["non_compliant"] == state.resource_totals["NON_COMPLIANT"]
            assert [remark.code for remark in contents.remarks] == []
            states_by_language[language] = collect_states(stored)
            for rule in contents.rules:
                assert all(
                    rule.counts.get(status, 0) == rule.stated[status]
                    for status in LISTED_STATUSES
                    if rule.stated
                )
    # The older layout names rules in its own language only, and gives no id.
    if plan.layout != "older":
        assert states_by_language["zh"] == states_by_language["en"]


def test_a_report_over_several_sheets_is_read_whole(tmp_path: Path) -> None:
    state = build_first_state(PACKS[0], 7)
    with read_bytes(
        report_files.build_report_file(state, CREATED_AT, sheet_rows=50), tmp_path
    ) as stored:
        assert len(stored.contents.sheets) > 10
        assert stored.contents.rows == count_listed_rows(state).total()
        assert [sheet.name for sheet in stored.contents.sheets if not sheet.role] == []

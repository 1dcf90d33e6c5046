"""The sandbox's reports, in both layouts and languages, are read as it meant them."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.sandbox.accounts import SandboxPack, build_demo_packs
from dashboard.sandbox.pack_state import PackState, build_first_state
from dashboard.sandbox.report_files import build_report_file
from dashboard.workbook import Status
from tests.workbook.reader import evaluations, read, states

MADE = datetime(2026, 11, 20, 1, 14, tzinfo=UTC)
PACKS = build_demo_packs(2000)
LISTED = (Status.NON_COMPLIANT, Status.COMPLIANT, Status.IGNORED)


def listed(state: PackState) -> Counter[str]:
    """What a report of this state gives row by row."""
    named = (
        ("NON_COMPLIANT",)
        if state.pack.layout == "older"
        else ("NON_COMPLIANT", "COMPLIANT", "IGNORED")
    )
    return Counter({name: count for name in named if (count := state.totals[name])})


@pytest.mark.parametrize("plan", PACKS, ids=lambda plan: plan.id)
def test_a_pack_reads_alike_in_both_languages_and_adds_up(
    plan: SandboxPack, tmp_path: Path
) -> None:
    state = build_first_state(plan, 7)
    found = {}
    for language in ("zh", "en"):
        with read(
            build_report_file(state, MADE, language=language), tmp_path, account=plan.uid
        ) as reading:
            contents = reading.contents
            assert contents.kind == plan.file_format
            assert Counter(Status(row.group.status).name for row in evaluations(reading)) == listed(
                state
            )
            assert (contents.pack_id, contents.account_uid) == (plan.id, plan.uid)
            assert contents.created_at == "2026-11-20T09:14:00+08:00"
            assert contents.stated["non_compliant"] == state.resource_totals["NON_COMPLIANT"]
            assert [note.code for note in contents.notes] == []
            found[language] = states(reading)
            for rule in contents.rules:
                assert all(
                    rule.counts.get(status, 0) == rule.stated[status]
                    for status in LISTED
                    if rule.stated
                )
    if (
        plan.layout == "newer"
    ):  # the older one names rules in its own language only, and gives no id
        assert found["zh"] == found["en"]


def test_a_report_over_several_sheets_is_read_whole(tmp_path: Path) -> None:
    state = build_first_state(PACKS[0], 7)
    with read(build_report_file(state, MADE, sheet_rows=50), tmp_path) as reading:
        assert len(reading.contents.sheets) > 10
        assert reading.contents.rows == listed(state).total()
        assert [sheet.name for sheet in reading.contents.sheets if not sheet.role] == []

"""An auditor opens the report in force on a date and holds its pages against the original."""

import datetime as dt
import re
from collections import Counter
from typing import Any, NamedTuple

import pytest

from tests.browser.browser_history import (
    CHINESE_PACK_ID,
    ENGLISH_PACK_ID,
    FAILING_ONLY_PACK_ID,
    HISTORY_WEEKS,
)
from tests.browser.browser_user import BrowserUser
from tests.finding_words import build_finding, is_requirement_met
from tests.installation import Installation
from tests.original_file import CHINA_TIME_ZONE, STATUSES, OriginalFile, read_original

STATUS_COUNT = dict.fromkeys((*STATUSES, "total"), "resources")
RULE_COUNT = dict.fromkeys(("rules", "failing_rules"), "rules")
BASES = {**STATUS_COUNT, **RULE_COUNT, "failing_evaluations": "evaluations"}
LIST_CARDS = """
return [...document.querySelectorAll(".cards li")].map((card) => [
  card.querySelector(".huge").textContent.trim(), card.querySelector(".words").innerText])
"""
LIST_COUNT_LINES = """
return [...document.querySelectorAll("#counts ~ .region tbody tr")].map((row) =>
  [...row.cells].map((cell) => cell.innerText.split("\\n")[0].trim()))
"""
LIST_FAILING_ROWS = """
return [...document.querySelectorAll("table.resources tbody tr")].map((row) => ({
  id: row.querySelector("th a").title,
  rule: row.cells[2].firstChild.textContent.trim(),
  finding: row.cells[5].querySelector("b")?.textContent ?? "",
  text: row.cells[5].textContent.replace(/\\s+/g, " ").trim(),
}))
"""
FILL_AS_OF = "document.querySelector('[name=as_of]').value = '{day}'"


class Words(NamedTuple):
    """The words of the pages that the auditor looks for."""

    overview: str
    bases: dict[str, str]
    counts: dict[str, str]
    risks: dict[str, str]
    verdicts: dict[str, str]
    badge: str


WORDS = {
    "en": Words(
        "the file's overview",
        {"resources": "resources", "rules": "rules", "evaluations": "evaluations"},
        {
            "compliant": "Compliant", "non_compliant": "Non-compliant",
            "not_applicable": "Not applicable", "insufficient_data": "Insufficient data",
            "ignored": "Ignored", "total": "all statuses", "rules": "rules",
            "failing_rules": "non-compliant rules",
            "failing_evaluations": "non-compliant evaluations",
        },
        {"high": "High", "medium": "Medium", "low": "Low"},
        {"matches": "matches", "not_checked": "not checked"},
        "{matching} match, {unchecked} could not be checked",
    ),
    "zh-hans": Words(
        "文件概览",
        {"resources": "资源", "rules": "规则", "evaluations": "检测项"},
        {
            "compliant": "合规", "non_compliant": "不合规", "not_applicable": "不适用",
            "insufficient_data": "无数据", "ignored": "已忽略", "total": "全部状态",
            "rules": "规则", "failing_rules": "不合规规则", "failing_evaluations": "不合规检测项",
        },
        {"high": "高", "medium": "中", "low": "低"},
        {"matches": "一致", "not_checked": "未核对"},
        "{matching} 项一致，{unchecked} 项无法核对",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "cloud_pack_id"),
    [
        ("zh-hans", CHINESE_PACK_ID),
        ("en", CHINESE_PACK_ID),
        ("en", ENGLISH_PACK_ID),
        ("zh-hans", FAILING_ONLY_PACK_ID),
    ],
    ids=["zh", "zh-file-in-en", "en", "failing-only"],
)
def test_the_report_in_force_says_what_its_original_says(
    user: BrowserUser, installation: Installation, language: str, cloud_pack_id: str
) -> None:
    user.set_language(language)
    created_at, next_created_at = find_times(installation, cloud_pack_id)
    path = open_report_in_force(user, find_pack_path(installation, cloud_pack_id),
                                created_at + dt.timedelta(days=2))  # fmt: skip
    address = user.find(".acts a[download]").get_attribute("href") or ""
    original = read_original(user.download(address))
    assert original.created_at == created_at < next_created_at
    assert original.facts["pack_id"] == cloud_pack_id
    words = WORDS[language]
    check_cards(user, original, words)
    check_number_of_rules(user, original, words)
    check_findings(user, path, original, language)
    check_own_row_of_the_file(user, path, original)
    check_evidence(user, path, original, words)


def find_times(installation: Installation, cloud_pack_id: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the times of a report in the middle of the pack's history and of the next one."""
    rows = installation.query_rows(
        "SELECT created_at FROM dashboard_report WHERE state = 'ready' AND pack_id = "
        f"(SELECT id FROM dashboard_pack WHERE pack_id = '{cloud_pack_id}') ORDER BY position"
    )
    assert len(rows) >= HISTORY_WEEKS  # other tests add newer reports
    first, second = (
        dt.datetime.fromisoformat(str(row[0])) for row in rows[HISTORY_WEEKS // 2 :][:2]
    )
    return as_utc(first), as_utc(second)


def as_utc(time: dt.datetime) -> dt.datetime:
    """Return the time with its zone; SQLite stores UTC without it."""
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def find_pack_path(installation: Installation, cloud_pack_id: str) -> str:
    query = f"SELECT id FROM dashboard_pack WHERE pack_id = '{cloud_pack_id}'"
    return f"/packs/{installation.query_rows(query)[0][0]}/"


def open_report_in_force(user: BrowserUser, pack_path: str, moment: dt.datetime) -> str:
    """Ask the pack's page for the report in force on the day of a moment; return its path."""
    user.visit(pack_path)
    user.run_script(FILL_AS_OF.format(day=f"{moment.astimezone(CHINA_TIME_ZONE):%Y-%m-%d}"))
    user.find(".asof form button").click()
    user.wait_for_address("as_of=")
    user.find(".asof .notice a[href^='/reports/']").click()
    user.wait_for_address("/reports/")
    return user.get_current_path()


def parse_number(text: str) -> int:
    return 0 if text == "–" else int(text.replace(",", ""))


def check_cards(user: BrowserUser, original: OriginalFile, words: Words) -> None:
    """Hold both rates, the failing evaluations by risk and the counts of resources."""
    evaluation_rate, resource_rate, *cards = user.run_script(LIST_CARDS)
    compliant, failing = original.count("compliant"), original.count("non_compliant")
    assert f"\n{compliant} / ({compliant} + {failing})" in resource_rate[1]
    stated_rate, shown_rate = original.facts["rate"].rstrip("%"), resource_rate[0].rstrip(" %")
    assert int(float(stated_rate) * 10) == round(float(shown_rate) * 10)
    lists_compliant = original.compliant_resources is not None
    assert (evaluation_rate[0] == "–") != lists_compliant
    shown = {text.split("\n")[0]: (number, text) for number, text in cards}
    for risk, counts in original.by_risk.items():
        assert parse_number(shown[words.risks[risk]][0]) == counts[2]
    failing_rows = parse_number(shown[words.counts["non_compliant"]][0])
    assert failing_rows == len(original.failing_rows)
    for status in STATUSES:
        number, text = shown[words.counts[status]]
        if words.overview.removeprefix("the ") in text:
            assert int(number) == original.count(status)


def check_number_of_rules(user: BrowserUser, original: OriginalFile, words: Words) -> None:
    if original.compliant_resources is not None:
        tab_count = user.find(".tabs a[aria-current] .soft").text
        assert int(tab_count) == original.count("rules")
    failing = [tally for tally in user.find_all("table.rules td.tally") if
               re.match(r"[1-9]", tally.text)]  # fmt: skip
    assert len(failing) == original.count("failing_rules")


def check_findings(user: BrowserUser, path: str, original: OriginalFile, language: str) -> None:
    """Hold every failing row against its row of the file."""
    shown: list[dict[str, str]] = []
    while len(shown) < len(original.failing_rows):
        user.visit(f"{path}resources/?status=failing&page={len(shown) // 50 + 1}")
        rows: list[dict[str, str]] = user.run_script(LIST_FAILING_ROWS)
        assert rows
        shown += rows
    stated = {(row.rule, row.resource_id): row for row in original.failing_rows}
    assert Counter((row["rule"], row["id"]) for row in shown) == Counter(list(stated))
    for row in shown:
        stated_row = stated[row["rule"], row["id"]]
        annotation = stated_row.annotation
        if annotation:
            values = (annotation[name] for name in ("configuration", "operator", "desiredValue"))
            assert row["finding"] == build_finding(language, *values)
            assert not is_requirement_met(row["finding"])
        assert stated_row.reason in row["text"]


def check_own_row_of_the_file(user: BrowserUser, path: str, original: OriginalFile) -> None:
    """Open a failing row: it shows the cells of the file as they stand there."""
    user.visit(f"{path}resources/?status=failing")
    user.find("table.resources tbody th a").click()
    user.wait_until(lambda: user.find_all("tr.inset dl.facts"))
    cells = [cell.text for cell in user.find_all("tr.inset dl.facts dd")]
    assert any(
        row.reason_cell in cells and row.resource_id in cells for row in original.failing_rows
    )


def check_evidence(user: BrowserUser, path: str, original: OriginalFile, words: Words) -> None:
    """Hold every count of the overview, and our own, against the lines of the evidence page."""
    user.visit(f"{path}evidence/")
    lines: list[list[str]] = user.run_script(LIST_COUNT_LINES)
    shown = {(line[0], line[1]): line[2:] for line in lines if line[4] == words.overview}
    stated_counts, our_counts = original.list_stated_counts(), original.count_ours()
    assert len(shown) == len(stated_counts)
    for key, stated in stated_counts.items():
        name, _space, risk = key.partition(" ")
        label = " · ".join(filter(None, (words.counts[name], words.risks.get(risk, ""))))
        ours_text, stated_text, _source, verdict = shown[label, words.bases[BASES[name]]]
        assert parse_number(stated_text) == stated
        if verdict == words.verdicts["matches"]:
            assert parse_number(ours_text) == stated == our_counts[key]
        else:
            assert (verdict, ours_text) == (words.verdicts["not_checked"], "–")
    verdicts: Counter[Any] = Counter(line[5] for line in lines)
    badge = words.badge.format(
        matching=verdicts[words.verdicts["matches"]],
        unchecked=verdicts[words.verdicts["not_checked"]],
    )
    assert badge in user.find(".badges").text
    assert verdicts.total() == len(lines)

"""Findings on pages, in print and in files: no words that the file contradicts."""

import csv
import html
import io
import json
import re

import openpyxl
import pytest
from django.test import Client

from dashboard.models import Evaluation, Pack, Report, Status
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.report_files import build_report_file
from dashboard.text.findings import OPERATOR_WORDS
from dashboard.workbook import READER_VERSION
from tests import sample_files
from tests.finding_words import is_requirement_met
from tests.sample_history import make_sandbox_pack
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.workbook.test_evaluations import HEAD

FAMILIES = ("permissions", "rmit", "mlps", "oss", "ecs", "network", "database", "pci")
FINDING_ON_PAGE = re.compile(r"<b>((?:actual|required|实际值|要求)[^<]*)</b>")
FINDING_KEYS = ("actual", "required", "expected", "operator", "property")


@pytest.fixture
def sandbox_report(pack: Pack) -> Report:
    """A report of the sandbox with every managed rule, of which most resources fail."""
    plan = make_sandbox_pack(families=FAMILIES, rows=500, failing_share=0.5)
    state = CloudState(7, packs=(plan,)).get_pack_state(plan.id)
    return import_report_bytes(pack, build_report_file(state, FRIDAY))


def build_annotation(**values: str) -> str:
    return json.dumps(values)


def import_annotation(pack: Pack, annotation: str, day: int = 20) -> Report:
    """Import a report with one row, which fails for this reason."""
    rows = [HEAD, ("甲", "cr-1", "i-1", "不合规", annotation)]
    content = sample_files.build_xls({"甲": rows})
    return import_report_bytes(pack, content, f"{day}.xls", FRIDAY.replace(day=day))


def load_findings(reader: Client, path: str) -> list[str]:
    page = reader.get(path).content.decode()
    return [html.unescape(words) for words in FINDING_ON_PAGE.findall(page)]


def forget_operators(report: Report) -> None:
    """Leave the report as an earlier version of the reader stored it."""
    Evaluation.objects.update(operator="", property_path="", search_text="i-1")
    Report.objects.filter(pk=report.pk).update(reader_version=READER_VERSION - 1)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_failing_row_of_a_whole_report_contradicts_its_operator(
    sandbox_report: Report, reader: Client, language: str
) -> None:
    reader.post("/preferences/", {"language": language})
    path = f"/reports/{sandbox_report.pk}/resources/?status=failing&page="
    failing_count = sandbox_report.counts[Status.NON_COMPLIANT]
    page_count = -(-failing_count // 50)
    findings = [
        words
        for page in range(1, page_count + 1)
        for words in load_findings(reader, f"{path}{page}")
    ]
    assert len(findings) == failing_count > 200
    assert not [words for words in findings if is_requirement_met(words)]
    assert all(("要求：" in words) == (language != "en") for words in findings)


def test_a_report_of_the_sandbox_has_every_documented_operator(sandbox_report: Report) -> None:
    failing = Evaluation.objects.failing()
    operators = set(failing.values_list("operator", flat=True))
    assert operators == OPERATOR_WORDS.keys() - {"StringEquals", "StringNotEquals"}


def test_pages_and_prints_say_what_is_required(pack: Pack, reader: Client) -> None:
    report = import_annotation(
        pack,
        build_annotation(
            configuration="public-read",
            desiredValue="public-read",
            operator="NotEquals",
            property="$.Acl",
        ),
    )
    evaluation = Evaluation.objects.get()
    words = "actual public-read · required: not equal to public-read"
    paths = (
        f"/reports/{report.pk}/resources/",
        f"/reports/{report.pk}/rules/{evaluation.rule_id}/",
        f"/resources/{evaluation.resource}/",
    )
    for path in paths:
        assert words in reader.get(path).content.decode(), path
    detail = reader.get(f"/reports/{report.pk}/resources/{evaluation.key}/").content.decode()
    assert "<dt>Required</dt>" in detail
    assert "not equal to public-read" in detail
    assert '<dt>Property</dt><dd class="id">$.Acl</dd>' in detail
    printed = reader.get(f"/reports/{report.pk}/print/").content.decode()
    assert "<td>not equal to public-read</td>" in printed


def test_values_of_plain_columns_are_compared_and_nothing_more(pack: Pack, reader: Client) -> None:
    header = (*HEAD, "当前配置", "期望配置")
    annotation = build_annotation(configuration="8", desiredValue="9", operator="Greater")
    rows = [
        header,
        ("甲", "cr-1", "i-1", "不合规", "why", "1", "2"),
        ("甲", "cr-1", "i-2", "不合规", annotation, "1", "2"),
    ]
    report = import_report_bytes(pack, sample_files.build_xls({"甲": rows}))
    findings = load_findings(reader, f"/reports/{report.pk}/resources/")
    assert findings == ["actual 1 · compared with 2"] * 2


def test_a_comparison_says_what_was_required_before(pack: Pack, reader: Client) -> None:
    days = [build_annotation(configuration=value, desiredValue="30", operator="Greater",
                             reason="soon") for value in ("26", "19")]  # fmt: skip
    older, newer = (import_annotation(pack, text, day) for day, text in enumerate(days, 19))
    path = f"/packs/{pack.pk}/compare/{older.pk}/{newer.pk}/"
    for page in (f"{path}?bucket=still-failing", f"{path}print/?bucket=still-failing"):
        content = reader.get(page).content.decode()
        assert "<b>actual 19 · required: greater than 30</b>" in content
        assert "before: actual 26 · required: greater than 30 · soon" in content
    rows = json.loads(reader.get(f"{path}changes.json?bucket=still-failing").getvalue())["rows"]
    assert [rows[0][key] for key in FINDING_KEYS] == ["19", "greater than 30", "30", "Greater", ""]


def test_the_search_finds_rows_by_operator_and_property(
    sandbox_report: Report, reader: Client
) -> None:
    path = f"/reports/{sandbox_report.pk}/export.csv?q="
    evaluation = Evaluation.objects.failing().filter(operator="StringMatch").first()
    assert evaluation is not None
    for query in ("stringmatch", evaluation.property_path.lower()):
        found = reader.get(path + query).getvalue().decode()
        assert evaluation.resource_id in found
        assert evaluation.property_path in found


def test_every_export_has_operator_property_and_requirement(pack: Pack, reader: Client) -> None:
    report = import_annotation(
        pack,
        build_annotation(
            configuration="c", desiredValue='["a", "b"]', operator="In", property="$.Type"
        ),
    )
    path = f"/reports/{report.pk}/export."
    values = ["c", "one of a, b", '["a", "b"]', "In", "$.Type"]
    headings = ["Actual", "Required", "Compared with", "Operator", "Property"]
    (row,) = json.loads(reader.get(f"{path}json").getvalue())["rows"]
    assert [row[key] for key in FINDING_KEYS] == values
    text = reader.get(f"{path}csv").getvalue().decode("utf-8-sig")
    assert [row[10:15] for row in csv.reader(io.StringIO(text))] == [headings, values]
    workbook = openpyxl.load_workbook(io.BytesIO(reader.get(f"{path}xlsx").getvalue()))
    rows = workbook["Table"].iter_rows(values_only=True)
    assert [list(row[10:15]) for row in rows] == [headings, values]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Read by an earlier version of this product"), ("zh-hans", "较早版本读取")],
)
def test_a_report_that_an_earlier_version_read_says_so(
    pack: Pack, reader: Client, language: str, sentence: str
) -> None:
    report = import_annotation(pack, build_annotation(configuration="1", operator="IsEmpty"))
    reader.post("/preferences/", {"language": language})
    paths = [f"/reports/{report.pk}/{page}" for page in ("", "resources/", "print/", "evidence/")]
    assert not [path for path in paths if sentence in reader.get(path).content.decode()]
    forget_operators(report)
    for path in paths:
        page = reader.get(path).content.decode()
        assert sentence in page
        assert f"manage.py rebuild --pack {pack.pk}" in page


def test_a_new_report_completes_the_rows_of_an_earlier_version(pack: Pack, reader: Client) -> None:
    annotation = build_annotation(
        configuration="26", desiredValue="30", operator="Greater", property="$.Days"
    )
    forget_operators(import_annotation(pack, annotation, 19))
    report = import_annotation(pack, annotation, 20)
    assert Evaluation.objects.count() == 1
    path = f"/reports/{report.pk}/resources/"
    assert load_findings(reader, path) == ["actual 26 · required: greater than 30"]
    assert load_findings(reader, f"{path}?q=$.days") == ["actual 26 · required: greater than 30"]

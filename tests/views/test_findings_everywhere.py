"""Every operator of the cloud, in both languages, wherever a finding is shown or exported."""

import csv
import datetime as dt
import html
import io
import json
import re
from typing import Any, NamedTuple

import openpyxl
import pytest
from django.test import Client

from dashboard.models import Evaluation, Pack, Report
from tests import sample_files
from tests.finding_words import OPERATORS, build_finding, build_requirement, is_requirement_met
from tests.text.test_findings import EXAMPLES
from tests.views.comparison_pages import comparison_path
from tests.views.report_files import FRIDAY, import_report_bytes
from tests.workbook.test_evaluations import HEAD

pytestmark = pytest.mark.django_db
LANGUAGES = ("en", "zh-hans")
OLDER_ACTUAL = "-1"
TAG = re.compile(r"<[^>]+>")
# The columns that say what a finding says, in exports of a report and of a comparison.
FINDING_COLUMNS = {
    "en": ("Actual", "Required", "Operator"),
    "zh-hans": ("实际值", "要求", "运算符"),
}


class Example(NamedTuple):
    """A failing row of the tested file: what is required, and the actual value."""

    operator: str
    value: str
    actual: str

    @property
    def resource_id(self) -> str:
        return f"i-{self.operator.lower()}"

    def describe(self, language: str) -> str:
        return build_finding(language, self.actual, self.operator, self.value)


FINDINGS = [
    Example(operator, value, actual) for operator, (value, actual, _fine) in EXAMPLES.items()
]


def build_file(actual: str | None = None) -> bytes:
    """Return a file with a failing row for each operator, all of one rule.

    `actual` replaces the actual values of the examples.
    """
    rows: list[tuple[Any, ...]] = [HEAD]
    for example in FINDINGS:
        annotation = {
            "configuration": example.actual if actual is None else actual,
            "desiredValue": example.value,
            "operator": example.operator,
        }
        rows.append(("甲", "cr-1", example.resource_id, "不合规", json.dumps(annotation)))
    return sample_files.build_xls({"甲": rows})


@pytest.fixture
def reports(pack: Pack) -> list[Report]:
    """Two reports with every operator; in the older one each actual value is OLDER_ACTUAL."""
    return [
        import_report_bytes(pack, build_file(actual), name, FRIDAY + dt.timedelta(days))
        for days, (name, actual) in enumerate({"old.xls": OLDER_ACTUAL, "new.xls": None}.items())
    ]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, reader: Client) -> str:
    """The language that the reader has chosen."""
    reader.post("/preferences/", {"language": request.param})
    return str(request.param)


def load_text(reader: Client, path: str) -> str:
    """Return the text of a page without its tags, each run of white space as one space."""
    page = reader.get(path).content.decode()
    return " ".join(html.unescape(TAG.sub(" ", page)).split())


def list_pages(older: Report, newer: Report) -> dict[str, str]:
    """Return every page that shows the findings of all rows in words."""
    rule = Evaluation.objects.values_list("rule_id", flat=True)[0]
    comparison = comparison_path(older, newer)
    return {
        "the rule's inset": f"/reports/{newer.pk}/?open={rule}",
        "the rule in the report": f"/reports/{newer.pk}/rules/{rule}/",
        "the table": f"/reports/{newer.pk}/resources/",
        "the comparison": f"{comparison}?bucket=still-failing",
        "the printed comparison": f"{comparison}print/?bucket=still-failing",
    }


def test_the_examples_have_every_documented_operator() -> None:
    assert {example.operator for example in FINDINGS} == OPERATORS.keys()
    for example in FINDINGS:
        for language in LANGUAGES:
            assert not is_requirement_met(example.describe(language))


def test_pages_say_what_the_operator_says(
    reports: list[Report], reader: Client, language: str
) -> None:
    for place, path in list_pages(*reports).items():
        text = load_text(reader, path)
        missing = [example for example in FINDINGS if f"{example.describe(language)} " not in text]
        assert not missing, place
        if "comparison" in place:
            before = "before:" if language == "en" else "此前："
            for example in FINDINGS:
                older = example._replace(actual=OLDER_ACTUAL).describe(language)
                assert f"{before} {older} " in text, place


def test_the_pages_of_a_resource_say_what_the_operator_says(
    reports: list[Report], reader: Client, language: str
) -> None:
    for example in FINDINGS:
        evaluation = Evaluation.objects.filter(resource_id=example.resource_id).latest("first")
        history = load_text(reader, f"/resources/{evaluation.resource}/")
        assert f"{example.describe(language)} " in history
        detail = load_text(reader, f"/reports/{reports[1].pk}/resources/{evaluation.key}/")
        assert build_requirement(language, example.operator, example.value) in detail


def test_the_printed_report_says_what_the_operator_says(
    reports: list[Report], reader: Client, language: str
) -> None:
    text = load_text(reader, f"/reports/{reports[1].pk}/print/")
    for example in FINDINGS:
        assert build_requirement(language, example.operator, example.value) in text
        assert example.actual in text


def read_table(name: str, content: bytes) -> list[dict[str, str]]:
    """Return the rows of an exported csv or xlsx by the headings of their columns."""
    if name == "csv":
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    rows = []
    for sheet in workbook.worksheets:
        header, *body = (
            [str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)
        )
        rows += [dict(zip(header, cells, strict=True)) for cells in body]
    return rows


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_exports_say_what_the_operator_says(
    reports: list[Report], reader: Client, language: str, kind: str
) -> None:
    paths = (
        f"/reports/{reports[1].pk}/export.{kind}",
        f"{comparison_path(*reports)}changes.{kind}?bucket=still-failing",
    )
    expected = {
        (example.actual, build_requirement(language, example.operator, example.value),
         example.operator)
        for example in FINDINGS
    }  # fmt: skip
    for path in paths:
        content = reader.get(path).getvalue()
        if kind == "json":
            rows = json.loads(content)["rows"]
            columns: tuple[str, ...] = ("actual", "required", "operator")
        else:
            rows, columns = read_table(kind, content), FINDING_COLUMNS[language]
        found = {tuple(row[column] for column in columns) for row in rows if columns[0] in row}
        assert found == expected

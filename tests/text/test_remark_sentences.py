"""Each remark of the reader has a sentence, and no sentence is left without a remark."""

import pytest
from django.utils.translation import override

from dashboard.text.remark_sentences import REMARK_SENTENCES, describe_remark_content
from dashboard.workbook.remarks import REMARK_CODES


def test_the_codes_of_remarks_are_those_with_sentences() -> None:
    assert set(REMARK_CODES) == REMARK_SENTENCES.keys()


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "1 row is a total and no resource."),
        (2, "2 rows are totals and no resources."),
        (1_200, "1,200 rows are totals and no resources."),
    ],
)
def test_a_sentence_agrees_with_its_number_of_rows(count: int, sentence: str) -> None:
    assert describe_remark_content({"code": "rows_total", "count": count}) == sentence


@pytest.mark.parametrize("code", REMARK_CODES)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_sentence_can_be_formed_of_one_row_without_facts(code: str, language: str) -> None:
    with override(language):
        sentence = describe_remark_content({"code": code, "count": 1})
    assert sentence
    assert "%(" not in sentence

"""Each remark of the reader has a sentence, and no sentence is left without a remark."""

from dashboard.text.remark_sentences import REMARK_SENTENCES
from dashboard.workbook.remarks import REMARK_CODES


def test_the_codes_of_remarks_are_those_with_sentences() -> None:
    assert set(REMARK_CODES) == REMARK_SENTENCES.keys()

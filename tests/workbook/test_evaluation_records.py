"""The record of an evaluation in exports: it comes back as it was, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.workbook.contents import SourceCode
from dashboard.workbook.evaluation_records import EvaluationRecord, format_record, parse_record

MILLISECONDS = st.integers(0, 253_402_300_799_999)


@given(
    key=st.integers(0, 2**63 - 1),
    results_status=st.integers(0, 5),
    failing_since_ms=MILLISECONDS,
    fixed_at_ms=MILLISECONDS,
)
def test_a_record_survives_its_own_text(
    key: int, results_status: int, failing_since_ms: int, fixed_at_ms: int
) -> None:
    record = EvaluationRecord(key, SourceCode.BOTH, results_status, failing_since_ms, fixed_at_ms)
    assert parse_record(format_record(record)) == record


def test_a_record_of_the_file_alone_has_a_key_and_nothing_else() -> None:
    assert format_record(EvaluationRecord(255)) == "00000000000000ff 1 0 0 0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no record",
        "00000000000000ff 1 0 0",
        "00000000000000ff 4 0 0 0",
        "00000000000000ff 1 5 0 0",  # the file alone has no other status
        "00000000000000ff 2 5 0 0",  # nor have the results alone
        "00000000000000ff 1 0 1788566400123 0",
        "ffffffffffffffff 3 0 0 0",
        "00000000000000ff 3 0 9999999999999999 0",
        "00000000000000ff 3 0 ٣ 0",
    ],
)
def test_a_text_that_is_no_record_is_none(text: str) -> None:
    assert parse_record(text) is None

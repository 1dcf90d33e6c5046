"""The record of an evaluation in exports: it comes back as it was, for its own row only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.workbook.contents import SourceCode
from dashboard.workbook.evaluation_records import RowIdentity, format_record, parse_record

MILLISECONDS = st.integers(0, 253_402_300_799_999)
ROW = RowIdentity("cr-1", "规则", "1000000000000001", "cn-beijing", "ACS::ECS::Instance", "i-1")


@given(
    key=st.integers(1, 2**63 - 1),
    resource=st.integers(0, 2**63 - 1),
    results_status=st.integers(0, 5),
    failing_since_ms=MILLISECONDS,
    fixed_at_ms=MILLISECONDS,
)
def test_a_record_survives_its_own_text(
    key: int, resource: int, results_status: int, failing_since_ms: int, fixed_at_ms: int
) -> None:
    values = (key, resource, SourceCode.BOTH, results_status, failing_since_ms, fixed_at_ms)
    record = parse_record(format_record(ROW, *values), ROW)
    assert record is not None
    assert record[1:] == values


@pytest.mark.parametrize("field", RowIdentity._fields)
def test_a_record_holds_for_no_other_row(field: str) -> None:
    text = format_record(ROW, 1, 2, 3, 0, 0, 0)
    assert parse_record(text, ROW)
    assert parse_record(text, ROW._replace(**{field: "another"})) is None


@pytest.mark.parametrize(
    "values",
    [
        "1 0 0",
        "4 0 0 0",
        "1 5 0 0",  # the file alone has no other status
        "2 5 0 0",  # nor have the results alone
        "1 0 1788566400123 0",
        "3 6 0 0",
        "3 0 9999999999999999 0",
        "3 0 ٣ 0",
    ],
)
def test_a_record_that_contradicts_itself_is_none(values: str) -> None:
    text = format_record(ROW, 1, 2, 3, 0, 0, 0).removesuffix("3 0 0 0") + values
    assert parse_record(text, ROW) is None


@pytest.mark.parametrize(("key", "resource"), [(0, 1), (2**63, 1), (1, 2**63)])
def test_a_record_with_hashes_that_no_database_holds_is_none(key: int, resource: int) -> None:
    assert parse_record(format_record(ROW, key, resource, 3, 0, 0, 0), ROW) is None


def test_another_text_is_no_record() -> None:
    assert parse_record("", ROW) is None
    assert parse_record("no record", ROW) is None

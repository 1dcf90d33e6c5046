"""The reason of a row: JSON of the cloud, escaped once or more, is parsed; other texts stay."""

import functools
import html
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.workbook.reasons import parse_reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("公共读", ("", "", "", "", "公共读", "公共读")),
        ("{not json", ("", "", "", "", "{not json", "{not json")),
        ('{"a": 1}', ("", "", "", "", '{"a": 1}', '{"a": 1}')),
        ('{"configuration": "80", "desiredValue": "30", "operator": "Greater", '
         '"property": "$.Days"}',
         ("80", "30", "Greater", "$.Days", "", "Greater $.Days")),
        ('{"configuration": {"b": 1, "a": 2}, "desiredValue": true, "reason": "why"}',
         ('{"a": 2, "b": 1}', "true", "", "", "why", "why")),
    ],
)  # fmt: skip
def test_a_reason_in_the_clouds_json_is_parsed(text: str, expected: tuple[str, ...]) -> None:
    assert parse_reason(text) == expected


ANNOTATION = json.dumps(
    {
        "configuration": 'a "b" <c> & d',
        "desiredValue": "30",
        "operator": "Greater",
        "property": "$.Days",
        "reason": "第一行\n第二行",
    },
    ensure_ascii=False,
)
ESCAPED_ONCE = json.dumps(ANNOTATION)


@pytest.mark.parametrize(
    "text",
    [
        ANNOTATION,
        ESCAPED_ONCE,
        ESCAPED_ONCE[1:-1],
        json.dumps(ESCAPED_ONCE),
        json.dumps(ESCAPED_ONCE[1:-1]),
        html.escape(ANNOTATION),
        html.escape(html.escape(ANNOTATION)),
        html.escape(ESCAPED_ONCE),
        ANNOTATION.replace("\\n", "\n"),
    ],
)
def test_an_annotation_that_is_escaped_again_says_the_same(text: str) -> None:
    parts = ('a "b" <c> & d', "30", "Greater", "$.Days", "第一行\n第二行", "Greater $.Days")
    assert parse_reason(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        '"a quoted sentence"',
        "&quot;a quoted sentence&quot;",
        '"\\"\\\\\\"deep"',
        "&amp;&amp;&amp;",
        "{&",
        '{\\"',
        '{"reason": ' + "[" * 20_000 + "]" * 20_000 + "}",
        '{"reason": ' + "9" * 5_000 + "}",
        '{"reason": "' + "x" * 200_000 + '"}',
        functools.reduce(lambda text, _level: json.dumps(text), range(8), ANNOTATION),
    ],
)
def test_a_text_that_no_level_turns_into_a_reason_stays_as_it_is(text: str) -> None:
    assert parse_reason(text) == ("", "", "", "", text, text)


@given(st.text() | st.text(alphabet='{}[]"\\&;quot:1,', max_size=60))
def test_no_text_makes_the_parsing_of_a_reason_fail(text: str) -> None:
    assert parse_reason(text)

"""The words of a finding say what its operator says."""

from typing import NamedTuple

import pytest
from django.utils import translation

from dashboard.sandbox.managed_rules import ManagedRule, find_rules_of_family
from dashboard.text.findings import OPERATOR_WORDS, describe_finding, describe_requirement
from tests.finding_words import is_requirement_met

LANGUAGES = ("en", "zh-hans")
FAMILIES = ("mlps", "network", "oss", "ecs", "database", "permissions", "rmit", "pci")
# By operator: the value that it is applied to, an actual value that fails, one that is compliant.
EXAMPLES = {
    "Equals": ("private", "public-read", "private"),
    "StringEquals": ("private", "public-read", "private"),
    "NotEquals": ("public-read", "public-read", "private"),
    "StringNotEquals": ("public-read", "public-read", "private"),
    "In": ('["a", "b"]', "c", "a"),
    "NotIn": ('["a", "b"]', "b", "c"),
    "ExistsIn": ('["a", "b"]', "c", "b"),
    "Contains": ("MAZ", "cn-hangzhou-h", "cn-hangzhou-MAZ1"),
    "NotContains": ("22/22", "22/22 0.0.0.0/0", "443/443"),
    "Greater": ("30", "26", "31"),
    "GreaterOrEquals": ("30", "29", "30"),
    "Less": ("30", "30", "29"),
    "LessOrEquals": ("30", "31", "30"),
    "StringMatch": ("*-MAZ*", "cn-hangzhou-h", "cn-hangzhou-MAZ1"),
    "IsEmpty": ("", "203.0.113.17", ""),
    "IsNotEmpty": ("", "", "key-1"),
}


class ExampleFinding(NamedTuple):
    actual: str
    expected: str = ""
    operator: str = ""


def describe(language: str, actual: str, expected: str = "", operator: str = "") -> str:
    with translation.override(language):
        return describe_finding(ExampleFinding(actual, expected, operator))


def list_sandbox_rules() -> list[ManagedRule]:
    return [rule for family in FAMILIES for rule in find_rules_of_family(family)]


def test_every_operator_has_an_example() -> None:
    assert EXAMPLES.keys() == OPERATOR_WORDS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("operator", OPERATOR_WORDS)
def test_no_words_contradict_their_operator(operator: str, language: str) -> None:
    expected, failing, compliant = EXAMPLES[operator]
    assert not is_requirement_met(describe(language, failing, expected, operator))
    assert is_requirement_met(describe(language, compliant, expected, operator))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_annotation_of_the_sandbox_contradicts_its_status(language: str) -> None:
    for rule in list_sandbox_rules():
        words = describe(language, rule.actual, rule.desired, rule.operator)
        assert not is_requirement_met(words), rule


def test_the_sandbox_uses_all_documented_operators() -> None:
    used = {rule.operator for rule in list_sandbox_rules()}
    assert used == OPERATOR_WORDS.keys() - {"StringEquals", "StringNotEquals"}


@pytest.mark.parametrize(
    ("finding", "english", "chinese"),
    [
        (("public-read", "public-read", "NotEquals"),
         "actual public-read · required: not equal to public-read",
         "实际值 public-read · 要求：不等于 public-read"),
        (("26", "30", "Greater"),
         "actual 26 · required: greater than 30", "实际值 26 · 要求：大于 30"),
        (("", '["a", "b"]', "In"), "required: one of a, b", "要求：属于 a, b"),
        (("", "", "IsNotEmpty"), "required: not empty", "要求：不为空"),
        (("c", '["a", 1]', "NotIn"),
         "actual c · required: none of a, 1", "实际值 c · 要求：不属于 a, 1"),
        (("x", "", "NotEquals"),
         "actual x · required: not equal to (empty)", "实际值 x · 要求：不等于 空值"),
        (("x", "50%", "CidrWithin"),
         "actual x · required: CidrWithin 50%", "实际值 x · 要求：CidrWithin 50%"),
        (("26", "30", ""), "actual 26 · compared with 30", "实际值 26 · 比较值 30"),
        (("26", "", ""), "actual 26", "实际值 26"),
        (("", "", ""), "", ""),
    ],
)  # fmt: skip
def test_a_finding_in_words(finding: tuple[str, str, str], english: str, chinese: str) -> None:
    assert describe("en", *finding) == english
    assert describe("zh-hans", *finding) == chinese


@pytest.mark.parametrize("text", ["[not json", "[]", '[{"a": 1}]', "80,443"])
def test_a_value_that_is_no_list_of_plain_values_stands_as_it_is(text: str) -> None:
    assert describe_requirement("Equals", text) == f"equal to {text}"

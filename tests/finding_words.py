"""The words of findings, as a reader of the file would write them and read them back.

They are built here from what the file says, without the code of the product.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase

Requirement = Callable[[str, str], bool]

REQUIREMENTS: dict[tuple[str, str], Requirement] = {
    ("not equal to", "不等于"): lambda actual, value: actual != value,
    ("equal to", "等于"): lambda actual, value: actual == value,
    ("one of", "属于"): lambda actual, value: actual in value.split(", "),
    ("none of", "不属于"): lambda actual, value: actual not in value.split(", "),
    ("existing in", "存在于"): lambda actual, value: actual in value.split(", "),
    ("containing", "包含"): lambda actual, value: value in actual,
    ("not containing", "不包含"): lambda actual, value: value not in actual,
    ("greater than", "大于"): lambda actual, value: float(actual) > float(value),
    ("at least", "不小于"): lambda actual, value: float(actual) >= float(value),
    ("less than", "小于"): lambda actual, value: float(actual) < float(value),
    ("at most", "不大于"): lambda actual, value: float(actual) <= float(value),
    ("matching", "匹配"): fnmatchcase,
    ("empty", "为空"): lambda actual, _value: actual == "",
    ("not empty", "不为空"): lambda actual, _value: actual != "",
}
# The operators that the cloud documents, in English and Chinese.
OPERATORS = {
    "Equals": ("equal to", "等于"),
    "StringEquals": ("equal to", "等于"),
    "NotEquals": ("not equal to", "不等于"),
    "StringNotEquals": ("not equal to", "不等于"),
    "In": ("one of", "属于"),
    "NotIn": ("none of", "不属于"),
    "ExistsIn": ("existing in", "存在于"),
    "Contains": ("containing", "包含"),
    "NotContains": ("not containing", "不包含"),
    "Greater": ("greater than", "大于"),
    "GreaterOrEquals": ("at least", "不小于"),
    "Less": ("less than", "小于"),
    "LessOrEquals": ("at most", "不大于"),
    "StringMatch": ("matching", "匹配"),
    "IsEmpty": ("empty", "为空"),
    "IsNotEmpty": ("not empty", "不为空"),
}
REQUIREMENTS_BY_WORDS = {words: check for both, check in REQUIREMENTS.items() for words in both}
ALL_WORDS = "|".join(sorted(REQUIREMENTS_BY_WORDS, key=len, reverse=True))
FINDING = re.compile(
    r"(?:(?:actual|实际值) (?P<actual>.+?) · )?(?:required: |要求：)"
    rf"(?P<words>{ALL_WORDS})(?: (?P<value>.+))?"
)


def is_requirement_met(finding: str) -> bool:
    """Return whether the actual value of a finding in words is what its words require."""
    match = FINDING.fullmatch(finding)
    assert match, finding
    check = REQUIREMENTS_BY_WORDS[match["words"]]
    return check(match["actual"] or "", match["value"] or "")


def build_requirement(language: str, operator: str, value: str) -> str:
    """Return what a file requires: "not equal to public-read"."""
    words = OPERATORS[operator][language != "en"]
    if operator in ("IsEmpty", "IsNotEmpty"):
        return words
    shown_value = ", ".join(json.loads(value)) if value.startswith("[") else value
    return f"{words} {shown_value}"


def build_finding(language: str, actual: str, operator: str, value: str) -> str:
    """Return the whole finding: "actual 26 · required: greater than 30"."""
    requirement = build_requirement(language, operator, value)
    actual_words = f"{'actual' if language == 'en' else '实际值'} {actual} · " if actual else ""
    return f"{actual_words}{'required: ' if language == 'en' else '要求：'}{requirement}"

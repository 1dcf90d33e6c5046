"""The words of findings, read back: what they require, and whether an actual value meets it."""

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

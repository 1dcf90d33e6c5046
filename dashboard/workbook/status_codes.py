"""The words for status and risk in four languages, the code of each, and counts as text."""

import unicodedata
from enum import IntEnum
from functools import lru_cache


class StatusCode(IntEnum):
    """The result of evaluating one resource by one rule, in the order of display."""

    NON_COMPLIANT = 1
    INSUFFICIENT_DATA = 2
    IGNORED = 3
    NOT_APPLICABLE = 4
    COMPLIANT = 5


# For each status its words in all languages, separated by spaces.
STATUS_WORDS = {
    StatusCode.COMPLIANT: "合规 合規 compliant 準拠 适用合规",
    StatusCode.NON_COMPLIANT: "不合规 不合規 noncompliant incompliant 非準拠 非合规",
    StatusCode.NOT_APPLICABLE: "不适用 不適用 notapplicable n/a 該当なし 適用外 不適用資源",
    StatusCode.INSUFFICIENT_DATA: (
        "无数据 数据不足 無資料 無數據 資料不足 insufficientdata nodata データ不足 データなし"
    ),
    StatusCode.IGNORED: "已忽略 忽略 排除 已排除 ignored excluded 無視 除外",
}
# For each risk (1 high, 2 medium, 3 low) its words in all languages, separated by spaces.
RISK_WORDS = {
    1: "高风险 高風險 高 highrisk high 1 critical 高リスク 严重",
    2: "中风险 中風險 中 mediumrisk medium 2 warning 中リスク 警告",
    3: "低风险 低風險 低 lowrisk low 3 info 低リスク 提示",
}
_IGNORED_CHARACTERS = str.maketrans("", "", " \t\r\n\u3000:()[]{}【】〔〕「」_-")


def normalise_label(label: str) -> str:
    """Return a label in the form in which words are looked up.

    It is in lower case and half width, without spaces, colons, brackets, `_` and `-`.
    """
    return unicodedata.normalize("NFKC", label).casefold().translate(_IGNORED_CHARACTERS)


_STATUS_BY_WORD = {
    normalise_label(word): status
    for status, words in STATUS_WORDS.items()
    for word in words.split()
}
_RISK_BY_WORD = {
    normalise_label(word): risk for risk, words in RISK_WORDS.items() for word in words.split()
}


@lru_cache
def parse_status(word: str) -> StatusCode | None:
    """Return the status that a word in a cell names; None for an unknown word."""
    return _STATUS_BY_WORD.get(normalise_label(word))


@lru_cache
def parse_risk(word: str) -> int:
    """Return the risk that a word in a cell names: 1 high, 2 medium, 3 low; 0 if unknown."""
    return _RISK_BY_WORD.get(normalise_label(word), 0)


def parse_count(text: str) -> int | None:
    """Return a count as people write it (`1,234`); None for any other text."""
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None

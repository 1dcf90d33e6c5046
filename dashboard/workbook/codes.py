"""The words for status and risk in four languages, each led to one code."""

import unicodedata
from enum import IntEnum
from functools import lru_cache


class Status(IntEnum):
    """What the cloud found of one resource under one rule, in the order of display."""

    NON_COMPLIANT = 1
    INSUFFICIENT_DATA = 2
    IGNORED = 3
    NOT_APPLICABLE = 4
    COMPLIANT = 5


STATUSES = {
    Status.COMPLIANT: "合规 合規 compliant 準拠 适用合规",
    Status.NON_COMPLIANT: "不合规 不合規 noncompliant incompliant 非準拠 非合规",
    Status.NOT_APPLICABLE: "不适用 不適用 notapplicable n/a 該当なし 適用外 不適用資源",
    Status.INSUFFICIENT_DATA: "无数据 数据不足 無資料 無數據 資料不足 insufficientdata nodata データ不足 データなし",
    Status.IGNORED: "已忽略 忽略 排除 已排除 ignored excluded 無視 除外",
}
RISKS = {
    1: "高风险 高風險 高 highrisk high 1 critical 高リスク 严重",
    2: "中风险 中風險 中 mediumrisk medium 2 warning 中リスク 警告",
    3: "低风险 低風險 低 lowrisk low 3 info 低リスク 提示",
}
_DROPPED = str.maketrans("", "", " \t\r\n\u3000:()[]{}【】〔〕「」_-")


def squeeze(text: str) -> str:
    """Text without case, width, spaces, colons, brackets, `_` and `-`: the form in which words are looked up."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_DROPPED)


_STATUS = {squeeze(word): status for status, words in STATUSES.items() for word in words.split()}
_RISK = {squeeze(word): risk for risk, words in RISKS.items() for word in words.split()}


@lru_cache
def status_of(text: str) -> Status | None:
    """The status a cell names, None where it names none."""
    return _STATUS.get(squeeze(text))


@lru_cache
def risk_of(text: str) -> int:
    """The risk a cell names: 1 high, 2 medium, 3 low, 0 none."""
    return _RISK.get(squeeze(text), 0)

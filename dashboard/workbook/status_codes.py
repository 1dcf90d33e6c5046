"""The words for status and risk in four languages, the code of each, and counts as text."""

import re
import unicodedata
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import TypeVar

from .invisible import INVISIBLE_CHARACTERS

Code = TypeVar("Code", bound=int)


class StatusCode(IntEnum):
    """The result of evaluating one resource by one rule, in the order of display."""

    NON_COMPLIANT = 1
    INSUFFICIENT_DATA = 2
    IGNORED = 3
    NOT_APPLICABLE = 4
    COMPLIANT = 5


# For each status its words in all languages, separated by spaces.
STATUS_WORDS = {
    StatusCode.COMPLIANT: (
        "合规 合規 compliant 準拠 适用合规 已合规 通过 通過 已通过 已通過 检测通过 合格 符合 "
        "符合要求 达标 達標 conformant pass passed ok 適合 準拠済み 準拠している "
        "iscompliant √ ✔ ✓ ✅ ☑"
    ),
    StatusCode.NON_COMPLIANT: (
        "不合规 不合規 noncompliant incompliant notcompliant uncompliant nonconformant 非準拠 "
        "非合规 未合规 未通过 未通過 不通过 不通過 检测不通过 不合格 不符合 不符合要求 不达标 "
        "未达标 违规 違規 違反 fail failed failure notpassed violation violated ng 不適合 未準拠 "
        "isnotcompliant × ✘ ✗ ✖ ❌ ☒ "
        "準拠していない"
    ),
    StatusCode.NOT_APPLICABLE: (
        "不适用 不適用 notapplicable n/a 該当なし 適用外 不適用資源 非適用 対象外 不涉及"
    ),
    StatusCode.INSUFFICIENT_DATA: (
        "无数据 数据不足 無資料 無數據 資料不足 數據不足 insufficientdata nodata データ不足 "
        "データなし"
    ),
    StatusCode.IGNORED: (
        "已忽略 忽略 排除 已排除 ignored excluded 無視 除外 豁免 已豁免 exempt exempted waived "
        "suppressed 免除 白名单 已加白 白名單"
    ),
}
# For each risk (1 high, 2 medium, 3 low) its words in all languages, separated by spaces. A scale
# of more than three levels is folded: its two highest levels are not one unless both say so.
RISK_WORDS = {
    1: (
        "高风险 高風險 高 highrisk high h 1 critical 高リスク 严重 嚴重 严重风险 嚴重風險 高危 "
        "高危险 高危風險 高级 高級 高等 极高 極高 非常高 超高 特高 较高 較高 紧急 緊急 致命 "
        "危急 重大 重大风险 重大風險 重大リスク 重度 深刻 最高 severe serious urgent emergency "
        "fatal blocker veryhigh extreme 一级 一級 1级 1級 i级 i級 level1 lv1 p0 p1 s0 s1 sev0 "
        "sev1 severity1 priority1"
    ),
    2: (
        "中风险 中風險 中 mediumrisk medium m 2 warning 中リスク 警告 中危 中危险 中级 中級 中等 "
        "中等风险 中等風險 中度 重要 较大 較大 较大风险 moderate moderaterisk med mid middle "
        "major important warn 注意 警戒 二级 二級 2级 2級 ii级 ii級 level2 lv2 p2 s2 sev2 "
        "severity2 priority2"
    ),
    3: (
        "低风险 低風險 低 lowrisk low l 3 info 低リスク 提示 低危 低危险 低级 低級 低等 低度 较低 "
        "較低 极低 極低 非常低 轻微 輕微 軽微 轻度 一般 一般风险 次要 建议 建議 通知 情報 "
        "informational information notice minor trivial verylow 三级 三級 3级 3級 iii级 iii級 "
        "四级 四級 4级 4級 iv级 iv級 level3 lv3 level4 lv4 p3 p4 s3 s4 sev3 sev4 severity3 "
        "severity4 priority3 priority4"
    ),
}
# Words that say that a risk or a status is not stated.
_NOT_STATED = (
    "- / n/a na none null nil 无 無 未知 不明 未注明 未定义 未定義 未设置 未設定 未評価 未分级 空 "
    "unknown notstated undefined unspecified notset なし 未分類"
)
# Headers that ask whether a resource is compliant, and the answers.
_COMPLIANCE_QUESTIONS = (
    "是否合规 是否合規 合规与否 合規與否 合规 合規 compliant iscompliant 準拠 準拠しているか"
)
_ANSWERS = {
    StatusCode.COMPLIANT: "是 yes y true はい 对",
    StatusCode.NON_COMPLIANT: "否 no n false いいえ 不 不是",
}
_IGNORED_CHARACTERS = {ord(character): None for character in INVISIBLE_CHARACTERS} | {
    ord(character): None for character in " \t\r\n\v\f\u2028\u2029:()[]{}<>【】〔〕「」『』_-*\"'"
}
# What may stand beside a word of risk without changing its meaning.
_RISK_BEGINNING = re.compile(
    "^(?:风险等级|風險等級|リスクレベル|risklevel|severity|风险|風險|リスク|risk|level)"
)
_RISK_ENDING = re.compile(
    "(?:风险等级|风险级别|風險等級|風險級別|リスクレベル|risklevel|等级|级别|等級|級別|レベル|"
    "level|severity|priority|风险项|風險項|风险|風險|リスク|risk|级|級|度)$"
)
_SEPARATORS = re.compile(r"[/|,;、，；·•=~+]")
# Punctuation and signs around a word, such as an emoji; "not" signs are none of them.
_ORNAMENTS = re.compile(r"^[^\w!¬≠<>%&@?]+|[^\w<>%&@?]+$")
_LONGEST_WORD = 40  # characters; a longer text is no word


def normalise_label(label: str) -> str:
    """Return a label in the form in which words are looked up.

    It is in lower case and half width, without spaces, invisible characters, colons, brackets,
    quotes, asterisks, `_` and `-`.
    """
    return unicodedata.normalize("NFKC", label).casefold().translate(_IGNORED_CHARACTERS)


def _index_words(words_by_code: Mapping[Code, str]) -> dict[str, Code]:
    return {
        normalise_label(word): code
        for code, words in words_by_code.items()
        for word in words.split()
    }


_STATUS_BY_WORD = _index_words(STATUS_WORDS)
_RISK_BY_WORD = _index_words(RISK_WORDS)
_STATUS_BY_ANSWER = _index_words(_ANSWERS)
_QUESTION_WORDS = set(map(normalise_label, _COMPLIANCE_QUESTIONS.split()))
_NOT_STATED_WORDS = {normalise_label(word) for word in _NOT_STATED.split()} | {""}


def split_into_words(text: str, codes: Mapping[str, object]) -> list[str] | None:
    """Return known words that make up a normalised text; None if they do not make it up.

    A cell in two languages, such as `High/高`, is two words of the same meaning.
    """
    # For each position the words up to it. Without it, a text whose words can be split in two ways
    # each, such as `判定结果`, would be tried in all combinations.
    words_up_to: dict[int, list[str]] = {0: []}
    for end in range(1, len(text) + 1):
        for start in range(end):
            if start in words_up_to and text[start:end] in codes:
                words_up_to[end] = [*words_up_to[start], text[start:end]]
                break
    return words_up_to.get(len(text)) or None


def _find_code(word: str, codes: Mapping[str, Code]) -> Code | None:
    """Return the code of a word, or of words in several languages that all have this code."""
    if word in codes or len(word) > _LONGEST_WORD:
        return codes.get(word)
    for text in (word, _ORNAMENTS.sub("", word)):
        words = split_into_words(_SEPARATORS.sub("", text), codes)
        if words:
            found = {codes[part] for part in words}
            return found.pop() if len(found) == 1 else None
    return None


@lru_cache(4096)
def parse_status(word: str) -> StatusCode | None:
    """Return the status that a word in a cell names; None for an unknown word."""
    return _find_code(normalise_label(word), _STATUS_BY_WORD)


def parse_answer(word: str, label: str) -> StatusCode | None:
    """Return the status that a word in a column with this label names.

    Below a label such as `Is Compliant?` a word may be yes or no.
    """
    status = parse_status(word)
    if status is None and is_compliance_question(label):
        status = _STATUS_BY_ANSWER.get(normalise_label(word))
    return status


@lru_cache(4096)
def is_compliance_question(label: str) -> bool:
    """Return whether a header asks whether a resource is compliant, perhaps in two languages."""
    word = _ORNAMENTS.sub("", _SEPARATORS.sub("", normalise_label(label)).rstrip("?"))
    return split_into_words(word, dict.fromkeys(_QUESTION_WORDS)) is not None


@lru_cache(4096)
def parse_risk(word: str) -> int:
    """Return the risk that a word in a cell names: 1 high, 2 medium, 3 low; 0 if unknown."""
    label = normalise_label(word)
    without_beginning = _RISK_BEGINNING.sub("", label)
    candidates = [label, without_beginning]
    endless_candidates = [_RISK_ENDING.sub("", candidate) for candidate in candidates]
    for candidate in (*candidates, *endless_candidates):
        if risk := _find_code(candidate, _RISK_BY_WORD):
            return risk
    return 0


def is_not_stated(word: str) -> bool:
    """Return whether a text in a cell says that there is no status or no risk."""
    return normalise_label(word) in _NOT_STATED_WORDS


def parse_count(text: str) -> int | None:
    """Return a count as people write it (`1,234`); None for any other text."""
    digits = text.replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else None

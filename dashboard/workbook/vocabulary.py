"""The words in headers and sheet names that tell their meaning, in four languages.

A meaning is a name such as rule_id for what a column holds; a role says what a sheet lists.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from .status_codes import StatusCode, normalise_label

WORD_LANGUAGES = ("zh-Hans", "zh-Hant", "en", "ja")

# The words for each meaning in zh-Hans, zh-Hant, en and ja, from the console, the documentation of
# the API and report files.
COLUMN_WORDS: dict[str, tuple[str, str, str, str]] = {
    "rule_name": (
        "规则名称|审计规则名称|检测规则|检测规则名称|规则|配置规则名称|合规规则",
        "規則名稱|稽核規則名稱|規則",
        "Rule Name|Audit Rule Name|Rule|Config Rule Name|Config Rule",
        "ルール名|監査ルール名|ルール",
    ),
    "rule_id": ("规则ID|规则编号", "規則ID|規則編號", "Rule ID|Config Rule ID", "ルールID"),
    "identifier": (
        "规则标识|托管规则标识",
        "規則標識|託管規則標識",
        "Rule Identifier|Managed Rule Identifier|Source Identifier",
        "ルール識別子",
    ),
    "description": (
        "规则描述|检测逻辑|备注|说明|规则说明",
        "規則描述|備註|說明",
        "Rule Description|Description|Remark|Remarks|Logic",
        "ルールの説明|説明|備考",
    ),
    "risk": ("风险等级|风险级别", "風險等級|風險級別", "Risk Level|Severity|Risk", "リスクレベル"),
    "resource_id": ("资源ID|资源编号", "資源ID", "Resource ID", "リソースID"),
    "resource_name": ("资源名称", "資源名稱", "Resource Name", "リソース名"),
    "resource_type": ("资源类型", "資源類型", "Resource Type", "リソースタイプ|リソースの種類"),
    "region": (
        "地域|地域ID|区域|资源所在地域|所在地域",
        "地域|區域|地區",
        "Region|Region ID",
        "リージョン|リージョンID",
    ),
    "account_id": (
        "账号ID|阿里云账号ID|资源归属账号|资源归属账号ID|成员账号ID|成员账号|UID|账号UID|账户ID",
        "帳號ID|阿里雲帳號ID|成員帳號ID|UID",
        "Account ID|Alibaba Cloud Account ID|Owner ID|Member Account|Resource Owner|"
        "Resource Owner ID|UID|Account UID",
        "アカウントID|UID",
    ),
    "account_name": (
        "账号名称|成员名称|账户名称",
        "帳號名稱|成員名稱",
        "Account Name|Member Name",
        "アカウント名",
    ),
    "resource_group": (
        "资源组|资源组ID|资源组名称",
        "資源群組|資源群組ID",
        "Resource Group|Resource Group ID",
        "リソースグループ|リソースグループID",
    ),
    "status": (
        "合规结果|合规评估结果|评估结果|检测结果|合规状态|合规类型",
        "合規評估結果|評估結果|合規結果|合規狀態",
        "Compliance Evaluation Result|Evaluation Result|Compliance Status|Result|Compliance Type|"
        "Compliance Result",
        "コンプライアンス評価結果|評価結果",
    ),
    "reason": (
        "不合规原因|补充信息|注解|原因",
        "不合規原因|補充資訊|原因",
        "Reason for Non-Compliance|Annotation|Reason|Non-Compliance Reason",
        "非準拠の理由|理由",
    ),
    "actual": (
        "当前配置|实际配置|当前值|实际值",
        "目前配置|實際配置",
        "Configuration|Current Value|Current Configuration|Actual Value|Actual",
        "現在の設定",
    ),
    "expected": (
        "期望配置|期望值|预期值",
        "期望配置|期望值",
        "Desired Value|Expected|Expected Value|Expected Configuration",
        "期待値",
    ),
    "remediation": (
        "修正建议|修正指导|改进建议|修复建议|修正建议链接",
        "修正建議",
        "Remediation Suggestion|Remediation Suggestions|Link to Remediation Suggestion|Remediation",
        "修復の提案",
    ),
    "settings": ("修正设置", "修正設置|修正設定", "Remediation Settings", "修復の設定"),
    "evaluated_at": (
        "评估时间|检测时间|最近一次评估|最近一次评估时间",
        "評估時間|最近一次評估",
        "Evaluation Time|Evaluated At|Last Evaluated|Last Evaluation Time|Evaluated On",
        "評価時刻|評価時間",
    ),
    "execution": ("执行状态|规则执行状态", "執行狀態", "Execution Status", "実行ステータス"),
    "total": (
        "资源数|资源总数|总资源数|检测资源数|评估总数",
        "資源數|資源總數",
        "Total|Total Resources|Resources|Number of Resources|Evaluated Resources",
        "合計|リソース数",
    ),
    "compliant": (
        "合规资源数|合规资源|合规数|合规",
        "合規資源數|合規資源|合規",
        "Compliant Resources|Number of Compliant Resources|Compliant",
        "準拠リソース数|準拠リソース|準拠",
    ),
    "non_compliant": (
        "不合规资源数|不合规资源|不合规数|不合规",
        "不合規資源數|不合規資源|不合規",
        "Non-Compliant Resources|Number of Non-Compliant Resources|Non-Compliant|"
        "Incompliant Resources|Incompliant",
        "非準拠リソース数|非準拠リソース|非準拠",
    ),
    "not_applicable": (
        "不适用|不适用资源数|不适用资源",
        "不適用|不適用資源數",
        "Not Applicable|Not Applicable Resources|Number of Not Applicable Resources",
        "該当なし|該当なしリソース数",
    ),
    "ignored": (
        "已忽略|已排除|忽略资源数|排除资源数|已忽略资源数|已排除资源数|忽略资源|排除资源",
        "已忽略|已忽略資源數|排除資源數",
        "Excluded|Ignored|Excluded Resources|Ignored Resources|Number of Excluded Resources",
        "除外|除外リソース数|無視",
    ),
    "insufficient_data": (
        "无数据|数据不足|无数据资源数",
        "無資料|無資料資源數",
        "Insufficient Data|No Data|Insufficient Data Resources",
        "データ不足|データ不足リソース数",
    ),
    # Labels of the overview.
    "pack_id": ("合规包ID", "合規包ID", "Compliance Pack ID|Pack ID", "コンプライアンスパックID"),
    "pack_name": (
        "合规包名称|合规包|合规包模板",
        "合規包名稱|合規包",
        "Compliance Pack Name|Compliance Pack|Pack Name|Template|Compliance Pack Template",
        "コンプライアンスパック名",
    ),
    "template_id": (
        "合规包模板ID|模板ID",
        "範本ID",
        "Template ID|Compliance Pack Template ID",
        "テンプレートID",
    ),
    "created_at": (
        "报告生成时间|生成时间|报告时间|创建时间|导出时间",
        "報告生成時間|生成時間|建立時間",
        "Report Time|Generated At|Report Generated At|Generation Time|Creation Time|Created At|"
        "Report Creation Time",
        "レポート作成時刻|作成時刻|作成日時",
    ),
}
# The meanings of columns that count resources by status.
COUNT_MEANINGS = ("compliant", "non_compliant", "not_applicable", "ignored", "insufficient_data")
STATUS_OF_COUNT = {meaning: StatusCode[meaning.upper()] for meaning in COUNT_MEANINGS}

SHEET_WORDS: dict[str, tuple[str, str, str, str]] = {
    "overview": (
        "检测概览|评估概览|概览|合规概览|报告概览",
        "檢測概覽|評估概覽|概覽|合規概覽",
        "Overview|Summary|Compliance Overview",
        "概要|評価概要",
    ),
    "rules": ("规则列表|规则", "規則列表|規則清單", "Rule List|Rules", "ルール一覧|ルールリスト"),
    "non_compliant": (
        "不合规资源|不合规资源列表",
        "不合規資源",
        "Non-Compliant Resources|Incompliant Resources|Noncompliant Resources",
        "非準拠リソース",
    ),
    "compliant": ("合规资源|合规资源列表", "合規資源", "Compliant Resources", "準拠リソース"),
    "ignored": (
        "忽略资源|排除资源|已忽略资源|已排除资源",
        "忽略資源|排除資源|已忽略資源",
        "Excluded Resources|Ignored Resources",
        "除外リソース|無視されたリソース",
    ),
}

# Labels of an overview that count rules and, in its table of risks, failing evaluations.
OVERVIEW_TALLY_WORDS: dict[str, tuple[str, str, str, str]] = {
    "rules": (
        "规则数|规则总数|检测规则数",
        "規則數|規則總數",
        "Rules|Number of Rules|Total Rules",
        "ルール数",
    ),
    "failing_rules": (
        "不合规规则数|不合规规则",
        "不合規規則數|不合規規則",
        "Non-Compliant Rules|Number of Non-Compliant Rules|Incompliant Rules",
        "非準拠ルール数",
    ),
    "failing_evaluations": (
        "不合规检测项数|不合规检测项",
        "不合規檢測項數|不合規檢測項",
        "Non-Compliant Evaluations|Number of Non-Compliant Evaluations",
        "非準拠評価数",
    ),
}


def _index_words(words: dict[str, tuple[str, str, str, str]]) -> dict[str, tuple[str, str]]:
    """Return (meaning, language) of each normalised word.

    The language is "" if two languages have the same word.
    """
    index: dict[str, tuple[str, str]] = {}
    for meaning, words_by_language in words.items():
        for language, alternatives in zip(WORD_LANGUAGES, words_by_language, strict=True):
            for word in map(normalise_label, alternatives.split("|")):
                known_meaning, known_language = index.get(word, (meaning, language))
                if known_language == language:
                    index[word] = (meaning, language)
                else:
                    index[word] = (known_meaning, "")
    return index


_COLUMN_INDEX = _index_words(COLUMN_WORDS)
_SHEET_INDEX = _index_words(SHEET_WORDS)
# A header that begins with a known word but has one of these endings has another meaning: a rate
# is no count.
_TALLY_INDEX = _index_words(OVERVIEW_TALLY_WORDS)
# A header that begins with a known word and ends so has another meaning: a rate is no count.
_RATE_ENDINGS = ("率", "占比", "比例", "rate", "ratio", "percentage", "%", "count", "リスク")
_RESOURCE_WORDS = ("resource", "资源", "資源", "リソース")
_EVALUATION_WORDS = ("evaluation", "检测项", "檢測項", "评估结果", "評估結果", "評価")


def _may_begin_header(word: str) -> bool:
    """Return whether every longer header that begins with this known word has the same meaning.

    Short words are too common for that. The words for counts of resources must name resources,
    because a header such as `Non-Compliant Rules` counts rules.
    """
    meaning, _language = _COLUMN_INDEX[word]
    if meaning in ("pack_name", "template_id"):
        return False
    if meaning in COUNT_MEANINGS and not any(part in word for part in _RESOURCE_WORDS):
        return False
    return len(word) >= (8 if word.isascii() else 4)


_HEADER_BEGINNING = re.compile(
    "|".join(
        re.escape(word)
        for word in sorted(_COLUMN_INDEX, key=len, reverse=True)
        if _may_begin_header(word)
    )
)


class ColumnMeaning(NamedTuple):
    """The meaning and the language of a column's header.

    With `is_exact`, the whole header is a known word; otherwise it only begins with one.
    """

    meaning: str
    language: str
    is_exact: bool


_NO_MEANING = ColumnMeaning(meaning="", language="", is_exact=False)
_MAX_HEADER_LENGTH = 60  # a longer text is no header


@lru_cache(maxsize=4096)
def find_column_meaning(header: str) -> ColumnMeaning:
    """Return the meaning of a column by its header; all its fields are empty if it is unknown."""
    word = normalise_label(header)
    if not word or len(word) > _MAX_HEADER_LENGTH:
        return _NO_MEANING
    if word in _COLUMN_INDEX:
        return ColumnMeaning(*_COLUMN_INDEX[word], is_exact=True)
    beginning = _HEADER_BEGINNING.match(word)
    if beginning and not word.endswith(_RATE_ENDINGS):
        return ColumnMeaning(*_COLUMN_INDEX[beginning[0]], is_exact=False)
    return _NO_MEANING


def find_count_basis(label: str) -> str:
    """Return what a count is of by its label: "resources", "evaluations", or "" if it is silent."""
    word = normalise_label(label)
    if any(part in word for part in _EVALUATION_WORDS):
        return "evaluations"
    return "resources" if any(part in word for part in _RESOURCE_WORDS) else ""


def find_tally_meaning(label: str) -> str:
    """Return the meaning of a label that counts rules or evaluations; "" if it is another one."""
    return _TALLY_INDEX.get(normalise_label(label), ("", ""))[0]


def find_sheet_role(name: str) -> tuple[str, str]:
    """Return (role, language) of a sheet by its name; ("", "") if the name is unknown.

    Ignore a number or the word for "page" or "part" at the end of the name.
    """
    word = normalise_label(name)
    if word in _SHEET_INDEX:
        return _SHEET_INDEX[word]
    return _SHEET_INDEX.get(word.rstrip("0123456789./第页頁part"), ("", ""))

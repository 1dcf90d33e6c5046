"""The words by which columns and sheets are known, in four languages."""

import re
from functools import lru_cache

from .codes import Status, squeeze

LANGUAGES = ("zh-Hans", "zh-Hant", "en", "ja")

# Per meaning, the words of zh-Hans, zh-Hant, en and ja. Sources: the console, the API's documentation and files seen.
COLUMNS: dict[str, tuple[str, str, str, str]] = {
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
        "Account ID|Alibaba Cloud Account ID|Owner ID|Member Account|Resource Owner|Resource Owner ID|UID|Account UID",
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
        "Compliance Evaluation Result|Evaluation Result|Compliance Status|Result|Compliance Type|Compliance Result",
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
        "Non-Compliant Resources|Number of Non-Compliant Resources|Non-Compliant|Incompliant Resources|Incompliant",
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
        "Report Time|Generated At|Report Generated At|Generation Time|Creation Time|Created At|Report Creation Time",
        "レポート作成時刻|作成時刻|作成日時",
    ),
}
COUNTS = ("compliant", "non_compliant", "not_applicable", "ignored", "insufficient_data")
STATUS_OF_COUNT = {name: Status[name.upper()] for name in COUNTS}

SHEETS: dict[str, tuple[str, str, str, str]] = {
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


def _table(words: dict[str, tuple[str, str, str, str]]) -> dict[str, tuple[str, str]]:
    """Squeezed word -> (meaning, language; the language is empty where two share the word)."""
    table: dict[str, tuple[str, str]] = {}
    for meaning, languages in words.items():
        for language, alternatives in zip(LANGUAGES, languages, strict=True):
            for word in map(squeeze, alternatives.split("|")):
                known = table.get(word)
                table[word] = (
                    (meaning, language) if known is None or known[1] == language else (known[0], "")
                )
    return table


_COLUMNS = _table(COLUMNS)
_SHEETS = _table(SHEETS)
# What follows a known word and turns its meaning: a rate is no count, a link no name.
_RATES = ("率", "占比", "比例", "rate", "ratio", "percentage", "%", "count", "リスク")


def _opens(word: str) -> bool:
    """Whether a longer header that begins so still means it: `Non-Compliant Rules` counts no resources."""
    meaning = _COLUMNS[word][0]
    counts = meaning in COUNTS and not any(
        part in word for part in ("resource", "资源", "資源", "リソース")
    )
    return (
        len(word) >= (8 if word.isascii() else 4)
        and not counts
        and meaning not in ("pack_name", "template_id")
    )


_PREFIX = re.compile(
    "|".join(re.escape(word) for word in sorted(_COLUMNS, key=len, reverse=True) if _opens(word))
)


@lru_cache(maxsize=4096)
def column(header: str) -> tuple[str, str, bool]:
    """(meaning, language, whether the whole word is known) of a column's header; empty where it is not known."""
    word = squeeze(header)
    if not word or len(word) > 60:
        return "", "", False
    if word in _COLUMNS:
        return *_COLUMNS[word], True
    found = _PREFIX.match(word)
    return (*_COLUMNS[found[0]], False) if found and not word.endswith(_RATES) else ("", "", False)


def sheet(name: str) -> tuple[str, str]:
    """(role, language) of a sheet by its name, which may carry a number at its end; ("", "") where it is not known."""
    word = squeeze(name)
    if word in _SHEETS:
        return _SHEETS[word]
    return _SHEETS.get(word.rstrip("0123456789./第页頁part"), ("", ""))

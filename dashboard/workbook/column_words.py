"""The words in headers, in labels of an overview and in names of sheets, in four languages.

A meaning is a name such as rule_id for what a column holds; a role says what a sheet lists. The
words of each are those in zh-Hans, zh-Hant, en and ja, separated by `|`.
"""

from .status_codes import StatusCode

# The words for each meaning in zh-Hans, zh-Hant, en and ja, from the console, the documentation of
# the API and report files.
COLUMN_WORDS: dict[str, tuple[str, str, str, str]] = {
    "rule_name": (
        "规则名称|审计规则名称|检测规则|检测规则名称|规则|规则名|配置规则名称|合规规则|审计规则|"
        "合规规则名称|检查规则|检查规则名称|检测项|检测项名称|检查项|检查项名称",
        "規則名稱|稽核規則名稱|規則|稽核規則|檢測規則|檢測規則名稱|合規規則|檢測項|檢查項",
        "Rule Name|Audit Rule Name|Rule|Config Rule Name|Config Rule|Audit Rule|Compliance Rule|"
        "Name of Rule|Check Name",
        "ルール名|監査ルール名|ルール|ルール名称|監査ルール|検出ルール",
    ),
    "rule_id": (
        "规则ID|规则编号|规则编码|规则代码|审计规则ID|检测规则ID|配置规则ID|合规规则ID|审计规则编号|"
        "检测规则编号|配置规则编号|合规规则编号|检查规则ID|检查规则编号|检测项ID|检测项编号|检查项ID|"
        "检查项编号",
        "規則ID|規則編號|規則代碼|稽核規則ID|檢測規則ID",
        "Rule ID|Config Rule ID|Audit Rule ID|Compliance Rule ID|Rule Code",
        "ルールID|監査ルールID|ルール番号|ルール識別ID",
    ),
    "identifier": (
        "规则标识|托管规则标识|托管规则",
        "規則標識|託管規則標識",
        "Rule Identifier|Managed Rule Identifier|Source Identifier|Managed Rule",
        "ルール識別子",
    ),
    "description": (
        "规则描述|检测逻辑|备注|说明|规则说明",
        "規則描述|備註|說明",
        "Rule Description|Description|Remark|Remarks|Logic",
        "ルールの説明|説明|備考",
    ),
    "risk": (
        "风险等级|风险级别|风险程度|风险|规则风险等级|规则风险级别|严重程度|严重级别|严重等级|"
        "严重性|危险等级|危害等级|危险级别|危害级别|危害程度|规则严重程度|规则风险",
        "風險等級|風險級別|風險程度|風險|嚴重程度|嚴重級別|嚴重等級|嚴重性|危險等級",
        "Risk Level|Severity|Risk|Severity Level|Risk Rating|Rule Risk Level|Risk Grade|"
        "Criticality",
        "リスクレベル|リスク|リスク度|リスク等級|深刻度|重大度|危険度",
    ),
    "resource_id": (
        "资源ID|资源编号|资源标识|资源标识符|资源实例ID|实例ID|资源唯一标识",
        "資源ID|資源編號|資源標識|資源識別碼|資源實例ID|實例ID|執行個體ID",
        "Resource ID|Resource Identifier|Resource Instance ID|Instance ID",
        "リソースID|リソース識別子|リソース番号|インスタンスID",
    ),
    "resource_name": (
        "资源名称|资源名|资源实例名称|实例名称",
        "資源名稱|資源名|實例名稱|執行個體名稱",
        "Resource Name|Instance Name|Name of Resource",
        "リソース名|リソース名称|インスタンス名",
    ),
    "resource_type": (
        "资源类型|资源种类|资源类别|类型",
        "資源類型|資源種類|資源類別|類型",
        "Resource Type|Type|Type of Resource",
        "リソースタイプ|リソースの種類|リソース種別|タイプ|種類",
    ),
    "region": (
        "地域|地域ID|区域|区域ID|地区|地域名称|资源所在地域|所在地域|资源地域|资源地域ID|"
        "资源区域|所在区域|所属地域|所属区域|资源所属地域|资源所在区域",
        "地域|地域ID|區域|區域ID|地區|地區ID|資源地域|資源所在地域|所在地域|所在區域|所屬地域|"
        "所屬區域",
        "Region|Region ID|Region Name|Resource Region|Resource Region ID|Location",
        "リージョン|リージョンID|リージョン名|リソースリージョン|地域ID|ロケーション",
    ),
    "account_id": (
        "账号ID|阿里云账号ID|资源归属账号|资源归属账号ID|成员账号ID|成员账号|UID|账号UID|账户ID|"
        "主账号ID|主账号UID|所属账号ID|所属账号UID|所属账户ID|归属账号ID|归属账号UID|云账号ID|"
        "阿里云UID|阿里云主账号ID|用户UID|成员UID|帐号ID|帐号UID|主帐号ID|所属帐号ID|"
        "阿里云帐号ID|账号编号|资源所属账号ID|资源账号ID|资源所有者ID|资源拥有者ID|所有者ID|"
        "拥有者ID|租户ID|资源归属帐号ID|成员帐号ID",
        "帳號ID|阿里雲帳號ID|成員帳號ID|UID|主帳號ID|所屬帳號ID|帳戶ID|雲帳號ID|帳號UID|"
        "資源歸屬帳號ID|擁有者ID|資源擁有者ID|所屬帳戶ID|阿里雲UID|帳號編號",
        "Account ID|Alibaba Cloud Account ID|Owner ID|Member Account|Resource Owner|"
        "Resource Owner ID|UID|Account UID|Aliyun UID|Aliyun Account ID|Ali UID|Aliyun ID|"
        "Alibaba Cloud UID|Owner UID|Owner Account ID|Cloud Account ID|Main Account ID|"
        "Primary Account ID|Master Account ID|Root Account ID|Member Account ID|Member UID|"
        "User UID|Tenant ID|Account Number|Account No.|Resource Account ID|"
        "Resource Owner Account ID|Resource Owner UID|Owning Account ID",
        "アカウントID|UID|アカウントUID|アカウント番号|所有者アカウントID|所有者ID|"
        "オーナーアカウントID|オーナーID|メンバーアカウントID|メインアカウントID|"
        "プライマリアカウントID|所属アカウントID|リソース所有者ID|クラウドアカウントID",
    ),
    "account_name": (
        "账号名称|成员名称|账户名称|帐号名称|账号名|账号别名",
        "帳號名稱|成員名稱|帳戶名稱",
        "Account Name|Member Name|Account Alias",
        "アカウント名|アカウント名称",
    ),
    "resource_group": (
        "资源组|资源组ID|资源组名称",
        "資源群組|資源群組ID",
        "Resource Group|Resource Group ID",
        "リソースグループ|リソースグループID",
    ),
    "status": (
        "合规结果|合规评估结果|评估结果|检测结果|合规状态|合规类型|合规检测结果|合规检测状态|"
        "合规评估状态|合规评价结果",
        "合規評估結果|評估結果|合規結果|合規狀態|檢測結果|合規類型|合規檢測結果",
        "Compliance Evaluation Result|Evaluation Result|Compliance Status|Result|Compliance Type|"
        "Compliance Result|Compliance State|Compliance Evaluation Status",
        "コンプライアンス評価結果|評価結果|コンプライアンス結果|コンプライアンス状態|"
        "コンプライアンスステータス",
    ),
    "reason": (
        "不合规原因|补充信息|注解|原因|不合规说明|不合规详情|不合规描述|原因说明|原因描述",
        "不合規原因|補充資訊|原因|不合規說明|原因說明",
        "Reason for Non-Compliance|Annotation|Reason|Non-Compliance Reason|Reasons|"
        "Non-Compliance Details",
        "非準拠の理由|理由|非準拠理由|原因",
    ),
    "actual": (
        "当前配置|实际配置|当前值|实际值",
        "目前配置|實際配置",
        "Configuration|Current Value|Current Configuration|Actual Value|Actual",
        "現在の設定",
    ),
    "expected": (
        "期望配置|期望值|预期值|比较值",
        "期望配置|期望值",
        "Desired Value|Expected|Expected Value|Expected Configuration|Compared with",
        "期待値",
    ),
    # Columns of this product's own exports.
    "operator": ("运算符", "運算子", "Operator", "演算子"),
    "property": ("属性", "屬性", "Property", "プロパティ"),
    "results_status": (
        "评估结果中的状态",
        "評估結果中的狀態",
        "Status in the evaluation results",
        "評価結果でのステータス",
    ),
    "exempt_until": ("豁免至", "豁免至", "Exempt until", "除外期限"),
    "record": ("检测项记录", "檢測項記錄", "Evaluation record", "評価レコード"),
    "remediation": (
        "修正建议|修正指导|改进建议|修复建议|修正建议链接",
        "修正建議",
        "Remediation Suggestion|Remediation Suggestions|Link to Remediation Suggestion|Remediation",
        "修復の提案",
    ),
    "settings": ("修正设置", "修正設置|修正設定", "Remediation Settings", "修復の設定"),
    "evaluated_at": (
        "评估时间|检测时间|最近一次评估|最近一次评估时间|最近评估时间|最新评估时间|"
        "最后评估时间|合规评估时间|检查时间",
        "評估時間|最近一次評估|最近一次評估時間|檢測時間|最近評估時間",
        "Evaluation Time|Evaluated At|Last Evaluated|Last Evaluation Time|Evaluated On|"
        "Last Evaluated At|Check Time",
        "評価時刻|評価時間|評価日時|最終評価日時|最終評価時刻",
    ),
    "execution": ("执行状态|规则执行状态", "執行狀態", "Execution Status", "実行ステータス"),
    "total": (
        "资源数|资源总数|总资源数|检测资源数|评估总数",
        "資源數|資源總數",
        "Total|Total Resources|Resources|Number of Resources|Evaluated Resources",
        "合計|リソース数",
    ),
    "compliant": (
        "合规资源数|合规资源|合规数|合规资源数量|合规",
        "合規資源數|合規資源|合規數|合規",
        "Compliant Resources|Number of Compliant Resources|Compliant",
        "準拠リソース数|準拠リソース|準拠",
    ),
    "non_compliant": (
        "不合规资源数|不合规资源|不合规数|不合规资源数量|不合规",
        "不合規資源數|不合規資源|不合規數|不合規",
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
        "Compliance Pack Name|Compliance Pack|Pack Name|Pack|Template|Compliance Pack Template",
        "コンプライアンスパック名",
    ),
    "template_id": (
        "合规包模板ID|模板ID",
        "範本ID",
        "Template ID|Compliance Pack Template ID",
        "テンプレートID",
    ),
    "created_at": (
        "报告生成时间|生成时间|报告时间|创建时间|导出时间|报告创建时间|报告日期|生成日期|"
        "报告导出时间|报告生成日期",
        "報告生成時間|報告產生時間|報告產生日期|報告產出時間|產生時間|報告匯出時間|生成時間|建立時間|報告時間|報告建立時間|匯出時間|創建時間|報告日期",
        "Report Time|Generated At|Report Generated At|Generation Time|Creation Time|Created At|"
        "Report Creation Time|Report Created|Report Created At|Report Date|Generated On|"
        "Report Generation Time|Exported At|Export Time|Created On|Create Time|Created|Generated|"
        "Date Created|Report Generated On|Report Generated",
        "レポート作成時刻|作成時刻|作成日時|レポート作成日時|レポート生成日時|レポート生成時刻|"
        "生成日時|生成時刻|レポート日時|エクスポート日時|出力日時",
    ),
}
# Words with more than one meaning: the values of the column decide (see column_values).
UNCERTAIN_COLUMN_WORDS: dict[str, tuple[str, str, str, str]] = {
    "status": (
        "状态|结果|检查结果|审计结果|审核结果|评估状态|检测状态|检查状态|当前状态|最新状态|"
        "合规情况|合规性|合规评估|合规检测|是否合规|合规与否|判定|判定结果|结论|评估结论|检测结论|审计结论|"
        "资源合规状态|资源合规结果|合规",
        "狀態|結果|檢查結果|稽核結果|評估狀態|檢測狀態|目前狀態|最新狀態|合規情況|合規性|"
        "是否合規|判定|判定結果|結論|合規",
        "Status|State|Compliance|Evaluation Status|Check Result|Audit Result|Check Status|"
        "Assessment|Assessment Result|Current Status|Outcome|Verdict|Conclusion|Compliant|"
        "Resource Compliance|Rule Result|Finding Status|Is Compliant|Results",
        "状態|結果|ステータス|判定|判定結果|評価|評価ステータス|評価状態|監査結果|検査結果|"
        "チェック結果|コンプライアンス|準拠状況|準拠状態|準拠",
    ),
    "account_id": (
        "账号|账户|帐号|主账号|主帐号|所属账号|所属帐号|所属账户|归属账号|归属帐号|云账号|云帐号|"
        "阿里云账号|阿里云帐号|阿里云账户|阿里云主账号|阿里云主帐号|主账户|用户ID|用户|所有者|拥有者|资源所有者|资源拥有者|资源所属账号|"
        "资源账号|资源所有者账号|账号信息|成员|成员帐号|资源归属帐号|租户",
        "帳號|帳戶|主帳號|所屬帳號|所屬帳戶|歸屬帳號|雲帳號|阿里雲帳號|成員帳號|資源歸屬帳號|"
        "擁有者|資源擁有者|用戶ID|使用者ID|成員",
        "Account|Owner|Owner Account|Aliyun Account|Alibaba Cloud Account|Cloud Account|"
        "Main Account|Primary Account|Master Account|Parent Account|Root Account|User ID|User|"
        "Resource Account|Resource Owner Account|Owning Account|Member|Tenant|Account Info|"
        "Belongs to Account",
        "アカウント|所有者アカウント|オーナーアカウント|メンバーアカウント|メインアカウント|"
        "プライマリアカウント|所属アカウント|クラウドアカウント|リソース所有者|所有者|オーナー|"
        "ユーザーID|リソースアカウント",
    ),
    "risk": (
        "等级|级别|优先级|重要程度|重要性|告警级别",
        "等級|級別|優先級|重要程度|重要性",
        "Level|Priority|Grade|Rating|Importance|Rule Severity",
        "レベル|優先度|重要度",
    ),
}
# The meanings of columns that count resources by status.
COUNT_MEANINGS = ("compliant", "non_compliant", "not_applicable", "ignored", "insufficient_data")
STATUS_OF_COUNT = {meaning: StatusCode[meaning.upper()] for meaning in COUNT_MEANINGS}

SHEET_WORDS: dict[str, tuple[str, str, str, str]] = {
    "overview": (
        "检测概览|评估概览|概览|合规概览|报告概览|说明",
        "檢測概覽|評估概覽|概覽|合規概覽|報告概覽",
        "Overview|Summary|Compliance Overview|Report Overview|About",
        "概要|評価概要|レポート概要",
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
        "不合规规则数|不合规规则|不合规规则数量",
        "不合規規則數|不合規規則",
        "Non-Compliant Rules|Number of Non-Compliant Rules|Incompliant Rules",
        "非準拠ルール数",
    ),
    "failing_evaluations": (
        "不合规检测项数|不合规检测项|不合规检测项数量|不合规评估结果数",
        "不合規檢測項數|不合規檢測項",
        "Non-Compliant Evaluations|Number of Non-Compliant Evaluations",
        "非準拠評価数",
    ),
}

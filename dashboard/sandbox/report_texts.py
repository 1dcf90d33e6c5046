"""The texts of report files in Chinese and English: sheet names, headers, statuses, risks."""

from dashboard.sandbox.statuses import (
    COMPLIANT,
    IGNORED,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    NOT_APPLICABLE,
)

SHEET_NAMES = {
    "zh": {
        "overview": "检测概览",
        "rules": "规则列表",
        NON_COMPLIANT: "不合规资源",
        COMPLIANT: "合规资源",
        IGNORED: "排除资源",
    },
    "en": {
        "overview": "Overview",
        "rules": "Rule List",
        NON_COMPLIANT: "Non-Compliant Resources",
        COMPLIANT: "Compliant Resources",
        IGNORED: "Excluded Resources",
    },
}
STATUS_NAMES = {
    "zh": {
        COMPLIANT: "合规",
        NON_COMPLIANT: "不合规",
        NOT_APPLICABLE: "不适用",
        INSUFFICIENT_DATA: "无数据",
        IGNORED: "已忽略",
    },
    "en": {
        COMPLIANT: "Compliant",
        NON_COMPLIANT: "Non-compliant",
        NOT_APPLICABLE: "Not Applicable",
        INSUFFICIENT_DATA: "Insufficient Data",
        IGNORED: "Ignored",
    },
}
RISK_NAMES = {
    "zh": {1: "高风险", 2: "中风险", 3: "低风险"},
    "en": {1: "High", 2: "Medium", 3: "Low"},
}

RULE_HEADER = {
    "zh": (
        "规则ID",
        "规则名称",
        "风险等级",
        "执行状态",
        "合规资源数",
        "不合规资源数",
        "不适用",
        "已排除",
        "创建时间",
        "修正设置",
        "修正建议",
    ),
    "en": (
        "Rule ID",
        "Rule Name",
        "Risk Level",
        "Execution Status",
        "Compliant Resources",
        "Non-Compliant Resources",
        "Not Applicable",
        "Excluded",
        "Creation Time",
        "Remediation Settings",
        "Remediation Suggestions",
    ),
}
RESOURCE_HEADER = {
    "zh": ("资源类型", "资源ID", "资源名称", "审计规则名称", "规则ID"),
    "en": ("Resource Type", "Resource ID", "Resource Name", "Audit Rule Name", "Rule ID"),
}
REASON_HEADER = {
    "zh": ("不合规原因", "修正建议"),
    "en": ("Reason for Non-Compliance", "Link to Remediation Suggestion"),
}
# No documentation of the report mentions the last column.
LOCATION_HEADER = {"zh": ("地域", "账号ID", "标签"), "en": ("Region", "Account ID", "Tags")}
OLDER_LAYOUT_HEADER = {
    "zh": (
        "规则名称",
        "风险等级",
        "资源类型",
        "资源ID",
        "资源名称",
        "地域",
        "账号ID",
        "合规结果",
        "不合规原因",
        "评估时间",
    ),
    "en": (
        "Rule Name",
        "Risk Level",
        "Resource Type",
        "Resource ID",
        "Resource Name",
        "Region",
        "Account ID",
        "Compliance Status",
        "Reason",
        "Evaluation Time",
    ),
}
OVERVIEW_LABELS = {
    "zh": {
        "title": "合规包检测报告",
        "pack": "合规包名称",
        "pack_id": "合规包ID",
        "template": "合规包模板ID",
        "account": "账号ID",
        "time": "报告生成时间",
        "scope": "检测范围",
        "all_resources": "账号下全部资源",
        "rate": "资源合规率",
        "no_data": "无数据",
        "rules": "规则数",
        "failing_rules": "不合规规则数",
        "resources": "资源数",
        COMPLIANT: "合规资源数",
        NON_COMPLIANT: "不合规资源数",
        NOT_APPLICABLE: "不适用资源数",
        INSUFFICIENT_DATA: "无数据资源数",
        IGNORED: "已排除资源数",
        "risk": "风险等级",
        "failing_evaluations": "不合规检测项数",
    },
    "en": {
        "title": "Compliance Pack Report",
        "pack": "Compliance Pack",
        "pack_id": "Compliance Pack ID",
        "template": "Template ID",
        "account": "Account ID",
        "time": "Report Generated At",
        "scope": "Scope",
        "all_resources": "All resources of the account",
        "rate": "Resource Compliance Rate",
        "no_data": "No data",
        "rules": "Rules",
        "failing_rules": "Non-Compliant Rules",
        "resources": "Resources",
        COMPLIANT: "Compliant Resources",
        NON_COMPLIANT: "Non-Compliant Resources",
        NOT_APPLICABLE: "Not Applicable Resources",
        INSUFFICIENT_DATA: "Insufficient Data Resources",
        IGNORED: "Excluded Resources",
        "risk": "Risk Level",
        "failing_evaluations": "Non-Compliant Evaluations",
    },
}
REMEDIATION_SETTINGS = {"zh": "未设置", "en": "Not set"}
# A sentence: the property, its actual value, and what the operator requires of it.
REASON_TEXT = {
    "zh": "属性 {property} 当前{actual}，{requirement}。",
    "en": "Property {property} is {actual}, but it {requirement}.",
}
ACTUAL_TEXT = {"zh": "为「{actual}」", "en": '"{actual}"'}
EMPTY_ACTUAL_TEXT = {"zh": "为空", "en": "empty"}
LIST_SEPARATOR = {"zh": "、", "en": ", "}
REQUIREMENT_TEXTS = {
    "zh": {
        "Equals": "应等于「{desired}」",
        "NotEquals": "不应等于「{desired}」",
        "In": "应为其中之一：「{desired}」",
        "NotIn": "不应为其中任何一个：「{desired}」",
        "ExistsIn": "应存在于「{desired}」中",
        "Contains": "应包含「{desired}」",
        "NotContains": "不应包含「{desired}」",
        "Greater": "应大于「{desired}」",
        "GreaterOrEquals": "应大于或等于「{desired}」",
        "Less": "应小于「{desired}」",
        "LessOrEquals": "应小于或等于「{desired}」",
        "StringMatch": "应匹配「{desired}」",
        "IsEmpty": "应为空",
        "IsNotEmpty": "不应为空",
    },
    "en": {
        "Equals": 'should be "{desired}"',
        "NotEquals": 'should not be "{desired}"',
        "In": 'should be one of "{desired}"',
        "NotIn": 'should be none of "{desired}"',
        "ExistsIn": 'should exist in "{desired}"',
        "Contains": 'should contain "{desired}"',
        "NotContains": 'should not contain "{desired}"',
        "Greater": 'should be greater than "{desired}"',
        "GreaterOrEquals": 'should be at least "{desired}"',
        "Less": 'should be less than "{desired}"',
        "LessOrEquals": 'should be at most "{desired}"',
        "StringMatch": 'should match "{desired}"',
        "IsEmpty": "should be empty",
        "IsNotEmpty": "should not be empty",
    },
}
REMEDIATION_LINK = {
    "zh": "https://help.aliyun.com/zh/cloud-config/user-guide/{identifier}",
    "en": "https://www.alibabacloud.com/help/en/cloud-config/user-guide/{identifier}",
}

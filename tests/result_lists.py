"""Lists of evaluation results as the documentation has them, and files of the documented layout."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests import sample_files
from tests.sample_files import SheetRow

ResultRow = dict[str, Any]

STATUS_BY_LETTER = {"N": "NON_COMPLIANT", "C": "COMPLIANT", "I": "IGNORED"}
RECORDED_MS = 1_763_600_000_000  # 2025-11-20
FAILING_SINCE_MS = 1_750_000_000_000
FIXED_AT_MS = 1_760_000_000_000
RESOURCE_GROUP = "rg-acfm2abcdefgh"


def build_result(
    rule_id: str, resource_id: str, status: str = "NON_COMPLIANT", **changes: Any
) -> ResultRow:
    """Return a documented row. `changes` replace fields of the qualifier, or of the row itself."""
    rule = next((rule for rule in sample_files.SAMPLE_RULES if rule[0] == rule_id), None)
    qualifier = {
        "CompliancePackId": sample_files.PACK_ID,
        "ConfigRuleArn": f"acs:config::{sample_files.ACCOUNT_UID}:rule/{rule_id}",
        "ConfigRuleId": rule_id,
        "ConfigRuleName": rule[1]["zh"] if rule else rule_id,
        "RegionId": "cn-hangzhou",
        "ResourceGroupId": RESOURCE_GROUP,
        "ResourceId": resource_id,
        "ResourceName": f"bucket {resource_id}",
        "ResourceOwnerId": int(sample_files.ACCOUNT_UID),
        "ResourceType": "ACS::OSS::Bucket",
    }
    row: ResultRow = {
        "Annotation": sample_files.build_reason() if status == "NON_COMPLIANT" else "",
        "ComplianceType": status,
        "ConfigRuleInvokedTimestamp": RECORDED_MS - 100,
        "EvaluationId": "er-1",
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": qualifier,
            "OrderingTimestamp": RECORDED_MS - 100,
        },
        "InvokingEventMessageType": "ScheduledNotification",
        "RemediationEnabled": False,
        "ResultRecordedTimestamp": RECORDED_MS,
        "RiskLevel": rule[2] if rule else 1,
    }
    if status == "NON_COMPLIANT":
        row["LastNonCompliantRecordTimestamp"] = FAILING_SINCE_MS
    for name, value in changes.items():
        (qualifier if name in qualifier or name == "IgnoreDate" else row)[name] = value
    return row


def build_results(state: Mapping[str, str], **changes: Any) -> list[ResultRow]:
    """Return the rows of a state such as sample_files.SOME_FAILING."""
    return [
        build_result(rule_id, bucket, STATUS_BY_LETTER[letter], **changes)
        for rule_id, letters in state.items()
        for bucket, letter in zip(sample_files.BUCKET_NAMES, letters, strict=True)
    ]


def build_list(rows: Sequence[Any], rows_per_answer: int = 100) -> bytes:
    """Return the list of these rows, as it is kept beside a report."""
    answers = [
        rows[start : start + rows_per_answer]
        for start in range(0, max(len(rows), 1), rows_per_answer)
    ]
    return join_answers(
        json.dumps(
            {
                "RequestId": f"R-{number}",
                "EvaluationResults": {
                    "MaxResults": 100,
                    "EvaluationResultList": answer,
                    "NextToken": f"token-{number}" if number < len(answers) else "",
                },
            },
            ensure_ascii=False,
        )
        for number, answer in enumerate(answers, 1)
    )


def join_answers(answers: Iterable[str]) -> bytes:
    """Return a list of answers given as JSON; each is a gzip member of its own."""
    return b"".join(
        gzip.compress(f"{answer}\n".encode("utf-8", "surrogatepass"), mtime=0) for answer in answers
    )


def build_documented_sheets(
    state: Mapping[str, str], language: str = "zh"
) -> dict[str, list[SheetRow]]:
    """Return the sheets of the documented layout: an overview, and the failing resources only.

    Its list has no region and no account.
    """
    sheets = sample_files.build_report_sheets(state, language)
    names: Any = sample_files.LANGUAGE_TEXTS[language]["sheets"]
    remediation = {"zh": "修正建议", "en": "Link to Remediation Suggestion"}[language]
    header, *rows = sheets[names[2]]
    failing_rows: list[SheetRow] = [(*header[:5], header[7], remediation)]
    failing_rows += [(*row[:5], row[7], "https://example.com/fix") for row in rows]
    return {names[0]: sheets[names[0]], names[2]: failing_rows}


def build_documented_file(state: Mapping[str, str], language: str = "zh") -> bytes:
    return sample_files.build_xls(build_documented_sheets(state, language))

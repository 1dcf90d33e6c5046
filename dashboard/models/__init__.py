"""The models, the methods that change them safely, and their querysets."""

from dashboard.models.accounts import Account, Pack, Rule
from dashboard.models.audit import AuditEntry
from dashboard.models.bulk_requests import BulkRequest, RequestedPack
from dashboard.models.evaluations import Evaluation, EvaluationSource, Risk, Status
from dashboard.models.imports import ImportBatch, ImportedFile
from dashboard.models.originals import Original
from dashboard.models.pack_resources import PackResource
from dashboard.models.pack_summaries import PackSummary
from dashboard.models.people import Preference
from dashboard.models.reports import Report
from dashboard.models.result_lists import ResultList
from dashboard.models.rule_results import RuleResult, RuleText
from dashboard.models.sheets import Sheet

__all__ = [
    "Account",
    "AuditEntry",
    "BulkRequest",
    "Evaluation",
    "EvaluationSource",
    "ImportBatch",
    "ImportedFile",
    "Original",
    "Pack",
    "PackResource",
    "PackSummary",
    "Preference",
    "Report",
    "RequestedPack",
    "ResultList",
    "Risk",
    "Rule",
    "RuleResult",
    "RuleText",
    "Sheet",
    "Status",
]

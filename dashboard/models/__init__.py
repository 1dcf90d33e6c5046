"""What is, and its lawful changes."""

from dashboard.models.accounts import Account, Pack, Rule
from dashboard.models.evaluations import Evaluation, Risk, Status
from dashboard.models.imports import ImportBatch, ImportedFile
from dashboard.models.people import AuditEntry, Preference
from dashboard.models.reports import Original, Report, RuleResult, Sheet

__all__ = [
    "Account",
    "AuditEntry",
    "Evaluation",
    "ImportBatch",
    "ImportedFile",
    "Original",
    "Pack",
    "Preference",
    "Report",
    "Risk",
    "Rule",
    "RuleResult",
    "Sheet",
    "Status",
]

"""The API of Alibaba Cloud Config: its operations, answers and errors, and the report download.

Import `client` and `download` only where the cloud is called: they load httpx, which takes longer
than a command that only reads files has to run.
"""

from dashboard.cloud.answers import CloudReport, ComplianceCounts, RuleCompliance
from dashboard.cloud.errors import Advice, CloudError

__all__ = ["Advice", "CloudError", "CloudReport", "ComplianceCounts", "RuleCompliance"]

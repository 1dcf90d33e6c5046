"""Alibaba Cloud Config as this product uses it: its operations, its answers, its errors, its files.

`client` and `download` are imported by whoever calls the cloud, when they do: what they need takes longer to load than
a command that only reads files has to run.
"""

from dashboard.cloud.answers import Counts, ReportState
from dashboard.cloud.errors import Advice, CloudError

__all__ = ["Advice", "CloudError", "Counts", "ReportState"]

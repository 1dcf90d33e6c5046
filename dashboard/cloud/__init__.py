"""Alibaba Cloud Config as this product uses it: its operations, its answers, its errors, its files."""

from dashboard.cloud.answers import Counts, ReportState
from dashboard.cloud.client import ENDPOINTS, Client
from dashboard.cloud.download import Downloaded, download
from dashboard.cloud.errors import Advice, CloudError

__all__ = ["ENDPOINTS", "Advice", "Client", "CloudError", "Counts", "Downloaded", "ReportState", "download"]

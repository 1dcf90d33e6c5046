"""Loaded before the settings are: tests never touch the data of whoever runs them."""

import os
import tempfile
from pathlib import Path

os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="ledger-tests-")
os.environ.pop("QUEUE_URL", None)
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
Path(os.environ["VAR_DIR"], "static").mkdir()

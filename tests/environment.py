"""Environment variables of the tests, set before Django reads its settings.

Tests use a temporary folder and never the data of the installation in this checkout.
"""

import os
import tempfile
from pathlib import Path

os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="ledger-tests-")
os.environ.pop("QUEUE_URL", None)
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
Path(os.environ["VAR_DIR"], "static").mkdir()

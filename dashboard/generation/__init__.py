"""Generating reports in the cloud: requests, the steps of a run, finding packs, call limits."""

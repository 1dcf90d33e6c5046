"""Generating reports: requests, the steps of a run, packs of an account, limits of calls."""

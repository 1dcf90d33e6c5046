"""The ledger: the contents of report files in the database, as rules, spans and summaries.

A span is one row for all consecutive reports that state the same evaluation of a resource.
"""

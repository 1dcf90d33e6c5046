"""The ledger: the contents of files, stored in the database as rules, spans and summaries."""

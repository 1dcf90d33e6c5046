"""The database backend of SQLite, which also reads while nothing can be written."""

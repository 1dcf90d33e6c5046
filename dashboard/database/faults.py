"""Recognise the faults of the database that an administrator has to mend.

Each has a code, the key of its explanation (see text/database_messages.py).
"""

import re
import sqlite3

from django.db import DatabaseError, InterfaceError

from dashboard.database.schema import find_schema_fault

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_MISSING_IN_SQLITE = re.compile(r"no such table|no such column|has no column")
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_CODES_OF_POSTGRESQL = {
    "3D000": "database_missing",
    "28000": "database_login",
    "28P01": "database_login",
    "42501": "database_rights",
    "XX001": "database_damaged",
    "XX002": "database_damaged",
}
_MISSING_IN_POSTGRESQL = {"3F000", "42P01", "42703"}  # a schema, a table, a column
# A refused connection has no code, only words, in the language of the server.
_REFUSALS = (
    ("database_rights", re.compile(r"permission denied for|权限不够")),
    ("database_missing", re.compile(r"database \".*\" does not exist|数据库 ?\".*\" ?不存在")),
    (
        "database_login",
        re.compile(
            r"authentication failed|role \".*\" does not exist|no password supplied"
            r"|not permitted to log in|no pg_hba\.conf entry|角色 ?\".*\" ?不存在|认证失败"
            r"|没有用于.*pg_hba\.conf"
        ),
    ),
)


def find_database_fault(error: BaseException) -> str:
    """Return the code of the fault that this error shows; "" for any other error."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the upper bytes
        if code in _DAMAGE:
            return "database_damaged"
        return _explain_missing_table() if _MISSING_IN_SQLITE.search(str(cause)) else ""
    if not isinstance(error, DatabaseError):
        return ""
    state = getattr(cause, "sqlstate", None)
    if state in _MISSING_IN_POSTGRESQL:
        return _explain_missing_table()
    if state:
        return _CODES_OF_POSTGRESQL.get(state, "")
    return next((code for code, words in _REFUSALS if words.search(str(cause))), "")


def find_start_fault() -> str:
    """Return the fault of the database that a start cannot pass over; "" if there is none.

    A database that does not answer, or takes no changes, is none: site and worker wait for it.
    """
    try:
        return find_schema_fault()
    except (DatabaseError, InterfaceError) as error:
        return find_database_fault(error)


def _explain_missing_table() -> str:
    """Return the fault for which a table or column is missing; "" if this is a bug."""
    try:
        return find_schema_fault()
    except (DatabaseError, InterfaceError):  # also inside of a transaction that has failed
        return ""

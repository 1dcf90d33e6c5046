"""Run a command of manage.py, and say in words why database, archive or disk cannot be used."""

import sqlite3
import sys

from django.core.management import CommandError, execute_from_command_line
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError

from dashboard.database.faults import find_start_fault


class DatabaseCommand(BaseCommand):
    """A command that starts only where the tables of the database are those of this version."""

    requires_migrations_checks = True

    def check_migrations(self) -> None:
        """Raise CommandError if the database cannot be used. Django calls this before `handle`."""
        if code := find_start_fault():
            raise CommandError(describe_fault(code))


def run_command_line(arguments: list[str]) -> None:
    """Run the command; end with a sentence instead of a traceback if the machine is at fault."""
    try:
        execute_from_command_line(arguments)
    except (DatabaseError, InterfaceError, sqlite3.Error, OSError) as error:
        sentence = "" if "--traceback" in arguments else describe_error(error)
        if not sentence:
            raise
        sys.exit(sentence)


def describe_error(error: BaseException) -> str:
    """Return what to do about a fault of the machine, then the error's own words; "" for a bug."""
    from dashboard.archive.machine_faults import find_machine_fault  # needs the models

    fault = find_machine_fault(error)
    if fault is None or (fault.code == "machine" and isinstance(error, OSError)):
        return ""
    code = "database_away" if fault.code == "machine" else fault.code
    return f"{describe_fault(code, **fault.facts)}\n({str(error).strip()})"


def describe_fault(code: str, **facts: str) -> str:
    """Return the words of an error code as a paragraph."""
    from dashboard.text.error_messages import explain_error

    message = explain_error(code, facts)
    return f"{message.title}. {message.meaning} {message.next_step}"

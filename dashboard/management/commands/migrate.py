"""Command: bring the tables of the database to this version, by Django's own command."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoCommand

from dashboard.database.schema import find_schema_fault
from dashboard.management.command_line import describe_fault


class Command(DjangoCommand):
    def handle(self, *arguments: Any, **options: Any) -> None:
        """Migrate, except a database of another application or of a newer version."""
        code = find_schema_fault()
        if code in {"database_foreign", "database_newer"}:
            raise CommandError(describe_fault(code))
        super().handle(*arguments, **options)

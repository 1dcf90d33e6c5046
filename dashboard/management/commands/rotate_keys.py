"""Command: encrypt the AccessKey secret of every account with the first encryption key."""

from typing import Any

from dashboard.management.command_line import DatabaseCommand
from dashboard.models import Account


class Command(DatabaseCommand):
    help = (
        "Encrypts all AccessKey secrets with the first of ENCRYPTION_KEYS; "
        "the old keys may be removed afterwards."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        accounts = Account.objects.exclude(secret_encrypted=b"")
        for account in accounts:
            account.reencrypt_secret()
        self.stdout.write(f"{len(accounts)} secrets rotated.")

"""Command: list users and their roles, or give a user a role.

A role is not stored: it is a fixed set of Django permissions.
"""

from getpass import getpass
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.management.base import CommandError, CommandParser

from dashboard.management.command_line import DatabaseCommand

# Evaluating changes what the account's own auditors see, so no role includes it.
EVALUATE_PERMISSIONS = ("evaluate_pack",)
OPERATOR_PERMISSIONS = ("generate_report", "import_report", "change_report", "change_pack")
PERMISSIONS_BY_ROLE = {
    "auditor": (),
    "operator": OPERATOR_PERMISSIONS,
    "administrator": (*OPERATOR_PERMISSIONS, "view_account", "add_account", "change_account"),
}


class Command(DatabaseCommand):
    help = "Lists users and their roles; with a name creates that user or changes the role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?")
        parser.add_argument("--role", choices=PERMISSIONS_BY_ROLE, default="auditor")
        parser.add_argument(
            "--evaluate",
            action="store_true",
            help="the user may also have packs evaluated before a report; no role includes that",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """List all users if no name is given; otherwise create the user or change the role."""
        name, role = options["name"], options["role"]
        if not name:
            self.print_roles()
            return
        user = User.objects.filter(username=name).first() or create_user(name)
        codenames = PERMISSIONS_BY_ROLE[role] + EVALUATE_PERMISSIONS * options["evaluate"]
        permissions = Permission.objects.filter(
            content_type__app_label="dashboard", codename__in=codenames
        )
        user.user_permissions.set(permissions)
        self.stdout.write(f"{user.username}: {describe_role(user)}")

    def print_roles(self) -> None:
        for user in User.objects.order_by("username"):
            self.stdout.write(f"{user.username}: {describe_role(user)}")


def create_user(name: str) -> User:
    """Ask for a password in the terminal and create the user.

    Raises CommandError if the password is too short.
    """
    password = getpass("Password: ")
    if len(password) < 8:
        raise CommandError("A password has at least 8 characters.")
    return User.objects.create_user(name, password=password)


def describe_role(user: User) -> str:
    """Return the role of a user, and that the user may have packs evaluated."""
    role = find_role(user)
    may_evaluate = user.user_permissions.filter(codename__in=EVALUATE_PERMISSIONS).exists()
    return f"{role}, may evaluate packs" if may_evaluate else role


def find_role(user: User) -> str:
    """Return the highest role all of whose permissions the user has, or "superuser"."""
    if user.is_superuser:
        return "superuser"
    codenames = set(user.user_permissions.values_list("codename", flat=True))
    for role, permissions in reversed(PERMISSIONS_BY_ROLE.items()):
        if codenames >= set(permissions):
            return role
    return "auditor"

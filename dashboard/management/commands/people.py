"""Give people their role: what they may do beyond reading."""

from getpass import getpass
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand, CommandError, CommandParser

OPERATOR = ("generate_report", "import_report", "change_report")
ROLES = {
    "auditor": (),
    "operator": OPERATOR,
    "administrator": (*OPERATOR, "add_account", "change_account"),
}


class Command(BaseCommand):
    help = "Lists people and their roles; with a name makes that person or changes the role."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?")
        parser.add_argument("--role", choices=ROLES, default="auditor")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["name"]:
            for user in User.objects.order_by("username"):
                self.stdout.write(f"{user.username}: {role_of(user)}")
            return
        user, new = User.objects.get_or_create(username=options["name"])
        if new:
            password = getpass("Password: ")
            if len(password) < 8:
                user.delete()
                raise CommandError("A password has at least 8 characters.")
            user.set_password(password)
            user.save()
        wanted = Permission.objects.filter(
            content_type__app_label="dashboard", codename__in=ROLES[options["role"]]
        )
        user.user_permissions.set(wanted)
        self.stdout.write(f"{user.username}: {options['role']}")


def role_of(user: User) -> str:
    if user.is_superuser:
        return "superuser"
    held = set(user.user_permissions.values_list("codename", flat=True))
    return next((role for role in reversed(ROLES) if held >= set(ROLES[role])), "auditor")

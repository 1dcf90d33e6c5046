"""Django settings. Most values come from environment variables (see docs/settings.md).

With the default values the demo runs on one machine.
"""

import datetime as dt
import os
import tempfile
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from environs import Env

env = Env()
ROOT = Path(__file__).resolve().parent.parent
VERSION = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
VAR_DIR = Path(env.str("VAR_DIR", str(ROOT / "var")))
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
os.umask(0o077)  # what the product writes, databases too, only its own user may read


def protect_database_files(path: Path) -> None:
    """Let only the own user read an SQLite database that an earlier version has created."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(OSError):  # there is no such file, or it belongs to another user
            path.with_name(name).chmod(0o600)


def load_or_create_secret(name: str, new_value: str) -> str:
    """Return the secret stored in the file VAR_DIR/name.

    If the file does not exist (at the first start), create it with `new_value`. It has its name
    only after it is complete and on the disk: neither a full disk nor another process that starts
    at the same time makes or reads an empty secret.
    """
    path = VAR_DIR / name
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=VAR_DIR) as folder:
            new_path = Path(folder, name)
            with new_path.open("w") as file:
                file.write(new_value)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first
                path.hardlink_to(new_path)
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or load_or_create_secret(
    "secret-key", get_random_secret_key() + get_random_secret_key()
)
# The first key encrypts, all of them decrypt. To rotate, put a new key in front and run
# `manage.py rotate_keys`.
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", []) or load_or_create_secret(
    "encryption-key", Fernet.generate_key().decode()
).split(",")

DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# True if a proxy serves the site over TLS and sets X-Forwarded-Proto. Then cookies are secure, HSTS
# is sent, and plain HTTP is redirected.
TLS = env.bool("TLS", False)
if TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
SECURE_HSTS_SECONDS = 31_536_000 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "dashboard.views.sessions"
SESSION_COOKIE_NAME = "ledger_session"
CSRF_FAILURE_VIEW = "dashboard.views.failures.show_csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

INSTALLED_APPS = [
    "dashboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "dashboard.views.middleware.require_own_tables",  # after the language is chosen
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.views.middleware.refuse_large_bodies",  # before anything reads the body
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.views.middleware.protect_pages",
    "dashboard.views.middleware.refuse_other_methods",
    "dashboard.views.middleware.apply_time_zone",
    "axes.middleware.AxesMiddleware",  # must be the last
]
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
LOGIN_URL = LOGOUT_REDIRECT_URL = "login"
LOGIN_REDIRECT_URL = "home"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# After so many wrong passwords for a name from one address, this pair is locked for a while.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
# After so many for any names from one address, the address is locked.
ADDRESS_FAILURE_LIMIT = 50
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "dashboard.views.sign_in.show_lock"
AXES_CLIENT_IP_CALLABLE = "dashboard.views.client_address.get_lock_address"
# What it stores of a sign-in, and logs of a lock, has none of these, and no password.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {
            "builtins": [
                "template_partials.templatetags.partials",
                "dashboard.text.template_tags",
                "dashboard.text.source_tags",
                "dashboard.charts.sparkline",
                "dashboard.comparison.template_tags",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]

# A server that does not answer is away after so many seconds, or milliseconds.
POSTGRESQL_TIME_LIMITS = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{VAR_DIR / 'ledger.sqlite3'}", conn_max_age=600
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    protect_database_files(Path(DATABASES["default"]["NAME"]))
    DATABASES["default"]["ENGINE"] = "dashboard.database"  # reads also while the disk is full
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
    DATABASES["default"]["OPTIONS"] = {
        # Take the write lock at the start of a transaction and wait for it there: SQLite does not
        # wait if a transaction that has already read starts to write.
        "transaction_mode": "IMMEDIATE",
        # After so many seconds a page says that the database is busy; a run goes on later.
        "timeout": 8,
        # With synchronous=FULL a committed report survives a power cut.
        # page_size has an effect only on a new database. wal_autocheckpoint is large, so that the
        # worker moves the log into the database every minute (see tasks.py), instead of a request.
        # Each connection keeps up to 14 MB of pages (cache_size): a large report fills all of them.
        "init_command": "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA cache_size=-14000; PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY;"
        "PRAGMA wal_autocheckpoint=8000;",
    }
else:
    postgresql_options: dict[str, Any] = DATABASES["default"].setdefault("OPTIONS", {})
    # JIT compilation takes PostgreSQL longer than it saves on our queries. A page that waits for a
    # lock says after 8 seconds that the database is busy. PgBouncer accepts no options: set
    # POSTGRES_OPTIONS to an empty string there.
    if options := env.str("POSTGRES_OPTIONS", "-c jit=off -c lock_timeout=8000"):
        postgresql_options.setdefault("options", options)
    # A connection that the server has closed, because it was restarted, is opened again.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    for name, limit in POSTGRESQL_TIME_LIMITS.items():
        postgresql_options.setdefault(name, limit)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def parse_queue_url(url: str) -> dict[str, Any]:
    """Return huey's settings for a queue URL.

    Accepted: sqlite:///path, redis://host/0, rediss://, unix:// and postgresql://user@host/name.
    The class is named and not imported: importing huey would make every command start slower.
    """
    parts = urlsplit(url)
    storage: dict[str, Any] = {
        "huey_class": "dashboard.database.queues.PostgresQueue",
        "dsn": url,
        **POSTGRESQL_TIME_LIMITS,
    }
    if parts.scheme == "sqlite":
        queue_class = "dashboard.database.queues.SqliteQueue"
        storage = {"huey_class": queue_class, "filename": parts.path, "timeout": 8}
    elif parts.scheme in ("redis", "rediss", "unix"):
        time_limits = "" if parts.query else "?socket_connect_timeout=3&socket_timeout=8"
        storage = {"huey_class": "huey.RedisHuey", "url": url + time_limits}
    return {"name": "ledger", "results": False, "immediate": False, **storage}


HUEY = parse_queue_url(env.str("QUEUE_URL", f"sqlite://{VAR_DIR / 'queue.sqlite3'}"))
if "filename" in HUEY:
    protect_database_files(Path(HUEY["filename"]))

# The archive: original files, and the contents read from them. Originals are never changed.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = Path(env.str("ARCHIVE_DIR", str(VAR_DIR / "archive")))
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_NUMBER_FILES = 1000
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

LANGUAGE_CODE = env.str("LANGUAGE", "en")
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_NAME = "ledger_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 31_536_000
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "Asia/Shanghai")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "dashboard.text.log_lines.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "dashboard": {"level": env.str("LOG_LEVEL", "INFO")},
        "waitress.queue": {"level": "ERROR"},  # it warns of every request that waits for a thread
    },
}

# A run that has not ended after this many minutes fails.
REPORT_LIMIT_MINUTES = env.int("REPORT_LIMIT_MINUTES", 30)
# A worker claims a step for this many seconds, and renews its claim while it works.
LEASE_SECONDS = env.float("LEASE_SECONDS", 30.0)
# Time and size limits for reading one file.
READ_LIMIT_SECONDS = env.int("READ_LIMIT_SECONDS", 600)
FILE_LIMIT_BYTES = env.int("FILE_LIMIT_BYTES", 200 * 2**20)
# What one upload may bring in all: its files, and the unpacked files of its zips.
UPLOAD_LIMIT_BYTES = env.int("UPLOAD_LIMIT_BYTES", 2**30)
FORM_LIMIT_BYTES = 2**20  # a request without files
# Hosts from which reports may be downloaded: a suffix (.aliyuncs.com) or host:port. The demo adds
# the host of the sandbox.
DOWNLOAD_HOSTS = env.list("DOWNLOAD_HOSTS", [".aliyuncs.com"])
# Hosts, besides those of Cloud Config, that an account's endpoint may name, as host or host:port.
# They may be called by plain HTTP too. The demo adds the host of the sandbox.
ENDPOINT_HOSTS: list[str] = env.list("ENDPOINT_HOSTS", [])
# Calls per minute and account. Alibaba Cloud publishes no limits for these operations; these are
# assumed.
GENERATE_PER_MINUTE = env.int("GENERATE_PER_MINUTE", 60)
ASK_PER_MINUTE = env.int("ASK_PER_MINUTE", 300)
LIST_PER_MINUTE = env.int("LIST_PER_MINUTE", 60)
# Pages of evaluation results per minute and account, as the cloud's documentation states it.
RESULTS_PER_MINUTE = env.int("RESULTS_PER_MINUTE", 3000)
# Limits of the list of evaluation results of one report; it has FILE_LIMIT_BYTES at most, too. A
# list that is longer, or takes longer, is left out; the report is read without it.
RESULTS_LIMIT_ROWS = env.int("RESULTS_LIMIT_ROWS", 1_000_000)
RESULTS_LIMIT_PAGES = env.int("RESULTS_LIMIT_PAGES", 20_000)
RESULTS_LIMIT_MINUTES = env.int("RESULTS_LIMIT_MINUTES", 30)
# The tests reach the sandbox in their own process through this transport.
CLOUD_TRANSPORT: Any = None

"""Take from this process every privilege that reading a file does not need (on Linux only).

Landlock, a security module of Linux, lets the process open only the files that it needs, and no TCP
connection. A filter of system calls denies it sockets, other processes and the modes of files.
Neither can be undone. A kernel that offers only one of them gives the protection of that one.
"""

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from . import syscall_filter

LIBRARY_FOLDERS = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")
LIBRARY_INDEX = "/etc/ld.so.cache"
_PACKAGE = Path(__file__).resolve().parents[1]

# Numbers of system calls, equal on all processors, and constants of linux/landlock.h.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION, _RULE_PATH_BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_FOLDER = 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_RIGHTS_TO_READ = _READ_FILE | _READ_FOLDER
_RIGHTS_TO_WRITE = _RIGHTS_TO_READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_FILE | _TRUNCATE
_RIGHTS_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE  # other rights are of folders
# The number of rights to files that each version of Landlock knows; the last one holds on.
_RIGHT_COUNTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_TCP_RIGHTS, _TCP_VERSION = 0b11, 4  # to bind and to connect
_SCOPES, _SCOPE_VERSION = 0b11, 6  # abstract Unix sockets, and signals to other processes
_PR_SET_NO_NEW_PRIVS = 38


def drop_privileges(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Leave this process only the libraries, the readable and the writable folders.

    Raise OSError if the kernel offers a protection but refuses to apply it.
    """
    if sys.platform != "linux":
        return
    _call_kernel("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if version := _get_landlock_version():
        rights_of_path = dict.fromkeys(list_library_paths(), _RIGHTS_TO_READ)
        rights_of_path |= dict.fromkeys(readable, _RIGHTS_TO_READ)
        rights_of_path |= dict.fromkeys(writable, _RIGHTS_TO_WRITE)
        rights_of_path[Path(os.devnull)] = _READ_FILE | _WRITE_FILE
        _restrict_files(version, rights_of_path)
    if syscall_filter.is_available():
        syscall_filter.deny_calls()


def find_missing_protections() -> list[str]:
    """Return, in English, the protections that the kernel of this machine does not offer."""
    missing = []
    version = _get_landlock_version() if sys.platform == "linux" else 0
    if not version:
        missing.append("files (Landlock)")
    has_filter = sys.platform == "linux" and syscall_filter.is_available()
    if not has_filter:
        missing.append("other processes (seccomp)")
        missing.append("network (seccomp)" if version < _TCP_VERSION else "network but TCP")
    return missing


def list_library_paths() -> list[Path]:
    """Return what Python may load while it reads: its own files, this package, libraries.

    The folder of the project is not among them: it may contain the database and the keys.
    """
    python_folders = [sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()]
    search_path = [Path(entry).resolve() for entry in sys.path if entry]
    packages = [entry for entry in search_path if not _PACKAGE.is_relative_to(entry)]
    paths = [*map(Path, (*python_folders, *LIBRARY_FOLDERS, LIBRARY_INDEX)), _PACKAGE, *packages]
    return [path for path in paths if path.exists()]


def _get_landlock_version() -> int:
    """Return the version of the kernel's Landlock; 0 if it has none."""
    size = ctypes.c_size_t(0)
    return max(0, int(_load_c_library().syscall(_CREATE_RULESET, None, size, _GET_VERSION)))


def _restrict_files(version: int, rights_of_path: dict[Path, int]) -> None:
    """Let this process use only these paths, each with its rights, and no TCP."""
    known_rights = (1 << _RIGHT_COUNTS[min(version, max(_RIGHT_COUNTS))]) - 1
    ruleset = struct.pack(
        "QQQ",
        known_rights,
        _TCP_RIGHTS if version >= _TCP_VERSION else 0,
        _SCOPES if version >= _SCOPE_VERSION else 0,
    )
    # An older kernel accepts the longer structure if what it does not know is zero.
    ruleset_file = _call_kernel("syscall", _CREATE_RULESET, ruleset, len(ruleset), 0)
    for path, rights in rights_of_path.items():
        allowed_rights = rights if path.is_dir() else rights & _RIGHTS_OF_FILES
        path_file = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", allowed_rights & known_rights, path_file)
        _call_kernel("syscall", _ADD_RULE, ruleset_file, _RULE_PATH_BENEATH, rule, 0)
        os.close(path_file)
    _call_kernel("syscall", _RESTRICT_SELF, ruleset_file, 0)
    os.close(ruleset_file)


def _call_kernel(function: str, *arguments: object) -> int:
    """Call a function of the C library and return its result; raise OSError if it fails."""
    # The kernel reads 64 bits of each number.
    values = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(getattr(_load_c_library(), function)(*values))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _load_c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)

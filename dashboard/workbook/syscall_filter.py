"""Deny this process system calls that reading a file does not need (seccomp, on Linux only).

A denied call fails with EPERM. The filter is a small program for the kernel, in the instructions of
"classic BPF"; it holds for the rest of the life of the process.
"""

import ctypes
import errno
import os
import platform
import struct
from typing import NamedTuple

# Each denied call with its number on x86-64 and on aarch64 (asm/unistd.h); None if there is none.
# The operations of io_uring would pass by this filter.
_DENIED_CALLS = (
    ("accept", 43, 202),
    ("accept4", 288, 242),
    ("add_key", 248, 217),
    ("bind", 49, 200),
    ("bpf", 321, 280),
    ("chmod", 90, None),
    ("chown", 92, None),
    ("clone", 56, 220),
    ("clone3", 435, 435),
    ("connect", 42, 203),
    ("execve", 59, 221),
    ("execveat", 322, 281),
    ("fchmod", 91, 52),
    ("fchmodat", 268, 53),
    ("fchmodat2", 452, 452),
    ("fchown", 93, 55),
    ("fchownat", 260, 54),
    ("fork", 57, None),
    ("fremovexattr", 199, 16),
    ("fsetxattr", 190, 7),
    ("futimesat", 261, None),
    ("io_uring_setup", 425, 425),
    ("keyctl", 250, 219),
    ("kill", 62, 129),
    ("lchown", 94, None),
    ("listen", 50, 201),
    ("lremovexattr", 198, 15),
    ("lsetxattr", 189, 6),
    ("mq_open", 240, 180),
    ("msgget", 68, 186),
    ("perf_event_open", 298, 241),
    ("pidfd_getfd", 438, 438),
    ("pidfd_open", 434, 434),
    ("pidfd_send_signal", 424, 424),
    ("prlimit64", 302, 261),
    ("process_madvise", 440, 440),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("ptrace", 101, 117),
    ("removexattr", 197, 14),
    ("removexattrat", 466, 466),
    ("request_key", 249, 218),
    ("rt_sigqueueinfo", 129, 138),
    ("rt_tgsigqueueinfo", 297, 240),
    ("semget", 64, 190),
    ("setns", 308, 268),
    ("setpriority", 141, 140),
    ("setxattr", 188, 5),
    ("setxattrat", 463, 463),
    ("shmget", 29, 194),
    ("socket", 41, 198),
    ("tgkill", 234, 131),
    ("tkill", 200, 130),
    ("unshare", 272, 97),
    ("userfaultfd", 323, 282),
    ("utime", 132, None),
    ("utimensat", 280, 88),
    ("utimes", 235, None),
    ("vfork", 58, None),
)
# Instructions of BPF: load a word, compare it, return.
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER_OFFSET, _PROCESSOR_OFFSET = 0, 4  # in the kernel's struct seccomp_data
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_FIRST_X32_CALL = 0x40000000  # another numbering of the same calls on x86-64
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


class _Processor(NamedTuple):
    """A kind of processor: the kernel's number of it, its call seccomp(2), and denied calls."""

    number: int
    seccomp_call: int
    denied_calls: list[int]


_PROCESSORS = {
    "x86_64": _Processor(0xC000003E, 317, [x86 for _name, x86, _arm in _DENIED_CALLS]),
    "aarch64": _Processor(0xC00000B7, 277, [arm for _name, _x86, arm in _DENIED_CALLS if arm]),
}


class _Program(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def is_available() -> bool:
    """Return whether the kernel offers filters of calls and the processor is known here."""
    processor = _PROCESSORS.get(platform.machine())
    if not processor:
        return False
    action = struct.pack("I", _FAIL)
    get_action_available = 2
    libc = ctypes.CDLL(None)
    return bool(libc.syscall(processor.seccomp_call, get_action_available, 0, action) == 0)


def deny_calls() -> None:
    """Deny the calls to this process. Raise OSError if the kernel refuses the filter."""
    instructions = build_filter(_PROCESSORS[platform.machine()])
    program = _Program(len(instructions) // 8, instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def build_filter(processor: _Processor) -> bytes:
    """Return the instructions: the denied calls fail, another processor's calls end the process."""
    calls = processor.denied_calls
    to_failure = len(calls) + 1  # instructions between the comparison before the calls and _FAIL
    instructions = [
        (_LOAD, 0, 0, _PROCESSOR_OFFSET),
        (_JUMP_IF_EQUAL, 1, 0, processor.number),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        (_JUMP_IF_AT_LEAST, to_failure, 0, _FIRST_X32_CALL),
        *((_JUMP_IF_EQUAL, len(calls) - index, 0, call) for index, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)

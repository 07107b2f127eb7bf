"""What a decoding process may no longer ask of Linux: network, other programs and processes, files for writing.

A filter of system calls (seccomp, mode 2), written for the two kinds of processors that servers have. Numbers of
system calls: the kernel's `unistd` tables. Where the system knows no such filter, the process goes on without.
"""

import ctypes
import errno
import platform
import struct
import sys
from dataclasses import dataclass

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2  # prctl(2)
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h, of 32 bits
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_NUMBER, _PROCESSOR, _FLAGS_OF_OPENAT = 0, 4, 32  # where struct seccomp_data has them; the third argument
_FOR_WRITING = 0b11  # O_WRONLY, O_RDWR
_OTHER_ABI = 0x40000000  # x32


@dataclass(frozen=True)
class _Calls:
    """`refused` on a kind of processor: what opens a connection or a socket; starts a process or a program; reaches
    into another process or signals one; opens, makes, renames, links or deletes a file in another way than `openat`.
    """

    audit_number: int
    openat: int
    refused: tuple[int, ...]


_EVERYWHERE = (424, 425, 435, 437, 438)
_FILES_OF_X86_64 = (2, 82, 83, 84, 85, 86, 87, 88, 258, 263, 264, 265, 266, 316, 319)
_OTHERS_OF_X86_64 = (41, 42, 43, 49, 50, 53, 56, 57, 58, 59, 62, 101, 129, 200, 234, 250, 288, 297, 310, 311, 321, 322)
_FILES_OF_ARM = (34, 35, 36, 37, 38, 276, 279)
_OTHERS_OF_ARM = (117, 129, 130, 131, 138, 198, 199, 200, 201, 202, 203, 219, 220, 221, 240, 242, 270, 271, 280, 281)
_CALLS = {
    "x86_64": _Calls(0xC000003E, 257, (*_FILES_OF_X86_64, *_OTHERS_OF_X86_64, *_EVERYWHERE)),
    "aarch64": _Calls(0xC00000B7, 56, (*_FILES_OF_ARM, *_OTHERS_OF_ARM, *_EVERYWHERE)),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine() -> bool:
    """Give up all of that for good; whether the system took it."""
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.platform != "linux":
        return False
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    steps = _steps(calls)
    program = _Program(len(steps), b"".join(steps))
    has_no_new = prctl(_NO_NEW_PRIVILEGES, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0
    return has_no_new and prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER_MODE), ctypes.byref(program)) == 0


def _steps(calls: _Calls) -> list[bytes]:
    """The filter: each step jumps over as many of the following ones as it says where its question is true, or not."""
    number = len(calls.refused)
    return [
        _step(_LOAD, _PROCESSOR),
        _step(_EQUAL, calls.audit_number, 1),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _OTHER_ABI, number + 3),
        *(_step(_EQUAL, call, number - place + 2) for place, call in enumerate(calls.refused)),
        _step(_EQUAL, calls.openat, 0, 3),
        _step(_LOAD, _FLAGS_OF_OPENAT),
        _step(_ANY_BIT, _FOR_WRITING, 0, 1),
        _step(_RETURN, _REFUSE),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)

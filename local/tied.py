"""Runs a command that the kernel ends together with the process that started it, and that leaves nothing lying open.

    python -I -S local/tied.py PARENT COMMAND [ARGUMENT...]

The supervisor starts every part through this file: when it is killed, nothing of the house stays behind.
The request (prctl(2), PR_SET_PDEATHSIG) outlives exec, so the part itself needs no knowledge of it. Neither does it
of the rest: no core dump is written of a process that holds patients' words, and what it writes is its owner's alone.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to PARENT (a process id), then become COMMAND."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before the request was made
        sys.exit(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()

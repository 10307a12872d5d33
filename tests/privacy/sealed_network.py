"""A network of its own for a test and everything it starts: loopback, and a way out on which every packet is recorded.

The thread that enters it gets a fresh network namespace, which all processes it starts inherit, whatever they are
written in. The default route leads into a TUN device that this file reads: nothing is ever answered, and nothing gets
past it unseen, name look-ups included. Linux, and root or CAP_SYS_ADMIN.
"""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_ETH_P_ALL = 3
_DNS = 53
_UDP, _TCP = 17, 6

ROUTES = (
    "link set lo up",
    "addr add 10.66.0.1/24 dev out0",
    "link set out0 up",
    "route add default dev out0",
    "-6 addr add fd66::1/64 dev out0 nodad",
    "-6 route add default dev out0",
)


class Unavailable(Exception):
    """This machine or user cannot make such a network; the message says why."""


class Recording:
    """What tried to leave: one line a packet, e.g. "udp to 192.0.2.1 port 53"."""

    def __init__(self) -> None:
        self.packets: list[str] = []

    def note(self, packet: bytes) -> None:
        """Record one IP packet; what IPv6 itself says when a device comes up is no program's doing."""
        told = _told(packet)
        if told is not None:
            self.packets.append(told)


@contextlib.contextmanager
def sealed_network() -> Iterator[Recording]:
    """The calling thread, and all processes it starts, are in a network of their own until the block ends.

    Raises:
        Unavailable: no right to make one, or no TUN device.
    """
    recording = Recording()
    with contextlib.ExitStack() as left:
        _enter(left)
        out = _way_out(left)
        inside = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        left.callback(inside.close)
        inside.bind(("lo", _ETH_P_ALL))
        for command in ROUTES:
            done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
            if done.returncode and not command.startswith("-6"):
                raise Unavailable(f"ip {command}: {done.stderr.strip()}")
        for read in (lambda: os.read(out, 65536), lambda: _name_look_up(inside.recv(65536))):
            threading.Thread(target=_record, args=(read, recording), daemon=True).start()
        yield recording


def _record(read: object, recording: Recording) -> None:
    assert callable(read)
    with contextlib.suppress(OSError):
        while True:
            if packet := read():
                recording.note(packet)


def _name_look_up(packet: bytes) -> bytes:
    """The packet, if it asks a name server on this machine; else nothing."""
    told = _told(packet) or ""
    return packet if told.endswith(f"port {_DNS}") else b""


def _enter(left: contextlib.ExitStack) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    thread = Path(f"/proc/self/task/{threading.get_native_id()}/ns/net")
    before = os.open(thread, os.O_RDONLY)
    left.callback(os.close, before)
    if libc.unshare(_CLONE_NEWNET):
        raise Unavailable(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    left.callback(libc.setns, before, _CLONE_NEWNET)


def _way_out(left: contextlib.ExitStack) -> int:
    try:
        device = os.open("/dev/net/tun", os.O_RDWR)
        left.callback(os.close, device)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"out0", _IFF_TUN | _IFF_NO_PI))
    except OSError as error:
        raise Unavailable(f"no TUN device: {error.strerror}") from None
    return device


def _told(packet: bytes) -> str | None:
    if packet[0] >> 4 == 4:
        protocol, target, rest = packet[9], ip_address(packet[16:20]), packet[(packet[0] & 15) * 4 :]
    elif packet[0] >> 4 == 6:
        protocol, target, rest = packet[6], ip_address(packet[24:40]), packet[40:]
    else:
        return None
    if protocol not in (_UDP, _TCP):
        # The kernel's own: router and group messages of IPv6 when a device comes up.
        return None if target.is_multicast else f"protocol {protocol} to {target}"
    return f"{'udp' if protocol == _UDP else 'tcp'} to {target} port {int.from_bytes(rest[2:4], 'big')}"

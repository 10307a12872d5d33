"""What every test gets: loopback network only, its own data folder and key, repeatable hypothesis runs.

Run: ``./run test`` (quick tests), ``./run test -m slow`` (the whole house, kills and restarts).
"""

import base64
import os
import shutil
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT.parent / "shared" / "data"

# Loaded machines make single examples slow without anything being wrong, hence no deadline.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")


class NetworkRefused(AssertionError):
    """A test tried to reach something that is not this machine."""


def is_loopback(address: object) -> bool:
    """Whether a socket address stays on this machine; local socket files do."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0]).split("%")[0]
    if host in ("", "localhost"):
        return True
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Every connection or name look-up that would leave this machine raises NetworkRefused."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(address: object) -> None:
        if not is_loopback(address):
            raise NetworkRefused(f"tests may use the loopback network only, not {address}")

    def checked_connect(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    def checked_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        check((name or "", 0))
        return look_up(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", checked_connect)
        patch.setattr(socket.socket, "connect_ex", checked_connect_ex)
        patch.setattr(socket, "getaddrinfo", checked_look_up)
        yield


def fresh_environment(data: Path) -> dict[str, str]:
    """Variables of a house of its own: data folder `data`, a key, no telemetry."""
    return {
        "SKINGPT_DATA": str(data),
        "SKINGPT_KEY": base64.urlsafe_b64encode(b"a key for tests, 32 bytes long!!").decode(),
        "ANONYMIZED_TELEMETRY": "False",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "LANGSMITH_TRACING": "false",
        "TOKENIZERS_PARALLELISM": "false",
    }


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's data, key, token or addresses."""
    for name in [name for name in os.environ if name.startswith("SKINGPT_")]:
        monkeypatch.delenv(name)
    for name, value in fresh_environment(tmp_path / "var").items():
        monkeypatch.setenv(name, value)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine lacks."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    for item in items:
        if item.get_closest_marker("data") and not PICTURES.is_dir():
            item.add_marker(pytest.mark.skip(reason="the pictures in ../shared/data are absent"))
        if item.get_closest_marker("browser") and browser is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium is installed (apt-get install chromium)"))

"""What the supervisor plans: ports, environments, secrets, the key file."""

import base64
import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.addresses import Ports, free_ports
from local.errors import KeyLost
from local.key import ensure_key
from local.parts import SECRETS, Part, addresses, environment_of, house_parts, redis_server
from local.settings import LocalSettings


def planned(settings: LocalSettings, **options: bool) -> dict[str, Part]:
    return {part.name: part for part in house_parts(settings, Ports(1, 2, 3, 4, 5, 6), **options)}


def test_a_taken_port_is_replaced_and_a_free_one_kept() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        free = free_ports([0])[0]
        chosen = free_ports([port, free, 0])
    assert chosen[0] != port and chosen[1] == free and len(set(chosen)) == 3


def test_everything_listens_on_loopback_only() -> None:
    parts = planned(LocalSettings())
    assert "--bind 127.0.0.1" in " ".join(parts["broker"].command)
    assert "--host 127.0.0.1" in " ".join(parts["chroma"].command)
    for name, value in addresses(LocalSettings(), Ports(1, 2, 3, 4, 5, 6)).items():
        if name.endswith(("_URL", "_API")):
            assert "//127.0.0.1:" in value


def test_the_broker_keeps_what_it_is_given() -> None:
    words = planned(LocalSettings())["broker"].command
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory"] == "0" and options["--maxmemory-policy"] == "noeviction"
    assert os.access(redis_server(), os.X_OK)


def test_the_playground_gives_way_to_telegram() -> None:
    assert "playground" in planned(LocalSettings())
    with_token = planned(LocalSettings(telegram_token="1:x"))  # type: ignore[arg-type]
    assert "playground" not in with_token and "playground" not in with_token["bot"].needs


def test_a_server_that_runs_elsewhere_is_not_started_here() -> None:
    settings = LocalSettings(model_url="http://gpu.example:8080")
    parts = planned(settings)
    assert "model" not in parts and "embedder" in parts
    assert addresses(settings, Ports(1, 2, 3, 4, 5, 6))["SKINGPT_MODEL_URL"] == "http://gpu.example:8080"


def test_a_question_needs_no_doors() -> None:
    assert {"bot", "clinic", "playground"}.isdisjoint(planned(LocalSettings(), doors=False))


def test_each_secret_is_told_only_to_those_who_need_it() -> None:
    found = {name: f"secret of {name}" for name in SECRETS}
    parts = planned(LocalSettings())
    told = {name: {part for part in parts if name in environment_of(parts[part], found, {})} for name in found}
    assert told["SKINGPT_TELEGRAM_TOKEN"] == {"bot"}
    assert told["SKINGPT_LLM_KEY"] == {"agent"}
    assert told["SKINGPT_KNOWLEDGE_URL"] == {"agent", "library", "guidelines", "sweep", "bot", "clinic"}
    assert told["SKINGPT_MEMORY_URL"] == {"agent"}
    assert told["SKINGPT_KEY"].isdisjoint({"broker", "chroma", "embedder", "model"})


def test_no_part_reports_to_anybody_and_no_worker_is_offline() -> None:
    found = {"HF_HUB_OFFLINE": "1", "LANGSMITH_TRACING": "true", "HTTP_PROXY": "http://proxy.example"}
    for name, part in planned(LocalSettings()).items():
        environment = environment_of(part, found, {})
        assert environment["ANONYMIZED_TELEMETRY"] == "False"
        assert environment["DO_NOT_TRACK"] == "1" and environment["HF_HUB_DISABLE_TELEMETRY"] == "1"
        assert environment["LANGSMITH_TRACING"] == "false"
        assert "127.0.0.1" in environment["NO_PROXY"]
        assert ("HF_HUB_OFFLINE" in environment) == (name in ("model", "embedder"))


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_other_variables_reach_the_parts_unchanged(found: dict[str, str]) -> None:
    part = planned(LocalSettings())["gpu"]
    environment = environment_of(part, found, {})
    own = environment_of(part, {}, {})
    assert {name: environment.get(name) for name in found if name not in own and name not in SECRETS} == {
        name: value
        for name, value in found.items()
        if name not in own and name not in SECRETS and name not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    }


@pytest.fixture
def keyless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalSettings:
    monkeypatch.delenv("SKINGPT_KEY")
    return LocalSettings(key_file=tmp_path / "home" / "key")


def test_the_first_start_makes_a_key_for_its_owner_only(keyless: LocalSettings) -> None:
    path = ensure_key(keyless)
    assert path == keyless.key_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(path.read_bytes().strip())) == 32
    before = path.read_bytes()
    assert ensure_key(keyless) == path and path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_lost_key_is_not_silently_replaced(keyless: LocalSettings) -> None:
    keyless.folder.mkdir(parents=True)
    (keyless.folder / "cases.db").touch()
    with pytest.raises(KeyLost, match="cannot be read without it"):
        ensure_key(keyless)
    assert not keyless.key_file.exists()


def test_a_key_in_the_environment_needs_no_file(tmp_path: Path) -> None:
    assert ensure_key(LocalSettings(key_file=tmp_path / "key")) is None
    assert not (tmp_path / "key").exists()

"""docker-compose.yml names only what there is, gives every part what it needs, and opens nothing without need."""

import importlib.util
import inspect
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from celery.bin.celery import celery as celery_command
from pydantic_settings import BaseSettings
from typer.main import get_command

from local.parts import SECRETS
from room_settings import SECRETS_DIR
from skingpt import ROOMS, WHOLE
from tests.deploy.compose import ROOT, document, is_ours, services, variables
from worker.app import QUEUES

SETTINGS = (
    *(f"{room}.settings" for room in ("agents", "bot", "cases", "clinic", "knowledge", "model", "worker")),
    *("exporter", "logs"),
)
OF_LIBRARIES = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}
ROOT_WITHOUT_CAPABILITIES = {"tgi", "tgi-weights"}
"""TGI's image runs as root, and its volume is root's; it has no capability, no secret, and TGI itself no way out."""
RECORD = {"record_key", "skingpt_cases_url"}
PUBLISHED = {"clinic": ["127.0.0.1:8766:8766"]}
WITH_A_WAY_OUT = {"bot", "tgi-weights"}

each_service = pytest.mark.parametrize("name", services())
each_of_ours = pytest.mark.parametrize("name", [name for name, service in services().items() if is_ours(service)])


def known_variables() -> set[str]:
    """Every variable that some settings class, or a module at the root, reads."""
    names = {SECRETS_DIR, "SKINGPT_PART", "SKINGPT_LOG_FORMAT"}
    for module in (importlib.import_module(name) for name in SETTINGS):
        for each in vars(module).values():
            if inspect.isclass(each) and issubclass(each, BaseSettings):
                prefix = each.model_config.get("env_prefix", "")
                names |= {f"{prefix}{field}".upper() for field in each.model_fields}
    return names


def secrets_of(service: dict[str, Any]) -> set[str]:
    return {each if isinstance(each, str) else each["source"] for each in service.get("secrets", ())}


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    return service.get("environment") or {}


@each_of_ours
def test_every_command_exists(name: str) -> None:
    command = services()[name]["command"]
    if command[:2] == ["python", "-m"] and command[2] == "celery":
        application, _, arguments = command[4], command[5], command[6:]
        assert importlib.import_module(application).app
        worker = celery_command.commands["worker"]
        options = {option for parameter in worker.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("-")} <= options
        assert arguments[arguments.index("-Q") + 1] == name in QUEUES
    elif command[:2] == ["python", "-m"]:
        found = importlib.util.find_spec(command[2])
        assert found
        if found.submodule_search_locations:
            assert importlib.util.find_spec(f"{command[2]}.__main__")
    elif command[0] == "skingpt":
        assert command[1] in WHOLE
        module = next(module for module, commands in ROOMS.items() if command[1] in commands)
        assert command[2] in get_command(importlib.import_module(module).app).commands  # type: ignore[attr-defined]
    else:
        assert shutil.which(command[0]), command


@each_of_ours
def test_every_variable_is_read_by_somebody(name: str) -> None:
    assert set(environment_of(services()[name])) <= known_variables() | OF_LIBRARIES


@each_of_ours
def test_no_secret_stands_in_the_environment(name: str) -> None:
    assert not set(environment_of(services()[name])) & {*SECRETS, "SKINGPT_BROKER_URL"}


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        *(
            (each, {"record_key", "skingpt_cases_url", "skingpt_broker_url"})
            for each in (*QUEUES, "sweep", "bot", "clinic")
        ),
        *((each, {"skingpt_knowledge_url"}) for each in ("agent", "library", "clinic", "guidelines", "sweep")),
        ("agent", {"skingpt_memory_url", "skingpt_llm_key"}),
        ("bot", {"skingpt_telegram_token", "skingpt_webhook_secret"}),
        ("clinic", {"skingpt_clinic_users"}),
        ("migrate", RECORD),
    ],
)
def test_every_part_is_given_the_secrets_it_needs(name: str, needed: set[str]) -> None:
    service = services()[name]
    assert needed <= secrets_of(service)
    assert environment_of(service)[SECRETS_DIR] == "/run/secrets"


def test_a_secret_is_given_to_nobody_else() -> None:
    holders: dict[str, set[str]] = {}
    for name, service in services().items():
        for secret in secrets_of(service):
            holders.setdefault(secret, set()).add(name)
    assert holders["skingpt_telegram_token"] == {"bot"}
    assert holders["skingpt_clinic_users"] == {"clinic"}
    assert holders["skingpt_llm_key"] == {"agent"}
    assert holders["postgres_password"] == {"postgres"}
    assert holders["record_key"].isdisjoint({"postgres", "rabbitmq", "chroma", "embedder", "model-cpu", "guidelines"})


def test_make_secrets_makes_every_secret_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run((ROOT / "deploy" / "make-secrets", folder), check=True, capture_output=True, timeout=30)
    made = {path.name: path.read_text() for path in folder.iterdir()}
    named = {Path(secret["file"]).name for secret in document()["secrets"].values()}
    assert set(made) == named
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o444 for path in folder.iterdir())
    assert made["postgres_cases"].strip() in made["skingpt_cases_url"]
    assert len(made["record_key"].strip()) == 44
    assert len({text for text in made.values() if text.strip()}) == len([t for t in made.values() if t.strip()])


@each_service
def test_it_is_hardened(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and not service.get("privileged")
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    if name not in ROOT_WITHOUT_CAPABILITIES:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    else:
        assert not secrets_of(service)


@each_service
def test_it_is_started_again_and_looked_at(name: str) -> None:
    service = services()[name]
    once = {"migrate", "guidelines", "tgi-weights"}
    assert (service["restart"] == "unless-stopped") == (name not in once)
    assert ("healthcheck" in service) == (name not in once)


@each_service
def test_what_it_waits_for_exists_and_can_come_true(name: str) -> None:
    for other, how in services()[name].get("depends_on", {}).items():
        awaited = services()[other]
        if how["condition"] == "service_healthy":
            assert awaited["healthcheck"]["test"]
        else:
            assert how["condition"] == "service_completed_successfully" and awaited["restart"] != "unless-stopped"
        assert set(awaited.get("profiles", [])) <= set(services()[name].get("profiles", []))


@each_service
def test_only_what_must_is_published_and_only_the_bot_gets_out(name: str) -> None:
    service = services()[name]
    assert service.get("ports", []) == PUBLISHED.get(name, [])
    networks = set(service["networks"])
    assert networks <= set(document()["networks"])
    assert ("outside" in networks) == (name in WITH_A_WAY_OUT)


def test_the_inner_network_has_no_way_out() -> None:
    assert document()["networks"]["inside"]["internal"] is True
    masquerade = document()["networks"]["desk"]["driver_opts"]["com.docker.network.bridge.enable_ip_masquerade"]
    assert masquerade == "false"


@each_service
def test_volumes_and_files_exist(name: str) -> None:
    for mount in services()[name].get("volumes", []):
        source, target, *_ = mount.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (ROOT / source).is_file() and mount.endswith(":ro")
        else:
            assert source in document()["volumes"]
    assert secrets_of(services()[name]) <= set(document()["secrets"])


@each_service
def test_images_are_pinned(name: str) -> None:
    image = services()[name]["image"]
    assert re.search(r":[\w.-]*\d[\w.-]*$|^skingpt:(cpu|gpu)$", image) and "latest" not in image


def test_health_checks_ask_for_what_the_parts_serve() -> None:
    for name, service in services().items():
        for word in service.get("healthcheck", {}).get("test", []):
            if "/metrics" in word:
                assert environment_of(service)["SKINGPT_METRICS_PORT"] == "9464", name
    assert environment_of(services()["model-cpu"])["SKINGPT_MODEL_PORT"] == "8773"


def test_addresses_name_services() -> None:
    aliases = {
        alias
        for service in services().values()
        if isinstance(service["networks"], dict)
        for network in service["networks"].values()
        for alias in (network or {}).get("aliases", ())
    }
    for service in services().values():
        for value in environment_of(service).values():
            for host in re.findall(r"^https?://([a-z0-9.-]+):", str(value)):
                assert host in services() or host in aliases or host == "0.0.0.0", host


def test_every_variable_of_the_env_file_is_used_and_none_is_missing() -> None:
    given = set(re.findall(r"^(\w+)=", (ROOT / "deploy" / "env.example").read_text(), re.MULTILINE))
    assert given - {"COMPOSE_PROFILES"} == set(variables()) - {"SKINGPT_SECRETS"}


@pytest.mark.parametrize("profile", ["cpu", "gpu", "tgi"])
def test_one_model_server_for_every_profile(profile: str) -> None:
    servers = [
        name
        for name, service in services().items()
        if profile in service.get("profiles", []) and isinstance(service["networks"], dict)
    ]
    assert len(servers) == 1


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(("docker", "compose", "version"), capture_output=True, check=False).returncode == 0


def test_compose_itself_accepts_it(tmp_path: Path) -> None:
    if not _has_compose():
        pytest.skip("`docker compose` is not installed")
    done = subprocess.run(
        ("docker", "compose", "-f", "docker-compose.yml", "config", "-q"),
        cwd=ROOT,
        env={**os.environ, "COMPOSE_PROFILES": "cpu", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr

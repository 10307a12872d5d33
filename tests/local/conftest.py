"""One playground for a file of tests, and a patient in it; a file may have a playground of its own kind instead."""

from collections.abc import Iterator

import pytest

from local.playground.patient import Patient
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(PlaygroundSettings(port=0, data=tmp_path_factory.mktemp("data"))) as url:
        yield url


@pytest.fixture
def patient(address: str) -> Iterator[Patient]:
    with Patient.open(address) as someone:
        yield someone

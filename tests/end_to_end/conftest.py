"""The whole house, started once for these tests as a person starts it, on free ports and an empty data folder."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.playground.patient import Patient
from tests.end_to_end.whole_house import ROOT, WholeHouse

PICTURES = ROOT.parent / "shared" / "data" / "pad_ufes_20"
PORTS = ("PLAYGROUND", "CLINIC", "CHROMA", "EMBEDDER", "MODEL", "BROKER")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHouse]:
    folder = tmp_path_factory.mktemp("house")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SKINGPT_")}
    ports = {f"SKINGPT_{name}_PORT": "0" for name in PORTS}
    whole = WholeHouse(
        folder,
        {
            **kept,
            **ports,
            "SKINGPT_DATA": str(folder / "var"),
            "SKINGPT_KEY_FILE": str(folder / "home" / "key"),
            "SKINGPT_WORKER_SWEEP_SECONDS": "2",
            "SKINGPT_LOG_FORMAT": "json",
            "SKINGPT_METRICS_PORT": "0",
            "SKINGPT_START_SECONDS": "450",
        },
    )
    try:
        whole.start()
        yield whole
    finally:
        whole.stop()


@pytest.fixture
def newcomer(house: WholeHouse) -> Iterator[Patient]:
    """A patient who has just opened the chat."""
    with Patient.open(house.page) as patient:
        yield patient


@pytest.fixture(scope="session")
def lesion() -> Path:
    """A photo of one spot: from the test split where the pictures are present, else a drawn one."""
    if PICTURES.is_dir():
        with (PICTURES / "metadata.csv").open(encoding="utf-8") as table:
            for row in csv.DictReader(table):
                if row["split"] == "test" and row["kind"] == "photo" and row["diagnostic"] == "BCC":
                    return PICTURES / row["file"]
    return ROOT / "examples" / "rough-red-spot.jpg"

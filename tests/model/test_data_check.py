"""`skingpt data check` finds what makes figures lie, and every adapter reads its set into the one record."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from conditions import CLASSES, CONDITIONS
from model.concepts import CONCEPTS
from model.datasets.check import blank_columns, check
from model.datasets.commands import app
from model.datasets.dermnet import FOLDER_CLASSES, read_dermnet
from model.datasets.own import read_own
from model.datasets.skincon import LABEL_SLUGS, concept_shares, read_skincon
from model.errors import DataSetError
from tests.model.conftest import broken_png


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC).save(path, quality=95)


def own(folder: Path, rows: list[dict[str, str]]) -> Path:
    for number, row in enumerate(rows):
        if row["file"] != "gone.jpg":
            picture(folder / row["file"], int(row.pop("look", number)))
    columns = sorted({column for row in rows for column in row if column != "look"})
    with (folder / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return folder


def test_leaks_missing_pictures_and_bad_rows_are_told(tmp_path: Path) -> None:
    found = check(
        own(
            tmp_path,
            [
                {"file": "a.jpg", "slug": "melanoma", "split": "train", "group": "P1", "fitzpatrick": "2"},
                {"file": "b.jpg", "slug": "melanoma", "split": "test", "group": "P1"},
                {"file": "c.jpg", "slug": "psoriasis", "split": "train", "group": "P2", "look": "7"},
                {"file": "d.png", "slug": "eczema", "split": "train", "group": "P3"},
                {"file": "e.png", "slug": "lichen-planus", "split": "test", "group": "P4", "look": "7"},
                {"file": "gone.jpg", "slug": "melanoma", "split": "test", "group": "P5"},
            ],
        )
    )
    assert found.groups_in_two_splits == ("P1",)
    assert found.same_pictures == (("c.jpg", "e.png"),)
    assert found.same_pictures_with_other_labels == (("c.jpg", "e.png"),)
    assert [fault.why.split(":")[0] for fault in found.faults] == [
        "unknown slug 'eczema'",
        "the picture gone.jpg is missing",
    ]
    assert found.kinds["melanoma"] == {"train": 1, "test": 1}
    assert found.skin_types == {"2": 1, "unknown": 3}


def test_a_picture_cut_short_is_left_out_and_told(tmp_path: Path) -> None:
    folder = own(tmp_path, [{"file": f"{name}.png", "slug": "melanoma", "split": "train"} for name in "ab"])
    (folder / "b.png").write_bytes(broken_png())
    (fault,) = check(folder).faults
    assert (fault.where, "cannot be read" in fault.why) == ("b.png", True)


def test_a_column_that_is_blank_by_diagnosis_is_named() -> None:
    rows = [{"diagnostic": "BCC", "biopsy": "True", "age": str(i), "id": str(i)} for i in range(20)]
    rows += [
        {"diagnostic": "NEV", "biopsy": "" if i else "True", "age": "" if i < 2 else "9", "id": str(i)}
        for i in range(20)
    ]
    (found,) = blank_columns(rows)
    assert (found.column, found.most, found.fewest) == ("biopsy", ("NEV", 0.95), ("BCC", 0.0))


def test_the_command_says_it_and_fails_on_a_leak(tmp_path: Path) -> None:
    rows = [
        {"file": f"{split}.jpg", "slug": "acne-vulgaris", "split": split, "group": "P"} for split in ("train", "test")
    ]
    folder = own(tmp_path, rows)
    run = CliRunner().invoke(app, ["check", str(folder)])
    assert run.exit_code == 1
    assert "patients or lesions in two splits: 1\n  P" in run.output
    told = json.loads(CliRunner().invoke(app, ["check", str(folder), "--json"]).stdout)
    assert told["groups_in_two_splits"] == ["P"]
    assert CliRunner().invoke(app, ["check", str(tmp_path / "nowhere")]).exit_code == 2


def test_own_rows_keep_all_that_is_known(tmp_path: Path) -> None:
    (record,) = read_own(
        own(
            tmp_path,
            [
                {
                    "file": "a.jpg",
                    "slug": "psoriasis",
                    "concepts": "Scale; Plaque",
                    "age": "41",
                    "itch": "yes",
                    "notes": "elbows",
                }
            ],
        )
    ).records
    assert (record.concepts, record.facts.age, record.facts.itch) == (("Scale", "Plaque"), 41, True)
    assert (record.class_name, record.choice, record.notes) == ("psoriasis-lichen-planus", None, "elbows")


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "set"
    inner.mkdir()
    picture(tmp_path / "secret.jpg", 1)
    (inner / "metadata.csv").write_text("file,slug\n../secret.jpg,psoriasis\n")
    assert "outside" in read_own(inner).faults[0].why


def test_dermnet_folders_become_the_papers_classes(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "Eczema Photos" / "hand-eczema-12.jpg", 1)
    picture(tmp_path / "test" / "Urticaria Hives" / "hives-3.jpg", 2)
    picture(tmp_path / "train" / "Holiday" / "beach.jpg", 3)
    reading = read_dermnet(tmp_path)
    assert [(r.class_name, r.split, r.group) for r in reading.records] == [
        ("urticaria", "test", "hives"),
        ("dermatitis", "train", "hand-eczema"),
    ]
    assert [fault.where for fault in reading.faults] == ["train/Holiday"]
    assert len(FOLDER_CLASSES) == 23
    assert set(FOLDER_CLASSES.values()) == set(CLASSES) - {"emergencies"}


def skincon(folder: Path) -> Path:
    rows = {"m1": ("melanoma", "Black"), "m2": ("melanoma", "Black"), "x1": ("xanthomas", "Yellow")}
    with (folder / "annotations_fitzpatrick17k.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["", "ImageID", *CONCEPTS, "Do not consider this image"], restval="0")
        table.writeheader()
        table.writerows({"ImageID": f"{name}.jpg", concept: "1"} for name, (_, concept) in rows.items())
        table.writerow({"ImageID": "m3.jpg", "Do not consider this image": "1"})
    lines = ["md5hash,fitzpatrick_scale,label", *(f"{name},3,{label}" for name, (label, _) in rows.items())]
    (folder / "fitzpatrick17k.csv").write_text("\n".join(lines))
    for number, name in enumerate(rows):
        picture(folder / "images" / f"{name}.jpg", number)
    return folder


def test_skincon_gives_concepts_and_how_often_they_come(tmp_path: Path) -> None:
    reading = read_skincon(skincon(tmp_path))
    assert {(r.path.stem, r.slug, r.concepts, r.skin_type) for r in reading.records} == {
        ("m1", "melanoma", ("Black",), 3),
        ("m2", "melanoma", ("Black",), 3),
        ("x1", None, ("Yellow",), 3),
    }
    assert len(reading.faults) == 1
    shares = concept_shares(tmp_path)
    assert shares["melanoma"]["Black"] == pytest.approx(3 / 4)
    assert shares["melanoma"]["Yellow"] == pytest.approx(1 / 4)
    assert set(LABEL_SLUGS.values()) <= set(CONDITIONS)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("annotations_fitzpatrick17k.csv", "ImageID"),
        ("fitzpatrick17k.csv", "md5hash"),
        ("fitzpatrick17k.csv", "label"),
        ("ddi_metadata.csv", "DDI_file"),
    ],
)
def test_a_table_of_skincon_with_another_header_is_named(tmp_path: Path, table: str, column: str) -> None:
    folder = skincon(tmp_path)
    (folder / "ddi_metadata.csv").write_text("DDI_file,disease,skin_tone\n000001.png,melanoma,12\n")
    header, rest = (folder / table).read_text().split("\n", 1)
    (folder / table).write_text(header.replace(column, "something_else") + "\n" + rest)
    for read in (read_skincon, concept_shares)[: 1 if table.startswith("ddi") else 2]:
        with pytest.raises(DataSetError, match=f"{table} has no column {column}"):
            read(folder)

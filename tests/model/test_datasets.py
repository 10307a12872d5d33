"""The adapters read both public tables into one record, refuse what they do not know, and keep splits apart."""

from pathlib import Path

import pytest
from PIL import Image

from conditions import Domain
from model.datasets.ham10000 import read_ham10000
from model.datasets.pad_ufes_20 import read_pad_ufes_20
from model.datasets.record import Reading
from model.errors import DataSetError
from model.evaluation.evaluate import read_records
from tests.conftest import PICTURES

PAD = (
    "img_id,file,kind,split,patient_id,lesion_id,diagnostic,age,region,itch,grew,hurt,changed,bleed,elevation\n"
    "A,photos/A.jpg,photo,test,P1,1,MEL,58,FACE,True,UNK,False,False,True,True\n"
    "B,cutouts/B.jpg,cutout,test,P2,2,SEK,,BACK,False,False,False,False,False,False\n"
)
HAM = "lesion_id,image_id,dx,age,sex,localization,split\nL1,I1,bkl,80.0,male,scalp,test\nL2,I2,nv,,female,unknown,val\n"


def table(folder: Path, text: str) -> Path:
    (folder / "metadata.csv").write_text(text)
    for name in ("photos/A.jpg", "cutouts/B.jpg", "images/I1.jpg", "images/I2.jpg"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / name)
    return folder


def test_pad_rows_become_records(tmp_path: Path) -> None:
    photo, cutout = read_pad_ufes_20(table(tmp_path, PAD)).records
    assert (photo.choice, photo.domain, photo.group, photo.cutout) == ("melanoma", Domain.PHONE, "P1", False)
    assert (photo.facts.age, photo.facts.region, photo.facts.itch, photo.facts.grew) == (58, "face", True, None)
    assert cutout.cutout
    assert cutout.facts.age is None


def test_ham_rows_become_records(tmp_path: Path) -> None:
    first, second = read_ham10000(table(tmp_path, HAM)).records
    assert (first.choice, first.domain, first.facts.age) == ("seborrhoeic-keratosis", Domain.DERMOSCOPY, 80)
    assert second.facts.region is None


def test_only_whole_pictures_of_the_split_are_judged(tmp_path: Path) -> None:
    assert [record.path.name for record in read_records(table(tmp_path, PAD), "test")[0]] == ["A.jpg"]
    assert [record.path.name for record in read_records(table(tmp_path, HAM), "val")[0]] == ["I2.jpg"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PAD.replace("MEL", "XYZ"), "no usable picture"),
        (HAM.replace(",test", ",train"), r"its splits: train, val"),
        ("a,b\n1,2\n", "neither"),
        ("a,b\n", "no rows"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataSetError, match=says):
        read_records(table(tmp_path, text), "test")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PAD.replace("MEL", "XYZ"), "unknown diagnosis 'XYZ' at A"),
        (PAD.replace("photos/A.jpg", "photos/C.jpg"), "the picture C.jpg is missing"),
        (PAD.replace("A,photos/A.jpg", ","), "neither file nor img_id names a picture"),
    ],
)
def test_a_row_that_cannot_be_used_is_reported_and_the_others_are_used(tmp_path: Path, text: str, why: str) -> None:
    reading = read_pad_ufes_20(table(tmp_path, text))
    assert [record.group for record in reading.records] == ["P2"]
    assert [(fault.where, fault.why) for fault in reading.faults] == [("metadata.csv:2", why)]


def test_a_table_without_the_facts_is_enough(tmp_path: Path) -> None:
    text = "img_id,file,diagnostic,split\nA,photos/A.jpg,MEL,mine\nB,cutouts/B.jpg,nev,mine\n"
    first, second = read_records(table(tmp_path, text), "mine")[0]
    assert (first.slug, second.slug, first.group, first.facts.age) == ("melanoma", "melanocytic-naevus", "A", None)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match=r"metadata\.csv is missing"):
        read_records(tmp_path, "test")


@pytest.mark.data
@pytest.mark.skipif(not PICTURES.is_dir(), reason="the public pictures are not beside the checkout")
@pytest.mark.parametrize("read", [read_pad_ufes_20, read_ham10000])
def test_no_patient_or_lesion_lies_in_two_splits(read: object) -> None:
    folder = PICTURES / ("pad_ufes_20" if read is read_pad_ufes_20 else "ham10000")
    reading: Reading = read(folder)  # type: ignore[operator]
    records = reading.records
    assert not reading.faults
    splits: dict[str, set[str]] = {}
    for record in records:
        splits.setdefault(record.group, set()).add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {record.split for record in records} == {"train", "val", "test"}

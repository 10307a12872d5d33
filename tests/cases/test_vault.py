"""Sealing, and the key's ways to be missing, wrong or safe."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from cases.errors import KeyExists, KeyInvalid, KeyMissing, SealBroken, WrongKey
from cases.keys import KeyFile, load_key
from cases.settings import CasesSettings
from cases.vault import Vault

VAULT = Vault(b"k" * 32)


@given(st.binary(max_size=300), st.text(max_size=20))
def test_opens_what_it_sealed_and_shows_nothing_of_it(data: bytes, context: str) -> None:
    sealed = VAULT.seal(data, context)
    assert VAULT.open(sealed, context) == data
    assert len(data) < 4 or data not in sealed
    assert VAULT.seal(data, context) != sealed


@given(st.binary(min_size=1, max_size=60), st.data())
def test_any_changed_or_missing_byte_is_noticed(data: bytes, choice: st.DataObject) -> None:
    sealed = VAULT.seal(data, "here")
    place = choice.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    for broken in (changed, sealed[:place]):
        with pytest.raises((SealBroken, WrongKey)):
            VAULT.open(broken, "here")


def test_sealed_bytes_cannot_be_moved_to_another_place() -> None:
    with pytest.raises(SealBroken, match="case:b"):
        VAULT.open(VAULT.seal(b"itchy", "case:a"), "case:b")


def test_another_key_is_named_as_the_cause() -> None:
    with pytest.raises(WrongKey, match="SKINGPT_KEY"):
        Vault(b"x" * 32).open(VAULT.seal(b"itchy", "a"), "a")


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "key"
    KeyFile(path).make()
    written = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyExists):
        KeyFile(path).make()
    assert path.read_text() == written
    assert [each.name for each in path.parent.iterdir()] == ["key"]
    assert len(load_key(CasesSettings(key_file=path))) == 32


def test_a_missing_key_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"SKINGPT_KEY.*nowhere.*cases.commands key"):
        load_key(CasesSettings(key_file=tmp_path / "nowhere"))


@pytest.mark.parametrize("key", ["c2hvcnQ=", "no base64 at all!", "clé", "A" * 42])
def test_a_bad_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(KeyInvalid) as caught:
        load_key(CasesSettings(key=SecretStr(key)))
    assert key not in str(caught.value)


def test_settings_show_neither_key_nor_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINGPT_KEY", "planted-key")
    monkeypatch.setenv("SKINGPT_CASES_URL", "postgresql+psycopg://me:planted-word@host/db")
    shown = repr(CasesSettings())
    assert "planted" not in shown

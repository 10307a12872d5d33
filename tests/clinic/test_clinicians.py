"""The list of clinicians, its entries and their passwords; and the signature of sessions."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clinic.clinicians import Clinicians, checked_name
from clinic.commands import app
from clinic.errors import ClinicianListInvalid, NameInvalid, PasswordTooShort
from clinic.passwords import PasswordHash
from clinic.sessions import Sessions, session_secret
from tests.clinic.browsing import CHEAP, PASSWORD, clinician


def test_an_invited_clinician_can_sign_in() -> None:
    result = CliRunner().invoke(app, ["invite", "Dr  A. Example"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    line = result.stdout.strip().splitlines()[-1]
    assert PASSWORD not in result.output
    assert not set(line) & set("$,'\"\\ ") - {" "}
    listed = Clinicians.read(f" {line} , Dr B. Example:{PasswordHash.of('another long password', CHEAP)}")
    found = listed.with_password("dr a. example", PASSWORD)
    assert found is not None
    assert found.name == "Dr A. Example"
    assert listed.with_password("Dr B. Example", PASSWORD) is None


def test_a_short_password_is_refused() -> None:
    result = CliRunner().invoke(app, ["invite", "Dr A. Example"], input="short\nshort\n")
    assert result.exit_code == 1
    assert "at least 12 characters" in result.output
    with pytest.raises(PasswordTooShort):
        PasswordHash.of("eleven char", CHEAP)


@pytest.mark.parametrize("name", ["", "x", "Dr A: Example", "Dr A, B", "starter", "STARTER", "a\u202eb", "x" * 81])
def test_names_that_would_break_the_list_are_refused(name: str) -> None:
    with pytest.raises(NameInvalid):
        checked_name(name)


@pytest.mark.parametrize(
    "text",
    ["Dr A. Example", "Dr A. Example:", "Dr A. Example:hunter2", "Dr A. Example:scrypt.15.8.3.c2FsdA.a2V5", "a,b"],
)
def test_an_entry_that_cannot_be_read_is_named_without_its_content(text: str) -> None:
    with pytest.raises(ClinicianListInvalid, match="Entry 1 of SKINGPT_CLINIC_USERS") as raised:
        Clinicians.read(text)
    assert "hunter2" not in str(raised.value)
    assert "a2V5" not in str(raised.value)


def test_a_name_may_stand_in_the_list_once() -> None:
    with pytest.raises(ClinicianListInvalid, match="twice"):
        Clinicians([clinician("Dr A. Example"), clinician("dr a. example")])


@given(st.text(max_size=200))
def test_any_text_as_a_list_is_read_or_refused_in_words(text: str) -> None:
    try:
        Clinicians.read(text)
    except ClinicianListInvalid as error:
        assert "SKINGPT_CLINIC_USERS" in str(error)


@given(st.text(min_size=12, max_size=40), st.text(max_size=40))
def test_a_hash_written_and_read_fits_its_password_only(password: str, other: str) -> None:
    read = PasswordHash.read(str(PasswordHash.of(password, CHEAP)))
    assert read.matches(password)
    same = unicodedata.normalize("NFKC", password) == unicodedata.normalize("NFKC", other)
    assert read.matches(other) == same


@given(st.text(max_size=200))
def test_no_text_is_a_session(cookie: str) -> None:
    sessions = Sessions(session_secret(b"k" * 32), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    assert sessions.read(cookie) is None


def test_a_session_signed_with_another_key_is_no_session() -> None:
    def now() -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    ours, theirs = (Sessions(session_secret(key * 32), now) for key in (b"a", b"b"))
    cookie = theirs.cookie(theirs.begin(clinician("Dr A. Example")))
    assert theirs.read(cookie) is not None
    assert ours.read(cookie) is None

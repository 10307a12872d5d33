"""Who is a clinician: the allow-list in SKINGPT_CLINIC_USERS, `name:hash` entries separated by commas.

`./run clinic invite NAME` prints such an entry.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from clinic.errors import ClinicianListInvalid, NameInvalid
from clinic.passwords import Cost, PasswordHash
from knowledge.library import STARTER

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Clinician:
    """Somebody who may sign in; `name` is noted as the author of what they publish."""

    name: str
    password: PasswordHash

    @property
    def fingerprint(self) -> str:
        """Changes with the password, so that a new password ends the sessions of the old one."""
        return hashlib.sha256(f"{self.name}\0{self.password}".encode()).hexdigest()[:16]


def entry(name: str, password: str) -> str:
    """A new entry of the list. Raises NameInvalid, PasswordTooShort."""
    return f"{checked_name(name)}:{PasswordHash.of(password)}"


def checked_name(name: str) -> str:
    """`name` as it is kept. Raises NameInvalid."""
    kept = " ".join(name.split())
    if not 2 <= len(kept) <= LONGEST_NAME or not kept.isprintable() or set(kept) & set(":,"):
        raise NameInvalid(f"A name has 2 to {LONGEST_NAME} characters, no colon and no comma, e.g. Dr A. Example.")
    if kept.casefold() == STARTER:
        # The library replaces what this author wrote with newer starter texts.
        raise NameInvalid(f"'{STARTER}' is the author of the starter texts: take a person's name.")
    return kept


class Clinicians:
    """The allow-list. Raises ClinicianListInvalid for a name that stands in it twice."""

    def __init__(self, clinicians: Iterable[Clinician]) -> None:
        self._by_name: dict[str, Clinician] = {}
        for clinician in clinicians:
            if self._by_name.setdefault(clinician.name.casefold(), clinician) is not clinician:
                raise ClinicianListInvalid(f"SKINGPT_CLINIC_USERS names {clinician.name} twice: remove one entry.")
        # Checked for names that nobody has, so that an unknown name takes as long as a wrong password.
        costs = [clinician.password.cost for clinician in self._by_name.values()]
        self._nobody = PasswordHash.of("nobody has this password", costs[0] if costs else Cost())

    @classmethod
    def read(cls, text: str) -> "Clinicians":
        """The list as the setting holds it. Raises ClinicianListInvalid."""
        entries = [part.strip() for part in text.split(",") if part.strip()]
        return cls(_clinician(number, part) for number, part in enumerate(entries, 1))

    def __len__(self) -> int:
        return len(self._by_name)

    def named(self, name: str) -> Clinician | None:
        """The clinician of this name, in whatever case it is typed."""
        return self._by_name.get(" ".join(name.split()).casefold())

    def with_password(self, name: str, password: str) -> Clinician | None:
        """The clinician of this name, if the password is theirs."""
        clinician = self.named(name)
        matches = (clinician.password if clinician else self._nobody).matches(password)
        return clinician if matches else None


def _clinician(number: int, part: str) -> Clinician:
    name, colon, hashed = part.partition(":")
    remedy = "write it as `./run clinic invite NAME` prints it"
    if not colon:
        raise ClinicianListInvalid(f"Entry {number} of SKINGPT_CLINIC_USERS has no colon: {remedy}.")
    try:
        return Clinician(checked_name(name), PasswordHash.read(hashed.strip()))
    except NameInvalid as error:
        raise ClinicianListInvalid(f"Entry {number} of SKINGPT_CLINIC_USERS: {error}") from None
    except ValueError:
        raise ClinicianListInvalid(f"Entry {number} of SKINGPT_CLINIC_USERS holds no hash: {remedy}.") from None

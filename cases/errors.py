"""What can go wrong with the patient's record.

    CasesError
    ├── PatientNotFound · CaseNotFound · TurnNotFound · PhotoNotFound   no such row (perhaps it was forgotten)
    ├── CaseClosed              a photo came for a case that is closed
    ├── LeaseTaken              someone else is at work on it; try again later
    ├── LeaseLost               the lease ran out and was taken, or its row was forgotten
    ├── KeyMissing · KeyInvalid · KeyExists     no key, not a key or kept in the wrong place, or one is there already
    ├── WrongKey                sealed with another key
    ├── SealBroken              sealed with this key, but changed since or put in another place
    ├── BackupBroken            a backup that is damaged, cut short, or none
    ├── BackupRefused           it would overwrite something, or lie in the wrong place
    ├── ErasureUnfinished       the rows are gone, their bytes not yet: forget again
    └── DatabaseUnavailable     the database cannot be reached, is locked, or refused
        ├── SchemaUnknown       made by a newer version of this program, which older ones cannot share
        └── SchemaOutdated      older than this program, and SKINGPT_MIGRATE=no forbids to upgrade it here

Messages name ids, files and settings, never a patient's words, a photo or a key.
"""


class CasesError(Exception):
    """Anything this room raises on purpose."""


class PatientNotFound(CasesError):
    """No such patient; perhaps they asked to be forgotten."""


class CaseNotFound(CasesError):
    """No such case; perhaps its patient asked to be forgotten."""


class TurnNotFound(CasesError):
    """No such turn of a patient; perhaps its patient asked to be forgotten."""


class PhotoNotFound(CasesError):
    """No such photo; perhaps its patient asked to be forgotten."""


class CaseClosed(CasesError):
    """The case is closed and takes no more photos: open a new one."""


class LeaseTaken(CasesError):
    """Another process is at work under this name."""


class LeaseLost(CasesError):
    """The lease is no longer held: stop the work, somebody else may have begun it."""


class KeyMissing(CasesError):
    """There is no encryption key; the message says where it is looked for and how to make one."""


class KeyInvalid(CasesError):
    """The encryption key is not 32 bytes in urlsafe base64, or lies beside what it seals."""


class KeyExists(CasesError):
    """A key file is there already, or is being changed; it is never overwritten: all that it sealed would be lost."""


class WrongKey(CasesError):
    """This was sealed with another key than the one in use."""


class SealBroken(CasesError):
    """Sealed bytes were changed, cut short, or moved to another row."""


class BackupBroken(CasesError):
    """A sealed file is damaged, cut short, or not ours; nothing of it was used."""


class BackupRefused(CasesError):
    """A backup or a restoration that would overwrite something or lie in the wrong place; nothing was written."""


class ErasureUnfinished(CasesError):
    """The rows are gone but the database files could not be cleaned yet; forgetting again finishes it."""


class DatabaseUnavailable(CasesError):
    """The database cannot be reached, stayed locked, or refused a statement."""


class SchemaUnknown(DatabaseUnavailable):
    """The database was made by a newer version of this program, which older ones cannot share."""


class SchemaOutdated(DatabaseUnavailable):
    """The tables are older than this program, and upgrading them is left to `./run cases migrate`."""

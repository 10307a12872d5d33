"""What can go wrong on the dermatologists' page.

ClinicError
├── ClinicianListInvalid   SKINGPT_CLINIC_USERS cannot be read; names the entry, never its hash
├── NameInvalid            a clinician's name that cannot stand in the list
├── PasswordTooShort       a password that is too easy to guess
├── SignInNeeded           no session, an expired one, or a clinician who is no longer on the list
├── FormExpired            a form without the token of its session
└── CaseNotShared          no such case, no advice in it, or its patient has not agreed to its review
"""


class ClinicError(Exception):
    """Anything this room raises on purpose."""


class ClinicianListInvalid(ClinicError):
    """The list of clinicians cannot be read."""


class NameInvalid(ClinicError):
    """The name cannot stand in the list of clinicians."""


class PasswordTooShort(ClinicError):
    """The password is too easy to guess."""


class SignInNeeded(ClinicError):
    """Only a signed-in clinician may see this."""


class FormExpired(ClinicError):
    """The form does not belong to this session."""


class CaseNotShared(ClinicError):
    """There is no such case to review. Does not tell an unknown case from one that is not shared."""

"""What the settings of all rooms share: each is an environment variable ``SKINGPT_<NAME>``, or a file.

Where ``SKINGPT_SECRETS_DIR`` names a folder, the file ``skingpt_key`` in it is the setting `key`, ``skingpt_cases_url``
the setting `cases_url`, and so on: the way Docker and Kubernetes hand secrets over (``/run/secrets``). A variable comes
before a file; an empty one counts as unset.
"""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

SECRETS_DIR = "SKINGPT_SECRETS_DIR"


class RoomSettings(BaseSettings):
    """Base of every room's settings; they never change, and an error does not repeat what was set."""

    model_config = SettingsConfigDict(
        env_prefix="SKINGPT_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        protected_namespaces=(),
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files. Raises SettingsError where the folder cannot be read."""
        folder = os.environ.get(SECRETS_DIR)
        files = (SecretFiles(settings_cls, Path(folder)),) if folder else ()
        return (init_settings, env_settings, *files)


class SecretFiles(SecretsSettingsSource):
    """One file for each setting that is kept out of the environment."""

    def __init__(self, settings_cls: type[BaseSettings], folder: Path) -> None:
        if not folder.is_dir():
            raise SettingsError(
                f"{SECRETS_DIR} names {folder}, which is no folder: mount the secrets there or unset it."
            )
        super().__init__(settings_cls, folder)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of the setting's file, None without one. Raises SettingsError where it cannot be read."""
        try:
            value, key, is_complex = super().get_field_value(field, field_name)
        except OSError as error:
            raise SettingsError(
                f"{error.filename} cannot be read ({error.strerror}): let the user of this process read it."
            ) from None
        return value or None, key, is_complex

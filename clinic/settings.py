"""The clinic page's settings, each an environment variable ``SKINGPT_<NAME>``."""

from pydantic import Field, SecretStr

from room_settings import RoomSettings

LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class ClinicSettings(RoomSettings):
    """Where the page listens and who may sign in."""

    clinic_listen: str = Field(default="127.0.0.1", pattern=r"^[0-9a-f.:]+$")
    """The address it listens on; in a container 0.0.0.0, published on the loopback of its host alone."""
    clinic_port: int = Field(default=8766, ge=1, le=65535)
    clinic_users: SecretStr = SecretStr("")
    """The clinicians who may sign in, separated by commas, each a line of `./run clinic invite NAME`."""
    clinic_hosts: str = ""
    """Host names under which a reverse proxy offers the page, separated by commas."""

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that are answered: this machine's and those of `clinic_hosts`."""
        named = (name.strip().lower() for name in self.clinic_hosts.split(","))
        return LOOPBACK | {name for name in named if name}

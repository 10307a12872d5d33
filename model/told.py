"""Ends a command with an error's own words instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from model.errors import ModelError


@contextmanager
def told_plainly() -> Iterator[None]:
    """Status 2 and the message of any error of this room."""
    try:
        yield
    except ModelError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error

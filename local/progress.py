"""How the start of the house looks: a table that fills on a terminal, one line per part elsewhere."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.table import Table

from local.child import Child, State
from local.supervisor import House

SIGNS = {
    State.WAITING: "[dim]·[/dim]",
    State.STARTING: "[yellow]…[/yellow]",
    State.UP: "[green]✓[/green]",
    State.DONE: "[green]✓[/green]",
    State.CRASHED: "[red]✗[/red]",
    State.STOPPED: "[dim]–[/dim]",
}


class Progress:
    """Shows a house coming up on `console`; quiet once `shown` is left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._told: set[str] = set()
        self._showing = False

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show changes while the block runs."""
        self._showing = True
        try:
            if self._console.is_terminal:
                with Live(console=self._console, auto_refresh=False) as self._live:
                    yield
            else:
                yield
        finally:
            self._live, self._showing = None, False

    def changed(self, house: House) -> None:
        """A part's state is another one."""
        if not self._showing:
            return
        if self._live is not None:
            self._live.update(_table(house.children), refresh=True)
            return
        for child in house.children:
            if child.up.is_set() and child.part.name not in self._told:
                self._told.add(child.part.name)
                self._console.print(f"{child.part.title}: {_word(child)}", highlight=False)

    def notice(self, text: str) -> None:
        """Something a person should read, at any time."""
        self._console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def _word(child: Child) -> str:
    return f"ready ({child.took:.1f} s)" if child.up.is_set() else child.state.value


def _table(children: list[Child]) -> Table:
    table = Table.grid(padding=(0, 1))
    for child in children:
        table.add_row(SIGNS[child.state], child.part.title, f"[dim]{_word(child)}[/dim]")
    return table

"""What people see of `make run`: owns the picture in the terminal, decides nothing."""

import sys
import time
from typing import Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from deploy.embedded.children import Child, State

MARKS: Final = {
    State.WAITING: ("·", "dim"),
    State.STARTING: ("◌", "yellow"),
    State.READY: ("●", "green"),
    State.RESTARTING: ("○", "bold red"),
    State.ENDED: ("✓", "dim"),
    State.STOPPED: ("·", "dim"),
}
REDRAW_S: Final = 0.5
PLAIN_PROGRESS_STEP: Final = 0.1


class LivePicture:
    """A table of the processes and a progress bar, redrawn in place when something changes."""

    def __init__(self, title: str, console: Console | None = None) -> None:
        self._title = title
        self._console = console or Console()
        self._states: dict[str, tuple[Child, State]] = {}
        self._bar = Progress(
            TextColumn("  {task.description}"), BarColumn(30), TaskProgressColumn(), TimeRemainingColumn()
        )
        self._live = Live(console=self._console, get_renderable=self._draw, auto_refresh=False, transient=True)
        self._drawn_s = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def state(self, child: Child, state: State) -> None:
        self._states[child.name] = (child, state)
        self._live.refresh()

    def notice(self, text: str) -> None:
        self._console.print(Text.assemble((time.strftime("%H:%M:%S "), "dim"), text))

    def progress(self, done: int, total: int, label: str) -> None:
        if not self._bar.task_ids:
            self._bar.add_task(label, total=total)
        task = self._bar.task_ids[0]
        self._bar.update(task, completed=done, total=total, description=label, visible=done < total)
        if done >= total or time.monotonic() - self._drawn_s > REDRAW_S:
            self._drawn_s = time.monotonic()
            self._live.refresh()

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for child, state in self._states.values():
            mark, style = MARKS[state]
            table.add_row(Text(f"  {mark}", style), child.name, Text(state, "dim"), Text(child.address, "dim"))
        return Group(Text(self._title, "bold"), table, self._bar)


class PlainPicture:
    """The same as lines, for a log or a pipe."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = 0.0
        self._label = ""

    def __enter__(self) -> Self:
        self._say(self._title)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def state(self, child: Child, state: State) -> None:
        if state in (State.READY, State.ENDED):
            self._say(f"{child.name} {state} {child.address}".rstrip())

    def notice(self, text: str) -> None:
        self._say(text)

    def progress(self, done: int, total: int, label: str) -> None:
        share = done / total if total else 1.0
        if label != self._label or share < self._shown:
            self._label, self._shown = label, -PLAIN_PROGRESS_STEP
        if share >= self._shown + PLAIN_PROGRESS_STEP or (share >= 1.0 > self._shown):
            self._shown = share
            self._say(f"{label} {share:.0%}")

    def _say(self, text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, flush=True)


def picture(title: str) -> LivePicture | PlainPicture:
    """The picture that suits standard output."""
    console = Console()
    return LivePicture(title, console) if console.is_terminal else PlainPicture(title)

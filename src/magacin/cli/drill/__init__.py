"""`magacin drill`: see that alerts reach people, by breaking something on purpose or by asking them."""

from __future__ import annotations

import typer

from magacin.cli.drill import history, listing, live, restore, run
from magacin.cli.drill._old_spellings import WithOldSpellings

app = typer.Typer(
    cls=WithOldSpellings,
    help="Break something on purpose, and see the alert reach a person."
    " `drill ServiceDown` is short for `drill run ServiceDown`.",
)
app.command("run")(run.run_drills)
app.command("live")(live.send)
app.command("restore")(restore.rehearse)
app.command("history")(history.show)
app.command("list")(listing.show)

"""Each endpoint that changes something is audited, or stands here with why it is not."""

from __future__ import annotations

import json

import pytest

from magacin.contracts import api
from magacin.contracts.actions import Action
from magacin.contracts.auth import LOGIN
from magacin.contracts.devices import CONTACT, LOGIN_BY_BADGE, LOGIN_BY_PIN
from magacin.contracts.endpoint import Endpoint
from magacin.contracts.imports import RENAME_IN_IMPORTS
from magacin.contracts.screens import MAKE_CODE, SCREEN_SESSION
from magacin.contracts.tasks.operations import UNDO
from magacin.contracts.tasks.people import RENAME_IN_TASKS
from magacin.contracts.tasks.requisitions import COMPARE_BATCH
from magacin.contracts.tasks.scans import GATHERED_SCANS, SCAN
from magacin.contracts.tasks.shortages import REPORT_SHORTAGE
from magacin.contracts.tasks.webhooks import TAKE_EVENTS
from magacin.stack.paths import ROOT

CHANGING = [one for one in (*api.TASKS, *api.IMPORTS, *api.GATEWAY) if one.method != "GET"]
_LEDGER = "it is scanning, of which the ledger keeps all"
_LOGIN = "it is an attempt to log in, which the metrics and the log have"
EXCEPTIONS = {
    str(SCAN): _LEDGER,
    str(GATHERED_SCANS): _LEDGER,
    str(UNDO): _LEDGER,
    str(REPORT_SHORTAGE): _LEDGER,
    str(LOGIN): _LOGIN,
    str(LOGIN_BY_PIN): _LOGIN,
    str(LOGIN_BY_BADGE): _LOGIN,
    str(CONTACT): "it is a device's sign of life, every minute",
    str(MAKE_CODE): "it is worth nothing before somebody enters it, which is audited",
    str(SCREEN_SESSION): "it is a screen's sign of life, every two minutes",
    str(COMPARE_BATCH): "it changes nothing",
    str(RENAME_IN_TASKS): "it is a piece of an erasure, which is audited",
    str(RENAME_IN_IMPORTS): "it is one, too",
    str(TAKE_EVENTS): "it tells of what happened elsewhere",
}
# What no endpoint does: commands do, the log itself, and a setting.
BY_COMMANDS = {
    Action.DRILL_SENT,
    Action.BACKUP_RESTORED,
    Action.AUDIT_FORGOTTEN,
    Action.AUDIT_RENAMED,
    Action.SCANS_REMOVED,
}


@pytest.mark.parametrize("endpoint", CHANGING, ids=str)
def test_is_audited_or_says_why_not(endpoint: Endpoint) -> None:
    assert bool(endpoint.audited) != (str(endpoint) in EXCEPTIONS)


def test_no_exception_is_left_over() -> None:
    assert EXCEPTIONS.keys() <= {str(endpoint) for endpoint in CHANGING}


def test_nothing_that_only_reads_is() -> None:
    reading = (one for one in (*api.TASKS, *api.IMPORTS, *api.GATEWAY) if one.method == "GET")
    assert not [one for one in reading if one.audited]


def test_the_desk_has_a_word_for_each() -> None:
    words = json.loads((ROOT / "web" / "apps" / "desk" / "i18n" / "en.json").read_text(encoding="utf-8"))
    assert words["audit_action"].keys() == {action.replace(".", "_") for action in Action}


def test_each_action_is_somebodys() -> None:
    assert {action for one in CHANGING for action in one.audited} | BY_COMMANDS == set(Action)

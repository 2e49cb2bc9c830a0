"""One message to a Slack or other webhook, posted as Alertmanager would post it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from magacin.ops.receivers import Secret, SecretMissing, SlackReceiver, WebhookReceiver
from magacin.ops.trial import Trial

TIMEOUT = 15.0
_SHOWN = 200
# Alertmanager asks no proxy unless it is told to.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def try_slack(receiver: SlackReceiver, title: str, text: str) -> Trial:
    """Post a message to a Slack webhook. Never raises for what a server or network does."""
    trial = Trial(receiver.receiver, "Slack", receiver.channel)
    payload = {
        "channel": receiver.channel,
        "username": "Magacin Track",
        "attachments": [{"title": title, "text": text, "fallback": title, "color": "good"}],
    }
    body = _post(trial, receiver.url, payload)
    # Slack says "ok"; Alertmanager since 0.26 takes anything else for an error.
    if body is not None and body.strip() != "ok":
        trial.fail("the answer is not Slack's `ok`, so Alertmanager would take it for an error.")
    return trial


def try_webhook(receiver: WebhookReceiver, labels: dict[str, str]) -> Trial:
    """Post an alert to a webhook. Never raises for what a server or network does."""
    trial = Trial(receiver.receiver, "webhook", "")
    alert = {"status": "firing", "labels": labels, "annotations": {}}
    payload = {
        "version": "4",
        "status": "firing",
        "receiver": receiver.receiver,
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {},
        "alerts": [alert],
    }
    _post(trial, receiver.url, payload)
    return trial


def _post(trial: Trial, secret: Secret, payload: Any) -> str | None:
    """Return the body of a good answer; note everything in the trial."""
    try:
        url = secret.read()
    except SecretMissing as error:
        trial.fail(f"{error}.")
        return None
    # What follows the host is the secret.
    where = urlsplit(url)
    trial.target = " at ".join(filter(None, (trial.target, where.netloc)))
    try:
        request = urllib.request.Request(  # noqa: S310  the scheme is checked by what answers: only http and https are opened
            url, json.dumps(payload).encode(), {"Content-Type": "application/json"}
        )
        with _opener.open(request, timeout=TIMEOUT) as response:
            body: str = response.read(100_000).decode(errors="replace")
            trial.step(f"POST to {where.netloc}", f"{response.status} {_short(body)}")
            return body
    except urllib.error.HTTPError as error:
        said = _short(error.read(10_000).decode(errors="replace"))
        trial.step(f"POST to {where.netloc}", f"{error.code} {said}")
        trial.fail(f"{where.netloc} answered {error.code}: {said}", _advice(error.code))
    except urllib.error.URLError as error:
        trial.fail(f"{where.netloc} cannot be reached: {error.reason}.", "Look at the address in the file.")
    except ValueError:
        trial.fail("what the file holds is no address.", "It must be https://… and nothing else.")
    except OSError as error:
        trial.fail(f"{where.netloc} cannot be reached: {error}.")
    return None


def _advice(status: int) -> str:
    if status in (403, 404, 410):
        return "The webhook is unknown there: make a new one and put its address into the file."
    return "That is the other side's trouble; Alertmanager tries again for a while." if status >= 500 else ""


def _short(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]

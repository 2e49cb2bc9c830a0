"""One message to a Slack or other webhook, posted as Alertmanager would post it."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from magacin.ops.notifications.receivers import Secret, SecretMissing, SlackReceiver, WebhookReceiver
from magacin.ops.notifications.trial import Trial
from magacin.stack import clients

TIMEOUT = 15.0
_SHOWN = 200


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
        host = _host(url)
        # What follows the host is the secret.
        trial.target = " at ".join(filter(None, (trial.target, host)))
    except SecretMissing as error:
        trial.fail(f"{error}.")
        return None
    except ValueError:
        trial.fail("what the file holds is no address.", "It must be https://… and nothing else.")
        return None
    return _exchange(trial, host, url, json.dumps(payload).encode())


def _host(url: str) -> str:
    """Return host and port of an address, without a name and password; raise ValueError for what is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise ValueError("no address")
    return f"{parts.hostname}:{parts.port}" if parts.port is not None else parts.hostname


def _exchange(trial: Trial, host: str, url: str, body: bytes) -> str | None:
    headers = {"Content-Type": "application/json"}
    try:
        answer = clients.http(url, body, headers=headers, seconds=TIMEOUT, most=100_000)
    except URLError as error:
        trial.fail(f"{host} cannot be reached: {error.reason}.", "Look at the address in the file.")
    except http.client.HTTPException as error:
        trial.fail(
            f"{host} does not answer as a web server does ({type(error).__name__}).",
            "Look at host and port of the address in the file.",
        )
    except (OSError, ValueError) as error:
        trial.fail(f"{host} cannot be reached: {error}.")
    else:
        said = _short(answer.text)
        trial.step(f"POST to {host}", f"{answer.status} {said}")
        if answer.status < 300:
            return answer.text
        trial.fail(f"{host} answered {answer.status}: {said}", _advice(answer.status))
    return None


def _advice(status: int) -> str:
    if status in (403, 404, 410):
        return "The webhook is unknown there: make a new one and put its address into the file."
    return "That is the other side's trouble; Alertmanager tries again for a while." if status >= 500 else ""


def _short(text: str) -> str:
    return " ".join(text.split())[:_SHOWN]

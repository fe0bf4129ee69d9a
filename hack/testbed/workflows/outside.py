"""Time, HTTP, callbacks and other workflows: a part of mends.py."""

import json
import os
import time
from datetime import datetime
from types import ModuleType
from uuid import uuid4

import requests
from workflows_emulator import render
from workflows_emulator.utils import WorkflowError


def moment(value):
    """The engine insists on fractions of a second."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()


now = time.time
WAIT_SCALE = float(os.environ.get("WAIT_SCALE", "1"))


def sleep(seconds):
    """A wait can be cut short, to 0 by WAIT_SCALE=0."""
    time.sleep(max(0, seconds) * WAIT_SCALE)


def sleep_until(time):  # the parameter's name is Google's
    sleep(moment(time) - now())


def request(method, url, original=render.lib_http.request, **options):
    """What goes wrong on the way has names that Google gives; of the engine's, those of connections can't be caught."""
    try:
        return original(method, url, **encoded(**options))
    except requests.HTTPError as error:
        raise WorkflowError(
            message=str(error),
            tags=["HttpError"],
            code=error.response.status_code,
            headers=dict(error.response.headers),
            body=content(error.response),
        ) from error
    except requests.Timeout as error:
        raise WorkflowError(message=str(error), tags=["TimeoutError"]) from error
    except requests.ConnectionError as error:
        raise WorkflowError(message=str(error), tags=["ConnectionFailedError"]) from error


def encoded(headers=None, **options):
    """A body that is not bytes is JSON; the engine sees to maps alone."""
    headers, body = dict(headers or {}), options.get("body")
    if "body" in options and not isinstance(body, (bytes, dict)):
        options["body"] = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
    return {"headers": headers, **options}


RUN = "googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run"


def connector(rest, step):
    """The engine would call Google."""
    if step["call"] != RUN:
        raise ValueError(f"{step['call']} is not to be had")
    args = step["args"]
    parent = f"projects/{args['project_id']}/locations/{args['location']}/workflows/{args['workflow_id']}"
    execution = exchange("POST", f"{rest}/v1/{parent}/executions", {"argument": json.dumps(args.get("argument"))})
    url, end = f"{rest}/v1/{execution['name']}", now() + args.get("connector_params", {}).get("timeout", 1800)
    while execution["state"] == "ACTIVE":
        if now() > end:
            raise WorkflowError(message=f"{parent} takes too long", tags=["TimeoutError"])
        time.sleep(0.005)
        execution = exchange("GET", url)
    if execution["state"] != "SUCCEEDED":
        raise WorkflowError(message=f"{parent} failed", tags=["OperationError"], operation=execution)
    return json.loads(execution["result"])


def events(rest):
    """A request that comes before anybody waits for it is kept."""
    module = ModuleType("events")

    def create(http_callback_method="POST"):
        url = f"{rest}/v1/{os.environ['ENGINE_EXECUTION']}/callbacks/{uuid4()}"
        exchange("PUT", url)
        return {"url": url, "http_callback_method": http_callback_method}

    def wait(callback, timeout=43200.0):
        end = now() + timeout * WAIT_SCALE
        while not (request := exchange("GET", callback["url"])):
            if now() > end:
                exchange("DELETE", callback["url"])
                raise WorkflowError(message=f"nobody called {callback['url']}", tags=["TimeoutError"])
            time.sleep(0.005)
        sent = {"method": callback["http_callback_method"], "url": callback["url"], "headers": {}, "query": {}}
        return {"type": "HTTP", "received_time": "", "http_request": {**sent, **request}}

    module.create_callback_endpoint, module.await_callback = create, wait
    return module


def exchange(method, url, body=None):
    response = requests.request(method, url, json=body, timeout=30)
    response.raise_for_status()
    return response.json()


def content(response):
    return response.json() if "application/json" in response.headers.get("content-type", "") else response.text

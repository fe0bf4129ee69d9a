"""Serves workflows-emulator, an engine for Google Cloud Workflows, by Google's REST API.

The package itself serves one file, and hangs for good after some errors. Here sources are deployed by request, and each
run has a process of its own. There is one thread, since processes are forked.
"""

import json
import logging
import multiprocessing
import os
import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import history
import mends
import yaml
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from workflows_emulator import main as engine
from workflows_emulator.utils import WorkflowError

FORK = multiprocessing.get_context("fork")
# Google's schema forgets that headers may be computed, as all arguments may be.
ARGUMENTS = engine.WORKFLOW_SCHEMA["definitions"]["args"]["properties"]
ARGUMENTS["headers"] = {"anyOf": [ARGUMENTS["headers"], {"type": "string", "pattern": "^\\$\\{.+\\}$"}]}
SCHEMA = validator_for(engine.WORKFLOW_SCHEMA)(engine.WORKFLOW_SCHEMA)
END_WITHOUT_ANSWER = "the engine's process ended without an answer"

sources: dict[str, dict | list] = {}
runs: dict[str, "Run"] = {}
callbacks: dict[str, "Callback"] = {}


class Refused(Exception):
    def __init__(self, code, status, message):
        super().__init__(message)
        self.code, self.body = code, {"error": {"code": code, "status": status, "message": message}}


class Callback:
    """An endpoint of a run. The first request to it is what its run gets, which may come before anybody waits."""

    def __init__(self):
        self.request, self.waiters, self.over = None, 0, False

    def take(self):
        self.waiters = 0 if self.request else 1
        return self.request or {}

    def call(self, path, request):
        if self.over:
            raise Refused(404, "NOT_FOUND", f"{path} is over")
        if self.request:
            raise Refused(429, "RESOURCE_EXHAUSTED", f"{path} has had its request")
        self.request, self.waiters = request, 0
        return {}

    def close(self):
        self.over, self.waiters = True, 0
        return {}


class Run:
    def __init__(self, name, source, argument):
        self.name, self.answer = name, None
        self.pipe, inside = FORK.Pipe(duplex=False)
        self.history = history.create()
        args = (name, source, argument, inside, self.history)
        self.process = FORK.Process(target=execute, args=args, daemon=True)
        self.process.start()
        inside.close()

    def state(self):
        if self.answer is None and self.pipe.poll():
            try:
                self.end(json.loads(self.pipe.recv_bytes()))
            except EOFError:
                self.end(failure(END_WITHOUT_ANSWER))
        return {"name": self.name, **(self.answer or {"state": "ACTIVE"})}

    def cancel(self):
        if self.answer is None:
            self.process.kill()
            self.end({"state": "CANCELLED"})
        return self.state()

    def end(self, answer):
        self.answer = answer
        self.process.join()
        self.process.close()
        self.pipe.close()


def execute(name, source, argument, pipe, entries):
    """In the run's own process, whose environment is that of the run. What no `except` of the source can catch has no tags:
    its payload is plain text.
    """
    history.begin(entries)
    os.environ["GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID"] = name.rsplit("/", 1)[1]
    os.environ["ENGINE_EXECUTION"] = name
    try:
        result = engine.execute_workflow(source, parameters(source, argument))
        answer = {"state": "SUCCEEDED", "result": json.dumps(result, allow_nan=False)}
    except WorkflowError as error:
        answer = failure(json.dumps(error.payload, default=str))
    except Exception as error:
        answer = failure(f"{type(error).__name__}: {error}")
    pipe.send_bytes(json.dumps(answer).encode())


def failure(payload):
    return {"state": "FAILED", "error": {"context": "", "payload": payload}}


def parameters(source, argument):
    """The whole argument is the one parameter of `main`."""
    names = source["main"].get("params", []) if isinstance(source, dict) else []
    return {name if isinstance(name, str) else next(iter(name)): argument for name in names[:1]}


def parse(text):
    try:
        source = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused(400, "INVALID_ARGUMENT", str(error)) from error
    wrong = best_match(SCHEMA.iter_errors(source))
    if wrong is not None:
        raise Refused(400, "INVALID_ARGUMENT", f"{wrong.json_path}: {wrong.message}")
    return source


def deploy(name, body):
    sources[name] = parse(body.get("sourceContents", ""))
    return {"name": f"{name}/operations/{uuid4()}", "done": True, "response": {"name": name, "state": "ACTIVE"}}


def start(name, body):
    if name not in sources:
        raise Refused(404, "NOT_FOUND", f"{name} does not exist")
    run = Run(f"{name}/executions/{uuid4()}", sources[name], json.loads(body.get("argument", "null")))
    runs[run.name] = run
    return run.state()


CALLBACK = re.compile(r"(?P<run>.+/executions/[^/]+)/callbacks(/(?P<id>[^/]+))?")


def callback(method, path, run, body):
    """Runs make an endpoint (PUT), ask for its request until it is there (GET), and give up (DELETE); others list and call them."""
    if method == "PUT":
        callbacks[path] = Callback()
        return {}
    if path not in callbacks or run not in runs or runs[run].state()["state"] != "ACTIVE":
        raise Refused(404, "NOT_FOUND", path)
    one = callbacks[path]
    return {"GET": one.take, "POST": lambda: one.call(path, {"body": body}), "DELETE": one.close}[method]()


def active(run):
    """Those of a run that is under way."""
    if run not in runs or runs[run].state()["state"] != "ACTIVE":
        return {}
    mine = {path: one for path, one in callbacks.items() if path.startswith(f"{run}/callbacks/") and not one.over}
    return {"callbacks": [{"name": path, "method": "POST", "waiters": str(one.waiters)} for path, one in sorted(mine.items())]}


def answer(method, path, query, body):
    if found := CALLBACK.fullmatch(path):
        return callback(method, path, found["run"], body) if found["id"] else active(found["run"])
    if method == "GET" and path.endswith("/stepEntries") and path.removesuffix("/stepEntries") in runs:
        parent = path.removesuffix("/stepEntries")
        return {"stepEntries": history.read(runs[parent].history, parent)}
    if method == "GET" and path in runs:
        return runs[path].state()
    if method == "POST" and path.endswith(":cancel") and path.removesuffix(":cancel") in runs:
        return runs[path.removesuffix(":cancel")].cancel()
    if method == "POST" and path.endswith("/executions"):
        return start(path.removesuffix("/executions"), body)
    if method == "POST" and path.endswith("/workflows") and "workflowId" in query:
        return deploy(f"{path}/{query['workflowId'][0]}", body)
    raise Refused(404, "NOT_FOUND", f"{method} {path}")


class Handler(BaseHTTPRequestHandler):
    def handle_request(self):
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            path, query = url.path.removeprefix("/v1/"), parse_qs(url.query)
            self.reply(200, answer(self.command, path, query, json.loads(body or b"{}")))
        except Refused as refused:
            self.reply(refused.code, refused.body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request

    def reply(self, code, content):
        encoded = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_):
        pass


class Server(HTTPServer):
    request_queue_size = 128


logging.getLogger().setLevel(logging.CRITICAL)
server = Server(("127.0.0.1", 0), Handler)
rest = f"http://127.0.0.1:{server.server_port}"
mends.apply(rest)
print(json.dumps({"rest": rest}), flush=True)
server.serve_forever()

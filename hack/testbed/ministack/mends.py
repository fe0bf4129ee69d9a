"""What ministack 1.5.33 lacks of Step Functions, and our workflows need: the control flow stays its own."""

import json
import re
import threading
from html import unescape
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from ministack import app
from ministack.services import stepfunctions

REQUIRED = ("ApiEndpoint", "Method")
SECONDS = 60
"""A request takes no longer, whatever TimeoutSeconds of the state says."""


def apply():
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::http:invoke"] = invoke
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = publish
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::aws-sdk:s3:putObject"] = put_object
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::aws-sdk:s3:getObject"] = get_object
    stepfunctions._invoke_nested_start_execution = refused(stepfunctions._invoke_nested_start_execution)
    stepfunctions._invoke_nested_start_execution_sync = refused(stepfunctions._invoke_nested_start_execution_sync)
    stepfunctions._nested_execution_failure = child_failure
    stepfunctions._SERVICE_DISPATCH["arn:aws:states:::events:putEvents"] = put_events
    stepfunctions._apply_jsonata_arguments = remembered_arguments
    stepfunctions._add_event = told
    stepfunctions._run_sub_machine = named(stepfunctions._run_sub_machine)
    for kind in ("Pass", "Task", "Choice", "Wait", "Parallel", "Map"):
        handler = f"_execute_{kind.lower()}"
        setattr(stepfunctions, handler, within(kind, getattr(stepfunctions, handler)))
    stepfunctions._fail_state_error = failing(stepfunctions._fail_state_error)
    stepfunctions._create_state_machine = traced(stepfunctions._create_state_machine)
    stepfunctions._update_state_machine = traced(stepfunctions._update_state_machine)


def refused(start):
    """What StartExecution refuses a state has a prefix and an ending in the error's name."""

    def named(resource, arguments):
        try:
            return start(resource, arguments)
        except stepfunctions._ExecutionError as error:
            if error.error.startswith("States."):
                raise
            raise stepfunctions._ExecutionError(f"StepFunctions.{error.error}Exception", error.cause) from error

    return named


def traced(change):
    """ministack tells nothing of tracingConfiguration. A create that makes nothing new changes nothing of it."""

    def remembered(data):
        status, headers, body = change(data)
        arn = data.get("stateMachineArn") or json.loads(body).get("stateMachineArn")
        if status == 200 and "tracingConfiguration" in data:
            machine = stepfunctions._state_machines[arn]
            if "stateMachineArn" in data:
                machine["tracingConfiguration"] = data["tracingConfiguration"]
            else:
                machine.setdefault("tracingConfiguration", data["tracingConfiguration"])
        return status, headers, body

    return remembered


def put_events(resource, arguments, original=stepfunctions._invoke_events_put_events):
    """A state has a detail as a map, which an event has as text."""
    entries = [{**entry, "Detail": json.dumps(entry.get("Detail", {}))} for entry in arguments["Entries"]]
    return original(resource, {**arguments, "Entries": entries})


arguments_of = threading.local()
"""What the task of this thread was last given."""


def remembered_arguments(state, state_input, context, original=stepfunctions._apply_jsonata_arguments):
    arguments_of.last = original(state, state_input, context)
    return arguments_of.last


numbering = threading.Lock()
"""Branches write one history, and an event's id is its place there."""


def told(execution, kind, details=None, *more, original=stepfunctions._add_event, **others):
    """ministack does not tell what a task was given."""
    scheduled = (details or {}).get("taskScheduledEventDetails")
    if scheduled is not None and hasattr(arguments_of, "last"):
        scheduled.setdefault("parameters", json.dumps(arguments_of.last))
    with numbering:
        return original(execution, kind, details, *more, **others)


branch_of = threading.local()
"""The branch or iteration that this thread is in: its execution, and the names of its states by their identity."""


def named(run):
    def remembered(states, start_at, input_data, execution, ctx):
        around = getattr(branch_of, "now", None)
        branch_of.now = (execution, {id(state): name for name, state in states.items()})
        try:
            return run(states, start_at, input_data, execution, ctx)
        finally:
            branch_of.now = around

    return remembered


def moved(kind, what, state, detail, text):
    """A history has the states of branches and iterations too; ministack's has those of the outermost machine alone."""
    execution, names = getattr(branch_of, "now", None) or (None, {})
    if id(state) in names:
        details = {"name": names[id(state)], detail: json.dumps(text)}
        stepfunctions._add_event(execution, f"{kind}State{what}", {f"state{what}EventDetails": details})


def within(kind, execute):
    def followed(state, state_input, *rest):
        moved(kind, "Entered", state, "input", state_input)
        output, following = execute(state, state_input, *rest)
        moved(kind, "Exited", state, "output", output)
        return output, following

    return followed


def failing(error_of):
    def followed(state, state_input, ctx=None):
        moved("Fail", "Entered", state, "input", state_input)
        return error_of(state, state_input, ctx)

    return followed


def child_failure(payload):
    """A child that fails is a failed task whose cause is the child's execution; ministack passes on the child's error."""
    known = ("cause", "error", "executionArn", "input", "name", "startDate", "stateMachineArn", "status")
    execution = {f"{key[0].upper()}{key[1:]}": payload[key] for key in known if key in payload}
    return "States.TaskFailed", json.dumps(execution, separators=(",", ":"))


def publish(resource, arguments, original=stepfunctions._invoke_sns_publish):
    """A state has attributes as a map. ministack reads them as a client of SNS numbers them, and so drops them."""
    numbered = {}
    for number, (name, value) in enumerate(arguments.get("MessageAttributes", {}).items(), 1):
        entry = f"MessageAttributes.entry.{number}"
        numbered |= {f"{entry}.Name": name, **{f"{entry}.Value.{key}": each for key, each in value.items()}}
    return original(resource, {**arguments, **numbered})


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def invoke(_resource, arguments):
    """As "Call HTTPS APIs in Step Functions workflows" of AWS has it. A connection only has to be named: its credentials
    are not looked up. Plain HTTP will do, since what is called is a test's server.
    """
    connection = arguments.get("Authentication", arguments.get("InvocationConfig", {})).get("ConnectionArn")
    if not connection or not all(arguments.get(name) for name in REQUIRED):
        raise stepfunctions._ExecutionError("States.Runtime", "ApiEndpoint, Method and a ConnectionArn are required")
    # A proxy of the environment is none for a server of this machine.
    opener = build_opener(ProxyHandler({}), NoRedirects)
    try:
        with opener.open(request(arguments), timeout=SECONDS) as response:
            return result(response)
    except HTTPError as error:
        cause = json.dumps(result(error))
        raise stepfunctions._ExecutionError(f"States.Http.StatusCode.{error.code}", cause) from error
    except TimeoutError as error:
        raise stepfunctions._ExecutionError("States.Http.Socket", str(error)) from error
    except (URLError, HTTPException, OSError) as error:
        raise stepfunctions._ExecutionError("States.TaskFailed", str(error)) from error


def request(arguments):
    url = urlsplit(arguments["ApiEndpoint"])
    parameters = urlencode(arguments.get("QueryParameters") or {}, doseq=True)
    query = "&".join(part for part in (url.query, parameters) if part)
    headers = {"Content-Type": "application/json; charset=UTF-8", **arguments.get("Headers", {})}
    body = arguments.get("RequestBody")
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    return Request(urlunsplit(url._replace(query=query)), data, headers, method=arguments["Method"])


def result(response):
    text = response.read().decode()
    is_json = "json" in (response.headers.get("Content-Type") or "")
    return {
        "StatusCode": response.status,
        "StatusText": response.reason,
        "Headers": {name.lower(): response.headers.get_all(name) for name in response.headers},
        "ResponseBody": json.loads(text) if is_json and text else text,
    }


def put_object(_resource, arguments):
    """A body that is a map or a list is written as JSON."""
    body = arguments["Body"]
    data = (body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))).encode()
    named = {"ContentType": "content-type", "IfNoneMatch": "if-none-match"}
    headers = {header: arguments[name] for name, header in named.items() if name in arguments}
    answered, _ = object_request("PUT", arguments, {**headers, "content-length": str(len(data))}, data)
    return {"ETag": answered.get("etag", "")}


def get_object(_resource, arguments):
    """The body comes as text."""
    headers, body = object_request("GET", arguments)
    return {"Body": body.decode(), "ContentType": headers.get("content-type", "")}


def object_request(method, arguments, headers=None, body=b""):
    """An error is named by its code where the SDK has a class for that; any other is an S3Exception, whose status is in the cause."""
    path = f"/{arguments['Bucket']}/{arguments['Key']}"  # decoded, as the server hands it on
    own = {"host": f"s3.{stepfunctions.REGION}.amazonaws.com", **(headers or {})}
    handler = app.SERVICE_HANDLERS["s3"]
    status, answered, content = app.call_service_handler_sync(handler, method, path, own, body, {})
    content = content.encode() if isinstance(content, str) else content or b""
    if status < 400:
        return {name.lower(): value for name, value in (answered or {}).items()}, content
    code, message = (text(content, name) for name in ("Code", "Message"))
    name = f"{code}Exception" if code in ("NoSuchKey", "NoSuchBucket") else "S3Exception"
    cause = f"{message} (Service: S3, Status Code: {status}, Request ID: 0)"
    raise stepfunctions._ExecutionError(f"S3.{name}", cause)


def text(xml, name):
    found = re.search(f"<{name}>(.*?)</{name}>", xml.decode(), re.DOTALL)
    return unescape(found[1]) if found else ""

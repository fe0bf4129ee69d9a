"""What is mended in workflows-emulator 1.10.0: where Google documents otherwise, and nearly every source meets it.

Its control flow stays its own, but for which variables a loop and a branch have (scopes.py). Its expressions are evaluated
by Python's `eval`, and so they still are, but with the names and types of Workflows. What reaches beyond a run is in
outside.py.
"""

import ast
import operator
import re
from functools import cache, partial
from types import ModuleType

import history
import outside
import scopes
from workflows_emulator import main as engine
from workflows_emulator import render


def apply(rest):
    """What starts runs and waits for callbacks does so at `rest`, where the engine is served."""
    engine.StepAssign.execute = assign
    engine.StepSwitch.execute = switch
    engine.StepReturn.execute = leave
    engine.StepSteps.execute = scopes.nested
    engine.StepFor.execute = scopes.loop
    engine.StepParallel.execute = scopes.parallel
    engine.execute_step = execute
    engine.execute_subworkflow = subworkflow
    engine.run_code = evaluate
    render.render_str = render_text
    render.lib_time.parse = outside.moment
    engine.sleep = render.lib_sys.sleep = outside.sleep
    render.lib_sys.sleep_until = outside.sleep_until
    render.lib_http.request = outside.request
    # a 401 is an answer like any other; the engine would ask for another token, and fail
    render.lib_http.AuthorizedSession = partial(render.lib_http.AuthorizedSession, refresh_status_codes=())
    render.STANDARD_LIBRARY["events"] = outside.events(rest)
    engine.StepCall.execute_connector = staticmethod(lambda step: outside.connector(rest, step))


def assign(step, original=engine.StepAssign.execute):
    """
    For each variable the engine copies all others and every subworkflow; of those that are no part of another there is no
    need. An assign that fails leaves the engine locked, and the next one would wait for ever.
    """
    targets = [next(iter(variable)) for variable in step.config["assign"]]
    if all(target.isidentifier() for target in targets):
        with engine.LOCK:
            for target, variable in zip(targets, step.config["assign"]):
                step.context[target] = render.render_config(variable[target], step.context)
        return step.context, step.config.get("next"), None
    try:
        return original(step)
    except Exception:
        engine.LOCK.release()
        raise


def switch(step):
    """Only the first condition that holds is followed; the engine would go on to the next."""
    for case in step.config["switch"]:
        holds = render.render_config(case["condition"], step.context)
        if not isinstance(holds, bool):
            raise TypeError(f"a condition must be a boolean: {case['condition']}")
        if holds:
            body = {key: value for key, value in case.items() if key != "condition"}
            return engine.execute_step(step.step_id, body, step.context) if body else (step.context, None, None)
    return step.context, None, None


def execute(step_id, config, context, original=engine.execute_step):
    """What comes after a step is told beside any kind of it; the engine looks beside some."""
    if history.file is None:
        context, following, result = original(step_id, config, context)
    else:
        with history.entry(step_id, config, context, Returned):
            context, following, result = original(step_id, config, context)
    return context, following or config.get("next"), result


class Returned(BaseException):
    def __init__(self, value):
        super().__init__()
        self.value = value


def leave(step):
    raise Returned(render.render_config(step.config["return"], step.context))


def subworkflow(workflow, params, context, original=engine.execute_subworkflow):
    """To return null is to return; the engine takes it for a step that returns nothing, and goes on."""
    if history.file is not None:
        routine = next((name for name, body in context.items() if body is workflow), "main")
        context = {**context, history.ROUTINE: routine}
    try:
        return original(workflow, params, context)
    except Returned as returned:
        return returned.value


WHOLE = re.compile(r'\$\{((?:"(?:\\.|[^"\\])*"|[^"}])*)\}', re.DOTALL)


def render_text(value, context, original=render.render_str):
    """The engine ends an expression at any brace, writes its value down and reads that as YAML: null becomes "None"."""
    whole = WHOLE.fullmatch(value) if isinstance(value, str) else None
    return evaluate(whole[1], context) if whole else original(value, context)


PATH = re.compile(r'("(?:\\.|[^"\\])*")|\.([A-Za-z_]\w*)')


def evaluate(code, context):
    """The engine makes its own kind of map of every value and every subworkflow, each time."""
    names = {**context, **render.STANDARD_LIBRARY, **CONSTANTS, **HELPERS}
    try:
        return plain(eval(compiled(code), names))
    except NameError as error:
        raise KeyError(str(error)) from error
    except AttributeError as error:
        raise TypeError(str(error)) from error


@cache
def compiled(code):
    by_key = PATH.sub(lambda found: found[1] or f'["{found[2]}"]', code.strip())  # a key may be a keyword of Python
    tree = ast.fix_missing_locations(Typed().visit(ast.parse(by_key, mode="eval")))
    return compile(tree, "expression", "eval")


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


class Typed(ast.NodeTransformer):
    """Where Python takes a boolean for a number, counts from the end of a list or has another name for an error."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        return call("_arithmetic", ast.Constant(type(node.op).__name__), node.left, node.right)

    def visit_Compare(self, node):
        self.generic_visit(node)
        if len(node.ops) > 1:
            raise SyntaxError("comparisons can't be chained")
        return call("_compare", ast.Constant(type(node.ops[0]).__name__), node.left, node.comparators[0])

    def visit_Subscript(self, node):
        self.generic_visit(node)
        return call("_at", node.value, node.slice)


def call(name, *arguments):
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])


ARITHMETIC = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}
ORDER = {"Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge}


def arithmetic(name, left, right):
    if not (is_number(left) and is_number(right)) and not (name == "Add" and type(left) is type(right) is str):
        raise TypeError(f"{name} of {type(left).__name__} and {type(right).__name__}")
    return ARITHMETIC[name](left, right)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare(name, left, right):
    if name in ORDER:
        if isinstance(left, bool) or isinstance(right, bool):
            raise TypeError("booleans have no order")
        return ORDER[name](left, right)
    if name in ("In", "NotIn"):
        found = any(same(left, each) for each in right) if isinstance(right, list) else left in right
        return found == (name == "In")
    return same(left, right) == (name == "Eq")


def same(left, right):
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(key in right and same(left[key], right[key]) for key in left)
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def at(value, key):
    if isinstance(value, list):
        if not is_number(key):
            raise TypeError("the index of a list must be a number")
        if key < 0:
            raise IndexError(f"list index {key} is out of range")
        return value[key]
    if isinstance(value, dict):
        if key not in value:
            raise KeyError(f"key {key} is not found")
        return value[key]
    if isinstance(value, ModuleType):
        return getattr(value, key)
    raise TypeError(f"{type(value).__name__} has no {key}")


CONSTANTS = {"null": None, "true": True, "false": False}
HELPERS = {"__builtins__": {}, "_arithmetic": arithmetic, "_compare": compare, "_at": at}

"""Which variables a loop and a branch have: a part of mends.py."""

import copy
from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor

from workflows_emulator import main as engine
from workflows_emulator import render
from workflows_emulator.utils import WorkflowError


class Scope(ChainMap):
    """The variables of a loop or a branch: new ones are its own, and those of outside are written where they are."""

    def __init__(self, outside, shared=None):
        super().__init__({}, outside)
        self.shared = shared

    def __setitem__(self, key, value):
        own, outside = self.maps
        if key not in outside:
            own[key] = value
        elif self.shared is None or key in self.shared:
            outside[key] = value
        else:
            raise SyntaxError(f"{key} is written by a branch and not shared")

    def bind(self, variables):
        self.maps[0].update(variables)

    def __deepcopy__(self, memo):
        return copy.deepcopy(dict(self), memo)


def nested(step):
    return engine.execute_steps_list(step.config["steps"], step.context)


def loop(step):
    """The engine copies the variables, and copies back what differs: but to Python 1 and true do not."""
    config, inside = step.config["for"], Scope(step.context)
    for variables in iterations(config, step.get_iterator()):
        inside.bind(variables)
        _, following, result = engine.execute_steps_list(config["steps"], inside)
        if following == "break":
            break
        if following not in (None, "continue"):
            return step.context, following, result
    return step.context, None, None


def parallel(step):
    """Each branch has variables of its own; in the engine those of one name are the same."""
    config = render.render_config({**step.config["parallel"], "for": None, "branches": None}, step.context)
    shared, bodies = set(config.get("shared", [])), list(branches(step))
    with ThreadPoolExecutor(config.get("concurrency_limit") or max(1, len(bodies))) as pool:
        running = []
        for name, steps, variables in bodies:
            inside = Scope(step.context, shared)
            inside.bind(variables)
            running.append(pool.submit(engine.execute_step, name, {"steps": steps}, inside))
    errors = {}
    for (name, _, _), branch in zip(bodies, running):
        try:
            branch.result()
        except WorkflowError as error:
            errors[name] = error
    step.check_raise_results(errors)
    return step.context, None, None


def branches(step):
    config = step.config["parallel"]
    if "branches" in config:
        for branch in config["branches"]:
            (name, body), = branch.items()
            yield name, body["steps"], {}
        return
    iterator = engine.StepFor(step.step_id, config, step.context).get_iterator()
    for place, variables in enumerate(iterations(config["for"], iterator)):
        yield str(place), config["for"]["steps"], variables


def iterations(config, values):
    names = config.get("value"), config.get("index")
    for place, value in enumerate(values):
        yield {name: of for name, of in zip(names, (value, place)) if name}

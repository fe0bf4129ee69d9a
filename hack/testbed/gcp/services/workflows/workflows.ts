/** google.cloud.workflows.v1 and google.cloud.workflows.executions.v1: workflows that can be started, and what they were started with. */
import { notFound, precondition } from "../../engine/errors.ts";
import { text, timestamp } from "../../engine/messages.ts";
import type { Handler, World } from "../../engine/world.ts";
import type { ServiceModule } from "../module.ts";
import { EXECUTION, executions, WORKFLOW, workflows } from "./resources.ts";

const WORKFLOWS = "google.cloud.workflows.v1.Workflows";
const EXECUTIONS = "google.cloud.workflows.executions.v1.Executions";

export function workflowsService({ store, clock }: World): ServiceModule {
  const cancel: Handler = ({ request }) => {
    const name = text(request, "name");
    const execution = store.get(EXECUTION, name);
    if (execution === undefined) throw notFound(name);
    if (execution.state !== "ACTIVE") throw precondition(`${name} is not running.`);
    const ended = { ...execution, state: "CANCELLED", endTime: timestamp(clock.now()) };
    store.put(EXECUTION, name, ended);
    return ended;
  };
  return {
    services: [WORKFLOWS, EXECUTIONS],
    semantics: { [WORKFLOW]: workflows, [EXECUTION]: executions },
    unary: { [`${EXECUTIONS}.CancelExecution`]: cancel },
  };
}

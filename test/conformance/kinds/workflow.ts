import type { WorkflowWant } from "../../../controllers/leaf/wants.ts";
import { workflow as leaf } from "../../../controllers/leaf/workflow.ts";
import { workflow as schema, type WorkflowSpec } from "../../../crds/workflow.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const send = (queue: string) => ({ send: { call: "queue.send", with: { queue, body: "${input}" } } });
const publish = { tell: { call: "topic.publish", with: { topic: "news", body: "${input}" } } };
const done = { done: { set: { done: true } } };
const BASE = { definition: { do: [send("jobs")] } };

const quiet: Edit = {
  title: "no log",
  spec: { logLevel: "None" },
  // A right to write logs goes with it.
  fields: ["logLevel", "permissions"],
};
const tags: Edit = { title: "tags", spec: { tags: { ...TAGS, team: "core" } }, fields: ["tags"] };

/** Workflow, as it is on every cloud. */
export const workflow: KindUnderTest<WorkflowSpec, WorkflowWant> = {
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  edits: [
    {
      title: "a step more",
      spec: { definition: { do: [send("jobs"), done] } },
      fields: ["program"],
    },
    {
      title: "another queue",
      spec: { definition: { do: [send("audits")] } },
      fields: ["program", "permissions"],
    },
    {
      title: "a topic more",
      spec: { definition: { do: [send("jobs"), publish] } },
      fields: ["program", "permissions"],
    },
    { title: "nothing that needs a right", spec: { definition: { do: [done] } }, fields: ["program", "permissions"] },
    quiet,
    tags,
  ],
  optional: [quiet],
  falsy: [],
  immutable: [],
  referring: {},
  shows: { outputs: ["WORKFLOW_ID", "REGION"], effective: { logLevel: "Errors" } },
  doesNotApply: {
    "L6 aws": "a state machine is changed at once: no update is reported that still runs",
    "L14 aws": "a state machine is made at once: none is reported that is still being made",
    L15: "its name is free at once on both clouds",
    L16: "no cloud keeps a deleted workflow for a while",
    L22: "every field can be changed in place on both clouds",
    L24: "nothing of a workflow comes in pages",
    L27: "nothing of a workflow is encrypted by a key of the customer",
  },
};

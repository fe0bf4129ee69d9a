import { eventRule as leaf } from "../../../controllers/leaf/eventrule.ts";
import type { EventRuleWant } from "../../../controllers/leaf/wants.ts";
import { type EventRuleSpec, eventRule as schema } from "../../../crds/eventrule.ts";
import type { Edit, KindUnderTest } from "../../../operator/provider/conformance/kind-under-test.ts";
import { stored, TAGS } from "./parse.ts";

const BASE = {
  schedule: { cron: "0 6 * * MON-FRI", timezone: "Europe/Berlin" },
  target: { queueRef: { name: "reports" } },
  input: '{"report":"daily"}',
};

const suspended: Edit = { title: "suspended", spec: { suspended: true }, fields: ["suspended"] };
const tags: Edit = {
  title: "tags",
  spec: { tags: { ...TAGS, team: "core" } },
  fields: ["tags"],
  nothingOn: { gcp: "schedule-marks: a job takes no labels; our marks stand in its description" },
};

/**
 * EventRule, as it is on every cloud.
 *
 * @param workflow WORKFLOW_ID of one in the cloud: there is no object that stands for it
 */
export const eventRule = (workflow: string): KindUnderTest<EventRuleSpec, EventRuleWant> => ({
  leaf,
  spec: (over) => stored(schema.spec, { tags: TAGS, ...BASE, ...over }),
  edits: [
    { title: "time", spec: { schedule: { ...BASE.schedule, cron: "30 6 * * *" } }, fields: ["schedule"] },
    {
      title: "time zone",
      spec: { schedule: { ...BASE.schedule, timezone: "America/New_York" } },
      fields: ["schedule"],
    },
    { title: "target", spec: { target: { queueRef: { name: "audits" } } }, fields: ["target"] },
    { title: "a Topic as target", spec: { target: { topicRef: { name: "news" } } }, fields: ["target"] },
    {
      title: "a workflow as target",
      spec: { target: { workflowRef: { external: workflow } } },
      fields: ["target"],
    },
    { title: "input", spec: { input: '{"report":"weekly"}' }, fields: ["input"] },
    suspended,
    tags,
  ],
  optional: [suspended],
  falsy: [
    { title: "an empty object", spec: { input: "{}" }, effective: { input: "{}" } },
    { title: "null", spec: { input: "null" }, effective: { input: "null" } },
    { title: "an empty text", spec: { input: '""' }, effective: { input: '""' } },
    { title: "not suspended", spec: { suspended: false }, effective: { suspended: false } },
  ],
  immutable: [],
  referring: {},
  shows: {
    outputs: ["RULE_ID", "REGION"],
    // Tags differ by the rule schedule-marks, the rights that deliver by schedule-rights.
    effective: {
      schedule: { cron: "0 6 * * 1-5", timezone: "Europe/Berlin" },
      input: '{"report":"daily"}',
      suspended: false,
    },
  },
  doesNotApply: {
    L6: "a rule is changed at once: no cloud reports an update that still runs",
    L14: "a rule is made at once: no cloud reports one that is still being made",
    L15: "its name is free at once on both clouds",
    L16: "no cloud keeps a deleted rule for a while",
    L22: "every field can be changed in place on both clouds",
    L24: "a rule has one target, and nothing of it comes in pages",
    L27: "nothing of a rule is encrypted by a key of the customer",
  },
});

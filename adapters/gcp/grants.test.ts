import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Grant } from "../../controllers/leaf/wants.ts";
import {
  membershipOf,
  parseRight,
  parseTrace,
  parseWorkload,
  policyPlace,
  principalOf,
  rightsOf,
  rightText,
  startDeviations,
  traceText,
  workloadText,
} from "./grants.ts";
import { holds, type Policy, withMember, withoutMember } from "./policy.ts";

const queue = (name: string) => `projects/p/subscriptions/${name}`;
const table = (name: string) => `projects/p/databases/${name}`;
const bucket = (name: string) => `projects/_/buckets/${name}`;
const workflow = (name: string, project = "p") => `projects/${project}/locations/europe-west1/workflows/${name}`;
const grant = (kind: Grant["kind"], id: string, access: Grant["access"]): Grant => ({
  kind,
  id,
  access,
  encryptionKey: null,
});
const lines = (...grants: Grant[]) => rightsOf(grants, "p").map(rightText);

const workload = { pool: "p.svc.id.goog", namespace: "shop", serviceAccount: "api" };

describe("what a grant gives", () => {
  test.each<[string, Grant, string[]]>([
    [
      "consume",
      grant("Queue", queue("q"), "Consume"),
      ["projects/p/roles/onyx.queueConsumer on projects/p/subscriptions/q"],
    ],
    ["produce", grant("Queue", queue("q"), "Produce"), ["roles/pubsub.publisher on projects/p/topics/q"]],
    [
      "publish",
      grant("Topic", "projects/p/topics/t-topic", "Produce"),
      ["roles/pubsub.publisher on projects/p/topics/t-topic"],
    ],
    [
      "list and get",
      grant("Bucket", bucket("b"), "Read"),
      ["projects/p/roles/onyx.bucketReader on projects/_/buckets/b"],
    ],
    [
      "put and delete",
      grant("Bucket", bucket("b"), "Write"),
      ["projects/p/roles/onyx.bucketWriter on projects/_/buckets/b"],
    ],
    [
      "all with objects",
      grant("Bucket", bucket("b"), "ReadWrite"),
      [
        "projects/p/roles/onyx.bucketReader on projects/_/buckets/b",
        "projects/p/roles/onyx.bucketWriter on projects/_/buckets/b",
      ],
    ],
    [
      "start, on the project of the workflow",
      grant("Workflow", workflow("w", "other"), "Start"),
      ["projects/other/roles/onyx.workflowStarter on projects/other"],
    ],
    ["read", grant("Table", table("t-1"), "Read"), ["projects/p/roles/onyx.tableReader on projects/p/databases/t-1"]],
    ["write", grant("Table", table("t-1"), "Write"), ["projects/p/roles/onyx.tableWriter on projects/p/databases/t-1"]],
    [
      "read and write",
      grant("Table", table("t-1"), "ReadWrite"),
      [
        "projects/p/roles/onyx.tableReader on projects/p/databases/t-1",
        "projects/p/roles/onyx.tableWriter on projects/p/databases/t-1",
      ],
    ],
  ])("%s", (_, one, rights) => expect(lines(one)).toEqual(rights));

  test.each<[string, Grant, string]>([
    ["an access that the kind has not", grant("Queue", queue("q"), "Read"), "choose Consume, Produce"],
    [
      "an id of the other cloud",
      grant("Queue", "arn:aws:sqs:eu-west-1:1:q", "Consume"),
      "no id of a queue on Google Cloud",
    ],
    ["a queue's id for a topic", grant("Topic", queue("q"), "Produce"), "no id of a topic on Google Cloud"],
    ["a bucket's name for its id", grant("Bucket", "b", "Read"), "no id of a bucket on Google Cloud"],
    ["an access that a workflow has not", grant("Workflow", workflow("w"), "Consume"), "choose Start"],
    ["a state machine", grant("Workflow", "arn:aws:states:x", "Start"), "no id of a workflow on Google Cloud"],
    ["an empty id", grant("Table", "", "Read"), "no id of a table on Google Cloud"],
  ])("%s is refused in words", (_, one, words) => expect(() => rightsOf([one], "p")).toThrow(words));

  test("more tables than a policy can tell apart are refused before any call", () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => grant("Table", table(`t-${n}`), "Read"));
    expect(rightsOf(many(20), "p")).toHaveLength(20);
    expect(() => rightsOf(many(21), "p")).toThrow("21 tables with projects/p/roles/onyx.tableReader are too many");
  });

  test("a table's right stands in the project's policy under a condition that names it alone", () => {
    expect(policyPlace({ role: "r", on: table("t-1") })).toMatchObject({
      resource: "projects/p",
      condition: {
        title: "onyx-t-1",
        expression:
          'resource.type == "firestore.googleapis.com/Database" && resource.name == "projects/p/databases/t-1"',
      },
    });
    for (const on of [queue("q"), bucket("b")])
      expect(policyPlace({ role: "r", on })).toEqual({ resource: on, condition: undefined });
  });

  test("workflows of one project are one right, without condition, and who may start them all is told so", () => {
    const rights = rightsOf(
      ["a", "b"]
        .map((name) => grant("Workflow", workflow(name), "Start"))
        .concat(grant("Queue", queue("q"), "Consume")),
      "p",
    );
    const starts = rights.filter(({ on }) => on === "projects/p");
    expect(starts).toHaveLength(1);
    expect(starts.map(policyPlace)).toEqual([{ resource: "projects/p", condition: undefined }]);
    expect(startDeviations(rights, { field: "grants", what: "Its grants" }, "the ServiceAccount")).toEqual([
      {
        field: "grants",
        kind: "Covered",
        message:
          "Its grants need a right to start the Workflows that they name; Google Cloud has none on a single workflow, so the ServiceAccount may start every workflow of the project p.",
      },
    ]);
  });

  test("the principal is the ServiceAccount's", () => {
    expect(principalOf(workload, "42")).toBe(
      "principal://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/p.svc.id.goog/subject/ns/shop/sa/api",
    );
  });
});

const name = fc.stringMatching(/^[a-z][a-z0-9-]{2,20}[a-z0-9]$/);
const anyGrant = fc.oneof(
  fc
    .tuple(name, fc.constantFrom("Consume" as const, "Produce" as const))
    .map(([id, access]) => grant("Queue", queue(id), access)),
  fc
    .tuple(name, fc.constantFrom("Read" as const, "Write" as const, "ReadWrite" as const))
    .map(([id, access]) => grant("Table", table(id), access)),
  fc
    .tuple(name, fc.constantFrom("Read" as const, "Write" as const, "ReadWrite" as const))
    .map(([id, access]) => grant("Bucket", bucket(id), access)),
  name.map((id) => grant("Workflow", workflow(id), "Start")),
);
const anyGrants = fc.array(anyGrant, { maxLength: 15 });
const anyWorkload = fc.record({ pool: name.map((p) => `${p}.svc.id.goog`), namespace: name, serviceAccount: name });

describe("of any grants", () => {
  test("the order and doubles don't matter, and the result is sorted", () => {
    fc.assert(
      fc.property(anyGrants, (grants) => {
        const once = lines(...grants);
        expect(lines(...[...grants, ...grants].reverse())).toEqual(once);
        expect(once).toEqual([...once].sort());
      }),
    );
  });

  test("the text forms are read back as they were, so that a footprint finds what it names", () => {
    fc.assert(
      fc.property(anyGrants, anyWorkload, (grants, who) => {
        expect(parseWorkload(workloadText(who))).toEqual(who);
        for (const right of rightsOf(grants, "p")) {
          expect(parseRight(rightText(right))).toEqual(right);
          expect(parseTrace(traceText({ right, workload: who }))).toEqual({ right, workload: who });
        }
      }),
    );
  });

  test("what is granted and taken back leaves every policy as it was", () => {
    const foreign: Policy = {
      bindings: [
        { role: "roles/pubsub.publisher", members: ["user:a"] },
        {
          role: "projects/p/roles/onyx.tableReader",
          members: ["user:b"],
          condition: { title: "x", expression: "true" },
        },
      ],
    };
    fc.assert(
      fc.property(anyGrants, (grants) => {
        const member = principalOf(workload, "42");
        const memberships = rightsOf(grants, "p").map((right) => membershipOf(right, member));
        const granted = memberships.reduce(withMember, foreign);
        for (const one of memberships) expect(holds(granted, one)).toBe(true);
        expect(memberships.reduce(withoutMember, granted)).toEqual(foreign);
      }),
    );
  });

  test("a line that is no trace is left alone", () => {
    for (const line of [
      "create orders",
      "",
      "x on y",
      "r on projects/p for nobody",
      "r on projects/p/topics/t for ns/a/sa/",
    ])
      expect(parseTrace(line)).toBeUndefined();
  });
});

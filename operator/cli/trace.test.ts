import { expect, it } from "vitest";
import type { KubeObject } from "../reconcile/object.ts";
import { painter } from "./output.ts";
import { deepest, type TraceSource, trace, traceText } from "./trace.ts";

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "",
});
const object = (kind: string, name: string, status?: unknown, spec?: unknown): KubeObject => ({
  apiVersion: "x",
  kind,
  metadata: { name, namespace: "n" },
  ...(status ? { status } : {}),
  ...(spec ? { spec } : {}),
});

const source = (objects: readonly KubeObject[]): TraceSource => ({
  get: async (_apiVersion, kind, _namespace, name) =>
    objects.find((one) => one.kind === kind && one.metadata.name === name),
  references: (one) => ((one.spec as { refs?: [] })?.refs ?? []) as never,
});

const failing = [
  object("OnyxService", "api", {
    conditions: [condition("Ready", "False", "ChildFailed", "WorkloadIdentity api failed")],
    inventory: [
      { apiVersion: "v1", kind: "ServiceAccount", name: "api" },
      { apiVersion: "x", kind: "WorkloadIdentity", name: "api" },
    ],
  }),
  object("ServiceAccount", "api"),
  object(
    "WorkloadIdentity",
    "api",
    { conditions: [condition("Synced", "False", "DependencyNotReady", "Queue n/q is not Ready yet.")] },
    {
      refs: [
        { field: "f", kind: "Queue", name: "q" },
        { field: "g", kind: "Table", name: "gone" },
      ],
    },
  ),
  object("Queue", "q", {
    externalId: "arn:q",
    conditions: [
      condition("Ready", "True", "Available", "fine"),
      condition("Stalled", "True", "AccessDenied", "Could not update it: no right (403)"),
    ],
  }),
];

it("walks from a service to the cloud's own error", async () => {
  const root = await trace(source(failing), "OnyxService", "n", "api");
  expect(deepest(root)).toMatchObject({ kind: "Queue", name: "q", state: "failing" });
  expect(traceText(root, painter(false))).toBe(
    [
      "✗ OnyxService api  ChildFailed: WorkloadIdentity api failed",
      "├─ ✓ ServiceAccount api",
      "└─ ✗ WorkloadIdentity api  DependencyNotReady: Queue n/q is not Ready yet.",
      "   ├─ ✗ Queue q (used)  AccessDenied: Could not update it: no right (403)  arn:q",
      "   └─ ? Table gone (used)  It does not exist.",
      "",
      "Cause: Queue q: AccessDenied: Could not update it: no right (403)",
    ].join("\n"),
  );
});

it("ends on a circle of references", async () => {
  const ring = [
    object("Queue", "a", {}, { refs: [{ field: "f", kind: "Queue", name: "b" }] }),
    object("Queue", "b", {}, { refs: [{ field: "f", kind: "Queue", name: "a" }] }),
  ];
  const root = await trace(source(ring), "Queue", "n", "a");
  expect(root.children[0]?.children[0]?.children).toEqual([]);
});

it("says so when the object itself is not there", async () => {
  const root = await trace(source([]), "Queue", "n", "a");
  expect(traceText(root, painter(false))).toBe("? Queue a  It does not exist.");
});

import { z } from "zod";

/** What a workload may do with a resource of each kind. Any other pair is refused at admission. */
export const ACCESS = {
  Queue: ["Consume", "Produce"],
  Table: ["Read", "Write", "ReadWrite"],
  EncryptionKey: ["Use"],
  ManagedSecret: ["Read", "Write"],
  Topic: ["Produce"],
  Bucket: ["Read", "Write", "ReadWrite"],
  Workflow: ["Start"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The field of a binding that names a resource, and the kind that it names. */
export const BINDABLE = {
  queue: "Queue",
  table: "Table",
  key: "EncryptionKey",
  secret: "ManagedSecret",
  topic: "Topic",
  bucket: "Bucket",
  workflow: "Workflow",
} as const satisfies Readonly<Record<string, keyof typeof ACCESS>>;
export type BindingField = keyof typeof BINDABLE;

export type GrantableKind = keyof typeof ACCESS;
export type Access = (typeof ACCESS)[GrantableKind][number];

const KINDS = Object.keys(ACCESS) as [GrantableKind, ...GrantableKind[]];
const VERBS = [...new Set(KINDS.flatMap((kind) => ACCESS[kind] as readonly Access[]))] as [Access, ...Access[]];

/** The kinds that access can be given to. */
export const grantableKind = () => z.enum(KINDS);

/** Every access there is; which go with which kind is a rule. */
export const access = () =>
  z.enum(VERBS).describe(`What it may do. ${KINDS.map((kind) => `${kind}: ${ACCESS[kind].join(", ")}`).join(". ")}.`);

/** CEL that is true when `self.access` fits the kind. */
export const accessFits = (kind: GrantableKind): string =>
  `self.access in [${ACCESS[kind].map((verb) => `'${verb}'`).join(", ")}]`;

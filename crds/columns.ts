import type { Column } from "./define.ts";

export const readyColumn: Column = {
  name: "Ready",
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="Ready")].status`,
  description: "Usable now.",
};

export const ageColumn: Column = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Since when the object is there.",
};

export const whyColumns: readonly Column[] = [
  {
    name: "Reason",
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="Ready")].reason`,
    description: "Why it is ready or not.",
    priority: 1,
  },
  {
    name: "Message",
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="Ready")].message`,
    description: "The same, for people.",
    priority: 1,
  },
];

/** Columns of every cloud resource, with those of the kind in the middle. */
export const leafColumns = (...own: readonly Column[]): readonly Column[] => [
  readyColumn,
  {
    name: "Synced",
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="Synced")].status`,
    description: "The cloud has what spec says.",
  },
  { name: "Cloud", type: "string", jsonPath: ".status.cloud", description: "Where it is." },
  { name: "External-Name", type: "string", jsonPath: ".status.externalName", description: "Its name there." },
  ...own,
  ageColumn,
  ...whyColumns,
  {
    name: "Drifted",
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="Drifted")].status`,
    description: "The cloud differs from spec.",
    priority: 1,
  },
  {
    name: "Portable",
    type: "string",
    jsonPath: `.status.conditions[?(@.type=="Portable")].status`,
    description: "It means the same on both clouds.",
    priority: 1,
  },
  { name: "Region", type: "string", jsonPath: ".status.region", description: "Region it is in.", priority: 1 },
  {
    name: "Cost/Mo",
    type: "string",
    jsonPath: ".status.cost.monthlyEstimate",
    description: "What it costs a month whether it is used or not; what is paid by use comes on top.",
    priority: 1,
  },
];

/** Of kinds that keep messages in order. */
export const orderingColumn: Column = {
  name: "Ordering",
  type: "string",
  jsonPath: ".spec.ordering",
  description: "Whether messages of one key stay in order.",
  priority: 1,
};

/** Stands for a value that only the cloud can give, once the object it comes from is made. */
export const LATER = "(known after apply)";

/** The outputs that each kind promises (controllers/leaf/wants.ts), as far as others bind to them. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  Queue: ["QUEUE_ID", "QUEUE_URL", "REGION"],
  Table: ["TABLE_ID", "TABLE_NAME", "COLLECTION", "REGION"],
  EncryptionKey: ["KEY_ID", "REGION"],
  ManagedSecret: ["SECRET_ID", "VERSION"],
  Topic: ["TOPIC_ID", "REGION"],
  Workflow: ["WORKFLOW_ID", "REGION"],
  WorkloadIdentity: ["IDENTITY"],
};

/** Outputs of an object that is yet to be made. */
export const laterOutputs = (kind: string): Readonly<Record<string, string>> =>
  Object.fromEntries((PROMISED[kind] ?? []).map((key) => [key, LATER]));

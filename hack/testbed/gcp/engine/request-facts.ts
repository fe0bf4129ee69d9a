/** What a call is about, for the journal and the faults: its target's name, and whether it changes anything. */
import type protobuf from "protobufjs";
import type { Method } from "./definitions.ts";
import type { Message } from "./messages.ts";
import { camel } from "./messages.ts";

const READS =
  /^(Get|List|Test|Query|Lookup|Search|Lint|BatchGet|Run.*Query|Listen|Pull|StreamingPull|Wait|Encrypt|Decrypt)/;
const MESSAGES = new Set(["Publish", "Acknowledge", "ModifyAckDeadline", "Pull", "StreamingPull"]);

const DATA = new Set([...MESSAGES, "Encrypt", "Decrypt"]);

export const isMutating = (method: Method): boolean =>
  !READS.test(method.name) && !(method.http.length > 0 && method.http.every(({ verb }) => verb === "get"));

/** Data: what a workload does with a resource. Control: what an operator does to it. */
export const planeOf = (method: Method): "control" | "data" =>
  method.service === "google.firestore.v1.Firestore" || DATA.has(method.name) ? "data" : "control";

/** The request as it is written down: a secret's payload is left out, as Google's audit logs leave it out. */
export const journaled = (method: Method, { payload, ...rest }: Message): Message =>
  method.name === "AddSecretVersion" || payload === undefined ? rest : { ...rest, payload };

/** The value of the first variable of the HTTP path, which is the resource or, for a create, its parent and id. */
export function targetOf(method: Method, request: Message): string {
  const variable = /\{([\w.]+)/.exec(method.http[0]?.path ?? "")?.[1] ?? "name";
  let value: unknown = request;
  for (const segment of variable.split(".")) value = (value as Message | undefined)?.[camel(segment)];
  const name = typeof value === "string" ? value : "";
  const id = method.request.fieldsArray.find((field: protobuf.Field) =>
    /(^roleId|^accountId|[a-z]Id)$/.test(field.name),
  );
  const given = id === undefined || !method.name.startsWith("Create") ? undefined : request[id.name];
  if (typeof given !== "string" || given === "") return name;
  const collection = /\/([A-Za-z]+)$/.exec(method.http[0]?.path ?? "")?.[1] ?? "";
  return `${name}/${collection}/${given}`;
}

/** google.longrunning.Operations. Nothing runs in the background: what is due takes effect when the next call comes. */
import protobuf from "protobufjs";
import { CloudError, codeNumber, notFound, precondition, toCloudError, unimplemented } from "./errors.ts";
import { any, copy, type Message, text, timestamp } from "./messages.ts";
import { page } from "./pages.ts";
import type { Store } from "./store.ts";
import type { Call, Handler } from "./world.ts";

/** The type under which operations are stored. They outlive what they worked on. */
export const OPERATION = "google.longrunning.Operation";

export interface Start {
  readonly call: Call;
  /** The name of what it works on. */
  readonly resource: string;
  /** What the operation does once it is through; its result is the operation's response. */
  effect(): Message;
  /** What happens instead when it fails. */
  readonly failed?: (() => void) | undefined;
  /** Operations with the same queue run one after the other. */
  readonly queue?: string | undefined;
}

export interface Operations {
  start(start: Start): Message;
  /** Lets all operations take effect that are due. */
  settle(): void;
  /** Gives up the operations on all that lies below a name, because it is being deleted. */
  cancelBelow(name: string): void;
  /** The unfinished operation on a resource, if any. */
  pendingOn(resource: string): string | undefined;
  reset(): void;
}

interface Pending {
  readonly name: string;
  readonly start: Start;
  readonly due: number;
}

const METADATA_TIMES = ["startTime", "createTime"];
const METADATA_TARGETS = ["index", "field", "target"];

/** The metadata fields that operations of most services share, as far as this type has them. */
function metadata(type: protobuf.Type, { resource, call }: Start, state: string, end?: number): Message {
  const now = timestamp(call.world.clock.now());
  const states = type.fields.state?.resolvedType;
  const has = (name: string) => type.fields[name] !== undefined;
  return {
    ...Object.fromEntries(METADATA_TIMES.filter(has).map((name) => [name, now])),
    ...Object.fromEntries(METADATA_TARGETS.filter(has).map((name) => [name, resource])),
    ...(has("endTime") && end !== undefined ? { endTime: timestamp(end) } : {}),
    ...(states instanceof protobuf.Enum && state in states.values ? { state } : {}),
  };
}

/** Operations lie below the location or the database that their resource is in. */
const parentOf = (resource: string): string =>
  /^projects\/[^/]+(\/(locations|databases)\/[^/]+)?/.exec(resource)?.[0] ?? "";

function cancelled(): never {
  throw new CloudError("CANCELLED", "What the operation worked on was deleted.");
}

export function newOperations(store: Store): Operations {
  let pending: Pending[] = [];

  function finish({ name, start, due }: Pending): void {
    const { response, metadata: metadataType } = start.call.method.operation as NonNullable<
      Call["method"]["operation"]
    >;
    const close = (state: string, outcome: Message) =>
      store.put(OPERATION, name, {
        name,
        metadata: any(metadataType, metadata(metadataType, start, state, due)),
        done: true,
        ...outcome,
      });
    const fail = (error: CloudError) => {
      start.failed?.();
      close("FAILED", { error: { code: codeNumber(error.code), message: error.message } });
    };
    try {
      if (start.call.operationFailure) throw start.call.operationFailure;
      close("SUCCESSFUL", { response: any(response, start.effect()) });
    } catch (error) {
      fail(toCloudError(error));
    }
  }

  return {
    start(start) {
      const { method, world } = start.call;
      if (method.operation === undefined) throw new Error(`${method.fullName} says nothing of its operation`);
      const name = `${parentOf(start.resource)}/operations/op-${String(store.nextRevision())}`;
      const busy = pending.filter(({ start: other }) => start.queue !== undefined && other.queue === start.queue);
      const free = Math.max(world.clock.now(), ...busy.map(({ due }) => due));
      pending = [...pending, { name, start, due: free + world.settings.operationMillis }];
      const type = method.operation.metadata;
      const operation = { name, metadata: any(type, metadata(type, start, "PROCESSING")) };
      store.put(OPERATION, name, operation);
      return copy(operation);
    },
    settle() {
      if (pending.length === 0) return;
      const due = pending.filter(({ due, start }) => due <= start.call.world.clock.now());
      pending = pending.filter((operation) => !due.includes(operation));
      for (const operation of due.toSorted((a, b) => a.due - b.due)) finish(operation);
    },
    cancelBelow(name) {
      const isBelow = ({ start }: Pending) => start.resource.startsWith(`${name}/`);
      for (const operation of pending.filter(isBelow))
        finish({ ...operation, start: { ...operation.start, failed: undefined, effect: cancelled } });
      pending = pending.filter((operation) => !isBelow(operation));
    },
    pendingOn: (resource) => pending.find(({ start }) => start.resource === resource)?.name,
    reset() {
      pending = [];
    },
  };
}

function get({ request, view }: Call): Message {
  const operation = view.get(OPERATION, text(request, "name"));
  if (operation === undefined) throw notFound(text(request, "name"));
  return operation;
}

/** The methods of google.longrunning.Operations. */
export const operationHandlers: Record<string, Handler> = {
  "google.longrunning.Operations.GetOperation": get,
  "google.longrunning.Operations.WaitOperation": get,
  "google.longrunning.Operations.ListOperations": ({ request, view }) => {
    if (text(request, "filter") !== "") throw unimplemented("ListOperations takes no filter in the test bed.");
    const all = view.list(OPERATION, `${text(request, "name")}/`);
    const { items, nextPageToken } = page(all, (operation) => text(operation, "name"), request);
    return { operations: items, nextPageToken };
  },
  "google.longrunning.Operations.DeleteOperation": (call) => {
    if (get(call).done !== true) throw precondition("The operation is still running: only finished ones can go.");
    call.world.store.delete(OPERATION, text(call.request, "name"));
    return {};
  },
};

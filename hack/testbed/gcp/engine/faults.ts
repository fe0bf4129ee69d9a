/** Faults that tests inject: which calls they hit, and what they do to them. */
import { z } from "zod";
import { CloudError, type Code, isCode } from "./errors.ts";
import type { View } from "./store.ts";

const code = z.string().refine(isCode, "no canonical code: write for example UNAVAILABLE") as z.ZodType<Code, string>;
const failure = z.strictObject({ code, message: z.string().optional() });

/** What `POST /_onyx/faults` takes. README.md explains each field. */
export const faultSchema = z
  .strictObject({
    method: z.string().default("*"),
    resource: z.string().optional(),
    skip: z.int().nonnegative().default(0),
    times: z.int().positive().optional(),
    probability: z.number().gt(0).max(1).default(1),
    delayMillis: z.int().positive().optional(),
    error: failure.optional(),
    dropReply: z.boolean().default(false),
    hang: z.boolean().default(false),
    freezeReads: z.boolean().default(false),
    failOperation: failure.optional(),
  })
  .refine(
    (fault) =>
      fault.delayMillis ?? fault.error ?? fault.failOperation ?? (fault.dropReply || fault.hang || fault.freezeReads),
    "a fault must do something: delayMillis, error, dropReply, hang, freezeReads or failOperation",
  );

export type Fault = z.infer<typeof faultSchema>;
export type FaultInput = z.input<typeof faultSchema>;

/** What the faults that hit one call do to it, put together. */
export interface Effects {
  readonly delayMillis: number;
  readonly error: CloudError | undefined;
  readonly dropReply: boolean;
  readonly hang: boolean;
  readonly frozen: View | undefined;
  readonly operationFailure: CloudError | undefined;
}

export interface FaultState {
  readonly id: string;
  readonly fault: Fault;
  readonly hits: number;
}

export interface Faults {
  add(input: FaultInput): string;
  /** @returns whether there was one */
  remove(id: string): boolean;
  clear(): void;
  list(): readonly FaultState[];
  /** Counts a call against every fault that names it. */
  hit(method: string, resource: string, mutating: boolean): Effects;
}

interface Active {
  readonly id: string;
  readonly fault: Fault;
  readonly past: View | undefined;
  seen: number;
  hits: number;
}

const glob = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

const toError = (what: Fault["error"]): CloudError | undefined =>
  what && new CloudError(what.code, what.message ?? `Injected fault: ${what.code}.`);

/** @param snapshot the store as it is  @param random numbers in [0, 1) */
export function newFaults(snapshot: () => View, random: () => number): Faults {
  const active = new Map<string, Active>();
  let count = 0;

  function applies(state: Active, method: string, resource: string, mutating: boolean): boolean {
    const { fault } = state;
    if (!glob(fault.method).test(method) && !glob(`*.${fault.method}`).test(method)) return false;
    if (fault.resource !== undefined && !glob(fault.resource).test(resource)) return false;
    if (fault.freezeReads && mutating) return false;
    if (fault.times !== undefined && state.hits >= fault.times) return false;
    state.seen += 1;
    if (state.seen <= fault.skip || random() >= fault.probability) return false;
    state.hits += 1;
    return true;
  }

  return {
    add(input) {
      const fault = faultSchema.parse(input);
      count += 1;
      const id = `f${String(count)}`;
      active.set(id, { id, fault, past: fault.freezeReads ? snapshot() : undefined, seen: 0, hits: 0 });
      return id;
    },
    remove: (id) => active.delete(id),
    clear: () => active.clear(),
    list: () => [...active.values()].map(({ id, fault, hits }) => ({ id, fault, hits })),
    hit(method, resource, mutating) {
      const hit = [...active.values()].filter((state) => applies(state, method, resource, mutating));
      return {
        delayMillis: hit.reduce((sum, { fault }) => sum + (fault.delayMillis ?? 0), 0),
        error: toError(hit.find(({ fault }) => fault.error)?.fault.error),
        dropReply: hit.some(({ fault }) => fault.dropReply),
        hang: hit.some(({ fault }) => fault.hang),
        frozen: hit.find(({ past }) => past)?.past,
        operationFailure: toError(hit.find(({ fault }) => fault.failOperation)?.fault.failOperation),
      };
    },
  };
}

import { jsonIn } from "../provider/json.ts";
import type { RunSeen } from "../provider/runs.ts";
import type { RunSpec, RunStatus } from "./run-object.ts";
import { pass, type RunPass, running } from "./run-report.ts";
import { dueOf, ofRun, type PlaceOfRun, SOON, type Work } from "./run-work.ts";

/** A task that waits for a signal. */
export interface Wait {
  readonly signal: string;
  /** For people. */
  readonly says: string;
}

/** Undefined: it waits for none, as far as the definition of now tells. */
export function waitOf<Spec extends RunSpec>(work: Work<Spec>, { steps }: RunSeen): Wait | undefined {
  const of = ofRun(work);
  if (!of) return undefined;
  const { kind, object } = work;
  const signals = kind.signals(of);
  const at = steps.find(({ state, task }) => state === "Running" && signals.has(task));
  const signal = at && signals.get(at.task);
  if (signal === undefined) return undefined;
  return {
    signal,
    says: `It waits for the signal ${signal}, at ${at?.task}: onyx run signal ${object.metadata.name} ${signal}`,
  };
}

/**
 * Brings a run what it waits for, if that is there. Which signal answers which wait is recorded before it is sent: so each answers
 * one wait at most, and each wait gets one, however often that is tried. Undefined: there is nothing to bring, or nobody waits yet.
 */
export async function bring<Spec extends RunSpec>(
  { object, host }: Work<Spec>,
  { runs, call }: PlaceOfRun,
  { signal }: Wait,
  known: RunStatus & { readonly externalId: string },
): Promise<RunPass | undefined> {
  const named = (object.spec.signals ?? []).filter(({ name }) => name === signal);
  if (named.length === 0) return undefined;
  const listening = await runs.listening(known.externalId, call);
  if (!listening) return undefined;
  const all = known.signals ?? [];
  const before = all.find(({ visit }) => visit === listening.visit);
  const given =
    named.find(({ id }) => (before ? id === before.id : false)) ??
    named.find(({ id }) => !all.some((one) => one.id === id));
  if (!given) return undefined;
  const value = jsonIn(given.value ?? "null");
  if (value === undefined) {
    const message = `spec.signals: the value of ${given.id} is no JSON. Take it out and send another.`;
    return pass(object, host.now, known, running(message), dueOf(object, host));
  }
  const { visit } = listening;
  const present = new Set((object.spec.signals ?? []).map(({ id }) => id));
  const others = all.filter((one) => one.visit !== visit && present.has(one.id));
  const status: RunStatus = { ...known, signals: [...others, { id: given.id, visit }] };
  if (before?.id !== given.id) await host.begin(object, status);
  await runs.answer(listening, value, call);
  return {
    ...pass({ ...object, status }, host.now, status, running(`It got the signal ${signal}.`), SOON),
    notices: [
      { type: "Normal", reason: "Running", action: "Signal", note: `Brought the signal ${signal} (${given.id})` },
    ],
  };
}

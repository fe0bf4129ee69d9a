import type { Over } from "../../operator/provider/conformance/kind-under-test.ts";
import { byKind, type Tried } from "../../operator/provider/conformance/tried.ts";
import type { Clock } from "../../operator/runtime/clock.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import type { Lane, UntilOptions } from "./lane.ts";
import { beginShift, type Shift } from "./life.ts";
import { expectCount, expectNoSecrets, expectQuiet } from "./oracles.ts";
import { createScribe, type Outcome, type Scribe } from "./report.ts";
import { type LiveSubject, liveSubject } from "./subject.ts";

/** A namespace with an operator, in which one thing goes wrong in several ways. */
export interface Scene {
  readonly lane: Lane;
  readonly namespace: string;
  readonly shift: Shift;
  readonly scribe: Scribe;
  /** The operator's way to the API server. */
  readonly proxy: FaultProxy;
  /** An object whose end is looked at: Ready with one resource, or gone with none. @param kind Queue if left out */
  subject(name: string, kind?: string): LiveSubject;
  live(name: string, tried: Tried): LiveSubject;
  /** Waits; what does not come about in time is a violation. @returns whether it came about */
  comes(what: string, holds: () => Promise<boolean> | boolean, options?: UntilOptions): Promise<boolean>;
  /** Makes or changes an object as its user does. */
  apply(subject: LiveSubject, over?: Over): Promise<void>;
  /** Makes objects and waits until they are Ready. */
  ready(...subjects: readonly LiveSubject[]): Promise<void>;
  /** Deletes it as its user does. */
  remove(subject: LiveSubject): Promise<void>;
  /** It must be in order: Ready with one resource, or gone with none. */
  settled(): Promise<void>;
}

export interface SceneOptions {
  /** Whose time the operator's connections to the API server go by. */
  readonly connections?: Clock;
}

/** An operator that has begun is not silent for so long, in ms of real time. */
const BEGINNING_MS = 1_500;

/** Plays a scene from its beginning to its end, heals what it broke, and looks whether all is well. */
export async function play(
  lane: Lane,
  title: string,
  script: (scene: Scene) => Promise<void>,
  options: SceneOptions = {},
): Promise<Outcome> {
  const namespace = await lane.namespace();
  const scribe = createScribe(title, lane.side.name);
  const shift = await beginShift(lane, namespace, options);
  const subjects = new Map<LiveSubject, "ready" | "gone">();
  const proxy = lane.wire.kubernetes;

  const comes: Scene["comes"] = async (what, holds, how) => {
    try {
      await lane.until(what, holds, how);
      return true;
    } catch (error) {
      scribe.violation("U1 it converges", (error as Error).message);
      return false;
    }
  };
  const settled = async () => {
    for (const [subject, end] of subjects) {
      const holds = end === "gone" ? subject.isGone : subject.isReady;
      await comes(`${subject.title} ${end}`, holds, { explain: subject.told });
    }
    // Counted once nothing is on its way any more.
    for (const [subject, end] of subjects) await expectCount(subject, end === "gone" ? 0 : 1, scribe);
  };
  const apply: Scene["apply"] = async (subject, over) => {
    await subject.apply(over);
    await subject.find();
    subjects.set(subject, "ready");
  };
  const scene: Scene = {
    lane,
    namespace,
    shift,
    scribe,
    proxy,
    comes,
    settled,
    subject(name, kind = "Queue") {
      const tried = byKind(lane.kinds).get(kind);
      if (!tried) throw new Error(`There is no ${kind} on ${lane.side.name}.`);
      return liveSubject(lane, tried, namespace, name);
    },
    live: (name, tried) => liveSubject(lane, tried, namespace, name),
    apply,
    async ready(...made) {
      for (const subject of made) await apply(subject);
      for (const subject of made) await comes(`${subject.title} ready`, subject.isReady, { explain: subject.told });
    },
    async remove(subject) {
      await subject.remove();
      subjects.set(subject, "gone");
    },
  };
  try {
    await script(scene);
    proxy.heal();
    // Watches are found silent, and opened again, whenever their time is leapt over.
    if (options.connections) {
      await shift.relieve({});
      // A new one first loads what it speaks to its cloud with, and says nothing meanwhile: no time is leapt over then.
      await lane.until("the next operator at rest", () => lane.wire.quietMs() > BEGINNING_MS, { stepMs: 0 });
    }
    await settled();
    await expectQuiet(lane, scribe);
    await expectNoSecrets(lane, scribe);
  } catch (error) {
    scribe.violation("the harness itself", (error as Error).stack ?? String(error));
  } finally {
    proxy.heal();
    lane.wire.tap(undefined);
    await shift.end();
    await lane.leave(namespace);
  }
  return scribe.outcome();
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fault, ProviderError } from "../provider/fault.ts";
import { isReleased, ownerOf } from "../provider/owner.ts";
import type { Verb } from "../provider/testing/memory.ts";
import type { ThingSpec } from "../provider/testing/thing.ts";
import { condition } from "./conditions.ts";
import { ANNOTATIONS, isDeleting } from "./object.ts";
import type { KubeWrite } from "./testing/one-object.ts";
import { READY, type ThingWorld, thingWorld, told } from "./testing/thing-world.ts";

/** The process ends here. */
class Killed extends Error {}

/** A write to Kubernetes that failed, or whose reply was lost; the process goes on. */
class Unwritten extends Error {}

/** Something that happens to the world between two passes; nothing where it makes no sense. */
type Happening = { readonly what: string; readonly run: (world: ThingWorld) => void };

const happening = (what: string, run: Happening["run"]): Happening => ({ what, run });
/** When a cloud shows what it hides. */
const shownAt = new WeakMap<ThingWorld["cloud"], number>();
const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);

const spec: fc.Arbitrary<ThingSpec> = fc.record(
  {
    size: some(1, 2, 3),
    note: some("a", "b"),
    locked: fc.boolean(),
    places: some<readonly string[]>([], ["p"], ["p", "q"]),
    tags: fc.dictionary(some("team", "cost"), some("x", "y")),
    driftPolicy: some<"Correct">("Correct"),
    deletionPolicy: some<"Delete" | "Retain">("Delete", "Retain"),
  },
  { requiredKeys: ["size"] },
);

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  spec.map((next) => happening(`edit ${JSON.stringify(next)}`, ({ host }) => host.object && host.edit(next))),
  fc
    .tuple(
      some<Verb>("observe", "create", "update", "delete", "release"),
      some<Fault>("transient", "throttled", "denied", "invalid"),
      some("before" as const, "after" as const),
    )
    .map(([verb, fault, when]) =>
      happening(`${verb} fails ${fault} ${when}`, ({ cloud }) =>
        // Who refuses and has done something all the same has done it in an earlier step.
        cloud.fail(verb, new ProviderError(fault, "no", when === "after" ? { step: "do the rest" } : {}), when),
      ),
    ),
  fc
    .tuple(
      some<KubeWrite>("claim", "record", "status", "release"),
      some("before" as const, "after" as const),
      fc.boolean(),
    )
    .map(([write, when, killed]) =>
      happening(`${killed ? "killed" : "cut off"} ${when} ${write}`, ({ host }) => {
        host.onWrite = (now, at) => {
          if (now !== write || at !== when) return;
          host.onWrite = () => {};
          throw killed ? new Killed() : new Unwritten();
        };
      }),
    ),
  some("things" as const, "tags" as const).map((hidden) =>
    happening(`the next is seen late: ${hidden}`, ({ cloud, host }) => {
      cloud.onCall = ({ verb }) => {
        if (verb !== "create") return;
        cloud.onCall = () => {};
        cloud.hidden = hidden;
        shownAt.set(cloud, host.now.getTime() + 30_000);
      };
    }),
  ),
  some(true, false).map((slow) =>
    happening(slow ? "slow" : "fast", ({ cloud }) => {
      cloud.slow = slow;
      if (!slow) cloud.settle();
    }),
  ),
  some(true, false).map((stepwise) =>
    happening(stepwise ? "one change at a time" : "all changes at once", ({ cloud }) => {
      cloud.stepwise = stepwise;
    }),
  ),
  some(
    happening("changed behind our back", ({ cloud }) => {
      for (const thing of cloud.things.values()) thing.fields = { ...thing.fields, size: 77, note: "theirs" };
    }),
    happening("tagged behind our back", ({ cloud }) => {
      for (const thing of cloud.things.values()) Object.assign(thing.tags, { team: "theirs", foreign: "x" });
    }),
    happening("gone behind our back", ({ cloud }) => cloud.things.clear()),
    happening("paused", ({ host }) => host.object && host.annotate({ [ANNOTATIONS.paused]: "true" })),
    happening("resumed", ({ host }) => host.object && host.annotate({ [ANNOTATIONS.paused]: "false" })),
    happening("deleted", ({ host }) => host.object && !isDeleting(host.object) && host.remove()),
    happening("made anew", ({ host }) => host.object === undefined && host.recreate({ size: 9 })),
    happening("10 s pass", ({ host }) => host.advance(10_000)),
    happening("10 min pass", ({ host }) => host.advance(600_000)),
  ),
);

/** What must hold after every single pass. */
function checkStatus({ host }: ThingWorld): void {
  const { conditions, observedGeneration } = host.status;
  if (!conditions || !host.object) return;
  expect(condition(conditions, "Ready")).toBeDefined();
  expect(condition(conditions, "Reconciling") && condition(conditions, "Stalled")).toBeUndefined();
  expect(observedGeneration).toBeLessThanOrEqual(host.object.metadata.generation ?? 0);
}

async function pass(world: ThingWorld): Promise<void> {
  const { cloud, host } = world;
  if (!host.object) return;
  if (host.now.getTime() >= (shownAt.get(cloud) ?? 0)) cloud.hidden = "nothing";
  try {
    await host.pass();
  } catch (error) {
    if (error instanceof Killed) host.restart();
    else if (!(error instanceof Unwritten)) throw error;
  }
  checkStatus(world);
}

/** Faults stop, waits end. */
function calm({ cloud, host }: ThingWorld): void {
  cloud.heal();
  cloud.hidden = "nothing";
  cloud.onCall = () => {};
  cloud.slow = false;
  cloud.settle();
  host.onWrite = () => {};
  if (host.object) host.annotate({ [ANNOTATIONS.paused]: "false" });
  host.advance(600_000);
}

describe("whatever happens to a leaf", () => {
  it("once it stops, the cloud is as spec says, stays so, and nothing is left over", async () => {
    await fc.assert(
      fc.asyncProperty(spec, fc.array(happenings, { maxLength: 14 }), async (first, story) => {
        const world = thingWorld(first);
        const { cloud, host } = world;
        for (const one of story) {
          one.run(world);
          await pass(world);
        }
        calm(world);
        const leaving = host.object !== undefined && isDeleting(host.object);
        if (leaving && host.object?.spec.locked) host.edit({ ...host.object.spec, locked: false });
        if (host.object) await host.settle();
        if (host.object === undefined) {
          const held = [...cloud.things.values()].filter((thing) => {
            const owner = ownerOf(thing.tags);
            return owner && !isReleased(owner);
          });
          expect(held).toEqual([]);
          return;
        }
        expect(told(host)).toBe(READY);
        const { size, note, locked, places, tags } = host.object.spec;
        const thing = world.only();
        expect(thing.fields).toMatchObject({ size, note: note ?? null, locked: locked ?? false, places: places ?? [] });
        expect(thing.tags).toMatchObject({ ...tags, "onyx-uid": host.object.metadata.uid });
        expect(host.status.footprint ?? []).toEqual(places ?? []);
        const [status, writes] = [host.status, host.writes.length];
        cloud.mark();
        for (let n = 0; n < 3; n++) await host.pass();
        expect(cloud.writes()).toEqual([]);
        expect(host.status).toEqual(status);
        expect(host.writes.length).toBe(writes);
      }),
      { numRuns: 400 },
    );
  }, 60_000);
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { createClient } from "./client.ts";
import { createReflector, type ReflectorEvent } from "./reflector.ts";
import type { KubeObject, ResourceType } from "./resource.ts";
import { createFakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";
import { createModelServer, type Step } from "./testing/model-server.ts";

const THINGS: ResourceType = { group: "test.dev", version: "v1", plural: "things", kind: "Thing", namespaced: true };

const name = fc.constantFrom("a", "b", "c", "d", "e");
const step: fc.Arbitrary<Step | "wait"> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("write", "write", "delete", "recreate"), name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("close", "reset", "garbage", "error-500", "error-410", "compact", "bookmark"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("replay" as const), back: fc.nat(6), count: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.constant("wait" as const) },
);

/** Rebuilds the copy from its events alone, and checks that each makes sense after those before it. */
function follow(shadow: Map<string, KubeObject>, event: ReflectorEvent<KubeObject>): void {
  const known = shadow.get(event.key);
  if (event.type === "added") {
    expect(known).toBeUndefined();
    shadow.set(event.key, event.object);
  } else if (event.type === "updated") {
    expect(event.old).toBe(known);
    expect(event.object.metadata.uid).toBe(known?.metadata.uid);
    expect(BigInt(event.object.metadata.resourceVersion)).toBeGreaterThan(BigInt(known!.metadata.resourceVersion));
    shadow.set(event.key, event.object);
  } else {
    expect(event.object.metadata.uid).toBe(known?.metadata.uid);
    shadow.delete(event.key);
  }
}

it.each([true, false])(
  "whatever happens to the connection, the copy becomes the truth (initial events: %s)",
  async (watchList) => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.noShrink(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))),
      async (steps, numbers) => {
        const server = createModelServer("test.dev/v1", "Thing", watchList);
        const clock = createFakeClock();
        const abort = new AbortController();
        const log = createMemoryLog();
        const random = () => numbers.next().value ?? 0;
        const reflector = createReflector({ client: createClient(server.transport), type: THINGS, clock, log, random });
        const shadow = new Map<string, KubeObject>();
        const wrong: unknown[] = [];
        let position = 0n;
        reflector.subscribe((event) => {
          try {
            follow(shadow, event);
            const now = BigInt(reflector.lastSyncedRV() ?? 0);
            expect(now >= position).toBe(true);
            position = now;
          } catch (error) {
            wrong.push(error);
          }
        });
        const run = reflector.start(abort.signal);
        for (const next of steps) {
          if (next === "wait") await clock.advance(2_000);
          else server.apply(next);
        }
        for (let second = 0; second < 120 && !reflector.observed(server.position()); second++) {
          await clock.advance(1_000);
          server.apply({ do: "bookmark" });
          await settle(1);
        }
        const copy = new Map(
          reflector.list().map(({ metadata }) => [metadata.name, `${metadata.uid}/${metadata.resourceVersion}`]),
        );
        expect(wrong).toEqual([]);
        expect(copy).toEqual(server.truth());
        expect([...shadow.values()].sort(byName)).toEqual(reflector.list().sort(byName));
        abort.abort(new Error("over"));
        await run;
      },
    );
    await fc.assert(property, { numRuns: 150, endOnFailure: true });
  },
  60_000,
);

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SEED } from "../../test/support/seed.ts";
import { condition } from "./conditions.ts";
import { environmentWith } from "./testing/environment.ts";
import { createRunWorld, Killed, type RunWorld, refusal, thingRun } from "./testing/run-world.ts";

const kind = thingRun as never;
const MINUTE = 60_000;

/** Passes until one is as good as the next; time goes on as it is asked for. */
async function settle(world: RunWorld): Promise<void> {
  for (let passes = 0; passes < 100; passes++) {
    const result = await world.pass(kind);
    if (!result || result.next.when === "change") return;
    world.advance(result.next.when === "after" ? result.next.ms : 1_000);
  }
  throw new Error("It does not come to rest.");
}

function started(ids: "derived" | "assigned" = "derived"): RunWorld {
  const world = createRunWorld({ ids });
  world.make({});
  return world;
}

const ready = (world: RunWorld) => condition(world.status.conditions, "Ready");

describe("a run", () => {
  it("is started once, followed, and its end is kept", async () => {
    const world = started();
    await world.pass(kind);
    expect(world.status).toMatchObject({ phase: "Running", externalId: "u1-0", workflowId: "arn:thing", cloud: "aws" });
    world.executions[0]!.over = { steps: [{ task: "t_pay", state: "Running", startedAt: "2026-01-05T10:00:00Z" }] };
    await world.pass(kind);
    expect(ready(world)).toMatchObject({ status: "False", reason: "Running", message: "It is at pay." });
    Object.assign(world.executions[0]!, { phase: "Succeeded", over: { output: '{"ok": true, "n": 1}', steps: [] } });
    await settle(world);
    expect(world.status).toMatchObject({
      phase: "Succeeded",
      output: '{"n":1,"ok":true}',
      finishedAt: expect.any(String),
    });
    expect(ready(world)).toMatchObject({ status: "True", reason: "Succeeded" });
    expect(world.executions).toHaveLength(1);
  });

  it("is not started in a namespace that its Environment does not serve", async () => {
    const world = started();
    world.environment = environmentWith({ runs: {} } as never, { namespaces: ["other"] });
    await world.pass(kind);
    expect(ready(world)).toMatchObject({ status: "False", reason: "NotServed" });
    expect(world.executions).toEqual([]);
  });

  it("that failed says with what, and is Stalled", async () => {
    const world = started();
    await world.pass(kind);
    const problem = { class: "Business", code: "Empty", message: "nothing in it" };
    Object.assign(world.executions[0]!, { phase: "Failed", over: { problem } });
    await settle(world);
    expect(world.status).toMatchObject({ phase: "Failed", error: problem });
    expect(condition(world.status.conditions, "Stalled")).toMatchObject({
      reason: "Failed",
      message: "Business Empty: nothing in it",
    });
  });

  it("keeps of an error what status can hold", async () => {
    const world = started();
    await world.pass(kind);
    const problem = { class: "Business", code: "c".repeat(300), message: `${"m".repeat(1_023)}😀` };
    Object.assign(world.executions[0]!, { phase: "Failed", over: { problem } });
    await settle(world);
    expect(world.status.error?.code).toHaveLength(256);
    expect(world.status.error?.message).toBe(`${"m".repeat(1_023)}\ufffd`);
  });

  it("keeps no output that is longer than status holds", async () => {
    const world = started();
    await world.pass(kind);
    Object.assign(world.executions[0]!, { phase: "Succeeded", over: { output: "x".repeat(8_193) } });
    await settle(world);
    expect(world.status).not.toHaveProperty("output");
  });

  it("is ended by cancel, and not begun once it is cancelled", async () => {
    const world = started();
    await world.pass(kind);
    world.edit({ cancel: true });
    await settle(world);
    expect(world.status.phase).toBe("Cancelled");
    expect(world.executions[0]!.stops).toBe(1);
    const never = createRunWorld({ ids: "derived" });
    never.make({ cancel: true });
    await settle(never);
    expect([never.status.phase, never.executions]).toEqual(["Cancelled", []]);
  });

  it("waits for what it runs, and while it is paused", async () => {
    const world = createRunWorld({ ids: "derived" });
    const thing = world.others.get("thing")!;
    world.make({}, { "onyx.onelens.io/paused": "true" });
    await settle(world);
    expect(ready(world)).toMatchObject({ reason: "Paused" });
    world.make({});
    world.others.clear();
    await settle(world);
    expect(ready(world)).toMatchObject({
      reason: "DependencyNotFound",
      message: expect.stringContaining("Thing shop/thing (spec.thingRef) does not exist"),
    });
    world.others.set("thing", thing);
    await world.pass(kind);
    expect(world.status.phase).toBe("Running");
  });

  it("waits while as many are under way as may be", async () => {
    const world = createRunWorld({ ids: "derived" });
    const thing = world.others.get("thing")!;
    world.others.set("thing", { ...thing, spec: { most: 0 } } as never);
    world.make({});
    const waiting = await world.pass(kind);
    expect(ready(world)).toMatchObject({ reason: "Waiting", message: expect.stringContaining("0 runs are under way") });
    expect([waiting?.next, world.executions]).toEqual([{ when: "after", ms: MINUTE }, []]);
    world.others.set("thing", { ...thing, spec: { most: 1 } } as never);
    await world.pass(kind);
    expect(world.status.phase).toBe("Running");
  });

  it("with an input that can't be is refused before anything is begun", async () => {
    const world = createRunWorld({ ids: "derived" });
    world.make({ input: "bad" } as never);
    await settle(world);
    expect(world.status).toMatchObject({ phase: "Failed", error: { class: "Expression", message: "input: is bad." } });
    expect([world.executions, world.object?.metadata.finalizers]).toEqual([[], undefined]);
  });

  it("is deleted some time after its end, where spec says so", async () => {
    const world = createRunWorld({ ids: "derived" });
    world.make({ ttlAfterFinished: "1h30m" });
    await world.pass(kind);
    world.executions[0]!.phase = "Succeeded";
    world.advance(1_000);
    await world.pass(kind);
    const left = await world.pass(kind);
    expect(left?.next).toEqual({ when: "after", ms: 90 * MINUTE });
    world.advance(90 * MINUTE);
    await world.pass(kind);
    await world.pass(kind);
    expect(world.object).toBeUndefined();
  });

  it("is ended before its object goes", async () => {
    const world = started();
    await world.pass(kind);
    world.remove();
    await world.pass(kind);
    expect([world.object?.metadata.name, world.executions[0]!.phase]).toEqual(["run", "Cancelled"]);
    await settle(world);
    expect(world.object).toBeUndefined();
  });

  it("that the cloud no longer knows has failed, and is not started again", async () => {
    const world = started();
    await world.pass(kind);
    world.executions.length = 0;
    await settle(world);
    expect(world.status).toMatchObject({ phase: "Failed", error: { class: "Lost" } });
    expect(world.executions).toEqual([]);
  });

  it("whose Environment is another account now is left alone, and not taken for lost", async () => {
    const world = started();
    await world.pass(kind);
    const who = { account: "999988887777", principal: "arn:aws:iam::999988887777:role/onyx" };
    world.environment = environmentWith({ runs: {} } as never, { who });
    world.advance(2 * MINUTE);
    await settle(world);
    expect(ready(world)).toMatchObject({
      reason: "EnvironmentNotReady",
      message: expect.stringContaining("999988887777"),
    });
    world.remove();
    await settle(world);
    expect([world.status.phase, world.object?.metadata.name, world.executions[0]!.stops]).toEqual([
      "Running",
      "run",
      0,
    ]);
  });

  it.each([
    ["denied", "AccessDenied"],
    ["throttled", "Throttled"],
    ["transient", "CloudError"],
  ] as const)("whose start is %s says so, and is started later", async (fault, reason) => {
    const world = started("assigned");
    world.onBoundary = (where) => {
      if (where === "before start") throw refusal(fault);
    };
    await world.pass(kind);
    expect(condition(world.status.conditions, "Synced")).toMatchObject({ status: "False", reason });
    expect(world.status).toMatchObject({ phase: "Pending", attemptedAt: "2026-01-05T10:00:00Z" });
    world.onBoundary = () => {};
    world.advance(2 * MINUTE);
    await world.pass(kind);
    expect(world.status).toMatchObject({ phase: "Running", externalId: "u1-0" });
    expect(world.executions[0]!.startedAt).toBe("2026-01-05T10:00:00Z");
  });

  it("is not started by who sees an older state of it", async () => {
    const world = started("assigned");
    const before = world.object;
    await world.pass(kind);
    world.shown = before;
    await expect(world.pass(kind)).rejects.toThrow("409");
    expect(world.executions).toHaveLength(1);
  });
});

describe("a run that waits for a signal", () => {
  const APPROVE = { steps: [{ task: "approve", state: "Running" as const, startedAt: "2026-01-05T10:00:00Z" }] };
  const signal = (id: string, value = `"${id}"`, name = "approved") => ({ id, name, value });

  async function waiting(): Promise<RunWorld> {
    const world = started();
    await world.pass(kind);
    Object.assign(world.executions[0]!, { waits: "v1", over: APPROVE });
    return world;
  }

  it("says so, and gets the one that comes", async () => {
    const world = await waiting();
    await world.pass(kind);
    expect(ready(world)).toMatchObject({
      message: "It waits for the signal approved, at approve: onyx run signal run approved",
    });
    world.edit({ signals: [signal("other", "1", "paid"), signal("a", '{"by":["me",null]}')] });
    const pass = await world.pass(kind);
    expect(pass?.notices).toMatchObject([{ action: "Signal", note: "Brought the signal approved (a)" }]);
    expect(world.executions[0]!.answers).toEqual([["v1", { by: ["me", null] }]]);
    expect(world.status.signals).toEqual([{ id: "a", visit: "v1" }]);
  });

  it("gets one that came before it waited, and each wait the next of them", async () => {
    const world = await waiting();
    world.executions[0]!.waits = undefined;
    world.edit({ signals: [signal("a"), signal("b")] });
    await world.pass(kind);
    expect(world.executions[0]!.answers).toEqual([]);
    for (const visit of ["v1", "v2", "v3"]) {
      world.executions[0]!.waits = visit;
      await world.pass(kind);
      await world.pass(kind);
    }
    expect(world.executions[0]!.answers).toEqual([
      ["v1", "a"],
      ["v2", "b"],
    ]);
    expect(ready(world)?.message).toMatch(/^It waits for the signal approved/);
  });

  it("gets none that is no JSON, and none that is taken out before it is sent", async () => {
    const world = await waiting();
    world.edit({ signals: [signal("a", "{")] });
    await world.pass(kind);
    expect(ready(world)?.message).toBe("spec.signals: the value of a is no JSON. Take it out and send another.");
    world.onBoundary = (where) => {
      if (where === "before answer") throw new Killed();
    };
    world.edit({ signals: [signal("b")] });
    await expect(world.pass(kind)).rejects.toThrow(Killed);
    world.onBoundary = () => {};
    world.edit({ signals: [signal("c")] });
    await world.pass(kind);
    expect(world.executions[0]!.answers).toEqual([["v1", "c"]]);
    expect(world.status.signals).toEqual([{ id: "c", visit: "v1" }]);
  });

  it("that is cancelled gets none", async () => {
    const world = await waiting();
    world.edit({ cancel: true, signals: [signal("a")] });
    await settle(world);
    expect(world.executions[0]).toMatchObject({ phase: "Cancelled", answers: [] });
  });

  it("gets each once, in order, whatever is cut off", async () => {
    const places = [
      "listening",
      "begin",
      "after begin",
      "before answer",
      "after answer",
      "find",
      "write",
      "after write",
    ];
    const cuts = fc.array(fc.constantFrom(...places), { maxLength: 8 });
    const one = fc.asyncProperty(cuts, fc.integer({ min: 1, max: 4 }), async (cuts, waits) => {
      const world = await waiting();
      const [execution] = world.executions;
      execution!.waits = undefined;
      world.edit({ signals: ["a", "b", "c"].map((id) => signal(id)) });
      const left = Array.from({ length: waits }, (_, n) => `v${n}`);
      for (let passes = 0; passes < 30; passes++) {
        execution!.waits ??= left.shift();
        const where = cuts[passes];
        let due = true;
        world.onBoundary = (here) => {
          if (!due || here !== where) return;
          due = false;
          throw new Killed();
        };
        await world.pass(kind).catch((error) => {
          if (!(error instanceof Killed)) throw error;
        });
        world.advance(1_000);
      }
      const expected = ["a", "b", "c"].slice(0, waits).map((id, n) => [`v${n}`, id]);
      expect(execution!.answers).toEqual(expected);
    });
    await fc.assert(one, { numRuns: 300, seed: SEED });
  });
});

describe("whatever is cut off, a run", () => {
  const PLACES = [
    "claim",
    "after claim",
    "begin",
    "after begin",
    "before start",
    "after start",
    "find",
    "stop",
    "write",
    "after write",
  ];
  const cut = fc.record({
    where: fc.constantFrom(...PLACES),
    how: fc.constantFrom("killed", "transient", "throttled"),
    waitMs: fc.constantFrom(0, 500, 20_000, 61_000),
  });
  const ids = fc.constantFrom("derived" as const, "assigned" as const);
  const last = fc.constantFrom("nothing", "cancel", "remove");
  const hidden = fc.constantFrom(0, 5_000, 59_000);

  it("is there once at most, and comes to an end", async () => {
    const one = fc.asyncProperty(
      ids,
      hidden,
      fc.array(cut, { maxLength: 8 }),
      last,
      async (how, hiddenMs, cuts, then) => {
        const world = createRunWorld({ ids: how, hiddenMs });
        world.make({});
        for (const { where, how, waitMs } of cuts) {
          let due = true;
          world.onBoundary = (here) => {
            if (!due || here !== where) return;
            due = false;
            const ofCloud = /start|find|stop/.test(where);
            throw how === "killed" || !ofCloud ? new Killed() : refusal(how as "transient");
          };
          await world.pass(kind).catch((error) => {
            if (!(error instanceof Killed)) throw error;
          });
          expect(world.executions.length).toBeLessThanOrEqual(1);
          world.advance(waitMs);
        }
        world.onBoundary = () => {};
        if (then === "cancel") world.edit({ cancel: true });
        if (then === "remove") world.remove();
        for (let passes = 0; passes < 8 && world.executions.length === 0; passes++) {
          await world.pass(kind);
          world.advance(30_000);
        }
        if (world.executions[0]?.phase === "Running" && then === "nothing") world.executions[0].phase = "Succeeded";
        await settle(world);
        expect(world.executions.length).toBeLessThanOrEqual(1);
        expect(world.executions.filter(({ phase }) => phase === "Running")).toEqual([]);
        if (then === "remove") expect(world.object).toBeUndefined();
        else expect(world.status.phase).toBe(then === "cancel" ? "Cancelled" : "Succeeded");
      },
    );
    await fc.assert(one, { numRuns: 400, seed: SEED });
  });
});

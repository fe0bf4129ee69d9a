import fc from "fast-check";
import { expect, it } from "vitest";
import { createQueue, type Outcome, PRIORITY, type Priority } from "./queue.ts";
import { createReadyList } from "./ready-list.ts";
import { createFakeClock, settle } from "./testing/fake-clock.ts";
import { createMemoryLog } from "./testing/memory-log.ts";

const key = fc.constantFrom("x/1", "x/2", "x/3", "y/1", "y/2", "z/1");
const priority = fc.constantFrom<Priority>(0, 1, 2, 3);
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      key,
      priority,
      afterMs: fc.constantFrom(0, 0, 0, 500, 5_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("finish", "fail", "requeue", "hold", "retry"), index: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(100, 2_000, 60_000, 700_000) }),
  },
);

it("never works on a key twice at a time, keeps to its concurrency, and loses nothing that was added", async () => {
  const property = fc.asyncProperty(
    fc.array(command, { maxLength: 60, size: "max" }),
    fc.integer({ min: 1, max: 4 }),
    async (commands, concurrency) => {
      const clock = createFakeClock();
      const open: { key: string; end: (outcome: Outcome | Error) => void }[] = [];
      const held = new Set<string>();
      const releases: (() => void)[] = [];
      const owed = new Set<string>();
      const wrong: string[] = [];
      const queue = createQueue({
        name: "q",
        clock,
        log: createMemoryLog(),
        random: () => 0.5,
        concurrency,
        deadlineMs: 1e9,
        work(running) {
          if (open.some((other) => other.key === running)) wrong.push(`${running} runs twice`);
          if (held.has(running)) wrong.push(`${running} runs although it is held`);
          if (open.length >= concurrency) wrong.push("too many run");
          owed.delete(running);
          return new Promise<Outcome>((resolve, reject) => {
            open.push({
              key: running,
              end: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
            });
          });
        },
      });
      queue.start();
      for (const next of commands) {
        if (next.do === "add") {
          owed.add(next.key);
          queue.add(next.key, next);
        } else if (next.do === "advance") {
          await clock.advance(next.ms);
        } else {
          const [ended] = open.splice(next.index % Math.max(open.length, 1), 1);
          if (!ended) continue;
          if (next.do === "fail" || next.do === "retry" || next.do === "requeue") owed.add(ended.key);
          if (next.do === "fail") ended.end(new Error("failed"));
          else if (next.do === "retry") ended.end({ retry: {} });
          else if (next.do === "requeue") ended.end({ requeueAfterMs: 3_000 });
          else if (next.do === "hold") {
            const { promise, resolve } = Promise.withResolvers<void>();
            held.add(ended.key);
            releases.push(() => {
              held.delete(ended.key);
              resolve();
            });
            ended.end({ hold: promise });
          } else ended.end({});
        }
        await settle(1);
      }
      for (const release of releases) release();
      for (let round = 0; round < 100 && (owed.size > 0 || open.length > 0); round++) {
        for (const { end } of open.splice(0)) end({});
        await clock.advance(10_000);
      }
      expect(wrong).toEqual([]);
      expect([...owed]).toEqual([]);
      expect({ depth: queue.depth(), running: queue.running(), delayed: queue.delayed() }).toEqual({
        depth: 0,
        running: 0,
        delayed: 0,
      });
      expect(clock.pending).toBe(0);
    },
  );
  await fc.assert(property, { numRuns: 300 });
}, 60_000);

const push = fc.record({
  namespace: fc.constantFrom("a", "b", "c", "d"),
  priority: fc.constantFrom(...Object.values(PRIORITY)),
});

it("takes the highest priority first, but for the turns of the lowest, and gives namespaces equal shares", () => {
  fc.assert(
    fc.property(fc.array(push, { maxLength: 120, size: "max" }), (pushes) => {
      const list = createReadyList(4);
      pushes.forEach(({ namespace, priority: level }, index) => void list.push(`${index}`, namespace, level));
      const waiting = new Set(pushes.keys());
      const lastTurn = new Map<string, number>();
      for (let turn = 0; waiting.size > 0; turn++) {
        const levels = [...waiting].map((index) => pushes[index]!.priority);
        const taken = Number(list.pop());
        const { namespace, priority: level } = pushes[taken]!;
        expect(waiting.delete(taken)).toBe(true);
        expect(level).toBe(turn % 16 === 15 ? Math.max(...levels) : Math.min(...levels));
        const mates = [...waiting].filter((index) => pushes[index]!.priority === level);
        const passedOver = new Set(mates.map((index) => pushes[index]!.namespace));
        const mine = lastTurn.get(`${level}/${namespace}`) ?? -1;
        for (const other of passedOver) {
          if (other !== namespace) expect(lastTurn.get(`${level}/${other}`) ?? -1).toBeGreaterThanOrEqual(mine);
        }
        const older = mates.filter((index) => pushes[index]!.namespace === namespace && index < taken);
        expect(older).toEqual([]);
        lastTurn.set(`${level}/${namespace}`, turn);
      }
      expect(list.pop()).toBeUndefined();
      expect(list.size).toBe(0);
    }),
    { numRuns: 300 },
  );
});

it("forgets what was taken out again", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(push, fc.boolean()), { maxLength: 300, size: "max" }), (pushes) => {
      const list = createReadyList(4);
      const kept = pushes.flatMap(([{ namespace, priority: level }, keep], index) => {
        const remove = list.push(`${index}`, namespace, level);
        if (keep) return [`${index}`];
        remove();
        remove();
        return [];
      });
      expect(list.size).toBe(kept.length);
      const taken: string[] = [];
      for (let next = list.pop(); next !== undefined; next = list.pop()) taken.push(next);
      expect(taken.sort()).toEqual(kept.sort());
    }),
  );
});

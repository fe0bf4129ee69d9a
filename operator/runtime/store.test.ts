import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "./resource.ts";
import { compareResourceVersions, isOlder } from "./resource-version.ts";
import { type Change, createStore } from "./store.ts";

function thing(name: string, rv: number, uid = `u-${name}`): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace: "ns", uid, resourceVersion: String(rv) } };
}

const told = (changes: readonly Change<KubeObject>[]) =>
  changes.map((change) => `${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`);

describe("resource versions", () => {
  it("compare like numbers of any size", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(compareResourceVersions(String(a), String(b))!)).toBe(expected);
        expect(isOlder(String(a), String(b))).toBe(a < b);
      }),
    );
  });

  it.each([
    ["", "1"],
    ["abc", "abd"],
    ["01", "1"],
    ["-1", "1"],
  ])("%j and %j can't be compared, so neither is older", (a, b) => {
    expect(compareResourceVersions(a, b)).toBeUndefined();
    expect([isOlder(a, b), isOlder(b, a)]).toEqual([false, false]);
  });
});

describe("the store", () => {
  it("takes what is newer, and nothing else", () => {
    const store = createStore();
    expect(told(store.put(thing("a", 5)))).toEqual(["added a@5"]);
    expect(told(store.put(thing("a", 5)))).toEqual([]);
    expect(told(store.put(thing("a", 4)))).toEqual([]);
    expect(told(store.remove(thing("a", 4)))).toEqual([]);
    expect(told(store.put(thing("a", 6)))).toEqual(["updated a@6"]);
    expect(told(store.remove(thing("a", 7)))).toEqual(["deleted a@7"]);
    expect(told(store.remove(thing("a", 8)))).toEqual([]);
  });

  it("takes the deletion of a successor for that of the one it knows", () => {
    const store = createStore();
    store.put(thing("a", 5, "first"));
    expect(store.remove(thing("a", 9, "second"))).toEqual([
      { type: "deleted", key: "ns/a", object: thing("a", 5, "first"), assumed: true },
    ]);
  });

  it("is replaced by a complete state, but keeps what is newer than that", () => {
    const store = createStore();
    for (const object of [
      thing("gone", 3),
      thing("same", 4),
      thing("older", 5),
      thing("newer", 50),
      thing("young", 51),
    ])
      store.put(object);
    const changes = store.replace([thing("same", 4), thing("older", 6), thing("newer", 40), thing("new", 7)], "45");
    expect(told(changes).sort()).toEqual(["added new@7", "deleted gone@3", "updated older@6"]);
    expect(store.get("ns/newer")?.metadata.resourceVersion).toBe("50");
    expect(store.get("ns/young")).toBeDefined();
  });

  it("goes back to an earlier state when that is meant", () => {
    const store = createStore();
    for (const object of [thing("a", 50), thing("b", 51)]) store.put(object);
    expect(told(store.replace([thing("a", 10)], "20", true))).toEqual(["deleted b@51", "updated a@10"]);
  });

  it("keeps its indexes true through every change", () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      uid: fc.constantFrom("1", "2"),
      remove: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => {
        const store = createStore<KubeObject>({ indexers: { byUid: ({ metadata }) => [metadata.uid, "all"] } });
        steps.forEach(({ name, uid, remove }, index) => {
          const object = thing(name, index + 1, uid);
          if (remove) store.remove(object);
          else store.put(object);
        });
        const all = store.list();
        expect(store.byIndex("byUid", "all")).toHaveLength(all.length);
        for (const uid of ["1", "2"]) {
          expect(new Set(store.byIndex("byUid", uid))).toEqual(
            new Set(all.filter(({ metadata }) => metadata.uid === uid)),
          );
        }
        expect(new Set(store.list("ns"))).toEqual(new Set(all));
        expect(store.size).toBe(all.length);
      }),
    );
  });
});

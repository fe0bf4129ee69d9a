import { expect, it } from "vitest";
import { ProviderError } from "../provider/fault.ts";
import { cloudName } from "../provider/names.ts";
import type { Owner } from "../provider/owner.ts";
import type { EnvironmentView } from "./environment-view.ts";
import { sweep } from "./sweep.ts";

const owner = (over: Partial<Owner> = {}): Owner => ({
  ...{ environment: "prod", cluster: "blue", namespace: "tenant-acme", kind: "Queue", name: "jobs", uid: "u" },
  ...over,
});
const nameOf = (namespace: string, name: string) => cloudName({ prefix: "prod", namespace, name }, 80);

/** A cloud with things by name, and whose they are. */
function cloudWith(things: Readonly<Record<string, Owner | undefined>>, over: Readonly<Record<string, object>> = {}) {
  const queues = {
    list: async () => Object.keys(things).map((name) => ({ name, id: `id/${name}` })),
    observe: async ({ name }: { readonly name: string }) =>
      name in things ? { exists: true, id: `id/${name}`, owner: things[name] } : { exists: false },
  };
  const providers: Readonly<Record<string, object>> = { Queue: queues, ...over };
  return {
    name: "prod",
    prefix: "prod",
    place: { cluster: "blue" },
    provider: (kind: string) => providers[kind] ?? { unsupported: "not here" },
  } as unknown as EnvironmentView;
}
const search = (view: EnvironmentView, kinds: readonly string[] = ["Queue"]) =>
  sweep(view, kinds, "tenant-acme", new AbortController().signal);

it.each([
  ["an orphan of the namespace", nameOf("tenant-acme", "jobs"), owner(), true],
  ["what was let go of", nameOf("tenant-acme", "jobs"), owner({ cluster: "", uid: "" }), false],
  ["another cluster's", nameOf("tenant-acme", "jobs"), owner({ cluster: "green" }), false],
  ["what nobody marked", nameOf("tenant-acme", "jobs"), undefined, false],
  [
    "another namespace's that begins alike",
    nameOf("tenant-acme-2", "jobs"),
    owner({ namespace: "tenant-acme-2" }),
    false,
  ],
  ["the topic of a Queue, listed as something else", nameOf("tenant-acme", "jobs"), owner({ kind: "Topic" }), false],
] as const)("finds %s: %#", async (_, name, marks, isFound) => {
  const { found } = await search(cloudWith({ [name]: marks }));
  expect(found).toEqual(isFound ? [{ kind: "Queue", externalId: `id/${name}` }] : []);
});

it("looks closer only at what is called like it", async () => {
  const looked: string[] = [];
  const list = async () => [nameOf("tenant-acme", "a"), nameOf("shop", "b")].map((name) => ({ name, id: name }));
  const observe = async ({ name }: { readonly name: string }) => {
    looked.push(name);
    return { exists: false };
  };
  await search(cloudWith({}, { Queue: { list, observe } }));
  expect(looked).toEqual([nameOf("tenant-acme", "a")]);
});

it("tells what it could not search", async () => {
  const denied = () => Promise.reject(new ProviderError("denied", "no", { code: "AccessDenied" }));
  const view = cloudWith({}, { Bucket: {}, Table: { list: denied } });
  expect(await search(view, ["Queue", "Bucket", "Table", "Topic"])).toEqual({
    searched: ["Queue"],
    unsearched: ["Bucket", "Table", "Topic"],
    found: [],
  });
});

it("does not take silence for absence", async () => {
  const down = () => Promise.reject(new ProviderError("transient", "down", { code: "503" }));
  await expect(search(cloudWith({}, { Queue: { list: down } }))).rejects.toThrow("down");
});

import { expect, it } from "vitest";
import type { Client } from "../runtime/client.ts";
import { release } from "./leaf-controller.ts";
import { FINALIZER } from "./object.ts";

it("takes our finalizer off the very object, whatever others write to it meanwhile", async () => {
  const sent: unknown[] = [];
  const client = {
    patch: async (_type: unknown, _at: unknown, patch: unknown) => {
      sent.push(patch);
      return { metadata: { name: "orders", resourceVersion: "8" } };
    },
  } as unknown as Pick<Client, "patch">;
  const type = { group: "g", version: "v1", plural: "things", kind: "Thing", namespaced: true };
  const metadata = { name: "orders", namespace: "shop", uid: "u1", resourceVersion: "7" };
  const object = { kind: "Thing", metadata: { ...metadata, finalizers: ["example.com/held", FINALIZER] } };
  expect(await release(client, type, object as never, new AbortController().signal)).toBe("8");
  expect(sent).toEqual([
    [
      { op: "test", path: "/metadata/uid", value: "u1" },
      { op: "test", path: "/metadata/finalizers/1", value: FINALIZER },
      { op: "remove", path: "/metadata/finalizers/1" },
    ],
  ]);
});

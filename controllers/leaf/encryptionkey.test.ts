import { expect, it } from "vitest";
import { type EncryptionKeySpec, encryptionKey as schema } from "../../crds/encryptionkey.ts";
import { encryptionKey } from "./encryptionkey.ts";

const spec = (over: object = {}) => ({ ...schema.spec.parse({}), ...over }) as EncryptionKeySpec;

it.each([
  [{}, undefined],
  [{ rotation: "Never" }, undefined],
  [{ rotation: 5 }, "rotation: is 5, and should be Regular or Never"],
  [{ rotation: undefined }, "rotation: is undefined, and should be Regular or Never"],
  [{ rotationDays: "90" }, 'rotationDays: is "90", and should be whole days'],
  [{ rotationDays: undefined }, "rotationDays: is undefined, and should be whole days"],
])("a spec that was stored past the schema, %j, is told and not guessed at", (over, said) => {
  const flaw = encryptionKey.flaw?.(spec(over));
  if (said === undefined) expect(flaw).toBeUndefined();
  else expect(flaw).toContain(said);
});

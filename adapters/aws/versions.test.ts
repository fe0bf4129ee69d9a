import fc from "fast-check";
import { expect, it } from "vitest";
import { byBytes } from "../../operator/provider/copying.ts";
import { entriesOf, liveAt } from "./versions.ts";

const T0 = Date.UTC(2026, 0, 5);
const seconds = (n: number) => new Date(T0 + n * 1000);

/** What happened to an object, one second after another: a text was written, or it was deleted. */
const history = fc.array(fc.option(fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 6 });
const histories = fc.dictionary(fc.string({ minLength: 1, maxLength: 5, unit: "grapheme" }), history, {
  maxKeys: 8,
  noNullPrototype: true,
});

/** As S3 lists it: by name, the newest first, cut into pages at any place. */
function listed(all: Readonly<Record<string, readonly (string | null)[]>>, pageSize: number) {
  const entries = Object.entries(all)
    .sort(([a], [b]) => byBytes(a, b))
    .flatMap(([Key, events]) =>
      events
        .map((text, n) => ({
          Key,
          VersionId: `${Key} ${n}`,
          LastModified: seconds(n),
          IsLatest: n === events.length - 1,
          ...(text === null ? {} : { Size: text.length }),
        }))
        .reverse(),
    );
  const pages = Array.from({ length: Math.ceil(entries.length / pageSize) }, (_, n) =>
    entries.slice(n * pageSize, (n + 1) * pageSize),
  );
  return pages.map((page) =>
    entriesOf({
      Versions: page.filter((one) => "Size" in one),
      DeleteMarkers: page.filter((one) => !("Size" in one)),
      $metadata: {},
    }),
  );
}

async function* each<T>(all: readonly T[]) {
  yield* all;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

it("finds of each object what was in force at any moment, wherever the pages are cut", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(7), fc.integer({ min: 1, max: 9 }), async (past, second, pageSize) => {
      const found = await all(liveAt(each(listed(past, pageSize)), seconds(second)));
      const expected = Object.entries(past)
        .map(([name, events]) => [name, Math.min(second, events.length - 1)] as const)
        .filter(([name, n]) => past[name]?.[n] !== null)
        .map(([name, n]) => `${name} ${n}`);
      expect(found.map(({ versionId }) => versionId)).toEqual(
        expected.sort((a, b) => byBytes(a.slice(0, a.lastIndexOf(" ")), b.slice(0, b.lastIndexOf(" ")))),
      );
    }),
  );
});

it("what was written and deleted within one second counts as written, unless it is the latest that it was deleted", async () => {
  const at = seconds(0);
  const version = { Key: "a", VersionId: "1", LastModified: at, Size: 1 };
  const marker = { Key: "a", VersionId: "2", LastModified: at };
  const page = (markerIsLatest: boolean) =>
    entriesOf({
      Versions: [{ ...version, IsLatest: false }],
      DeleteMarkers: [{ ...marker, IsLatest: markerIsLatest }],
      $metadata: {},
    });
  expect(await all(liveAt(each([page(false)]), at))).toMatchObject([{ versionId: "1" }]);
  expect(await all(liveAt(each([page(true)]), at))).toEqual([]);
});

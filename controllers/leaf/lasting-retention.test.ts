import { expect, it } from "vitest";
import { lastingRetention } from "./lasting-retention.ts";
import type { BucketWant } from "./wants.ts";

type Retention = BucketWant["retention"];
const locked = (days: number) => ({ days, lock: true });
const open = (days: number) => ({ days, lock: false });
const ask = (want: Retention, live: Retention | undefined) =>
  lastingRetention({ retention: want } as BucketWant, live === undefined ? {} : { retention: live });

it.each<[string, Retention, Retention | undefined]>([
  ["no retention", null, null],
  ["one without a lock", open(3), null],
  ["one without a lock that is taken away", null, open(3)],
  ["one without a lock that is shortened", open(1), open(3)],
  ["the lock that is there", locked(3), locked(3)],
])("%s is nothing for good", (_what, want, live) => {
  expect(ask(want, live)).toBeUndefined();
});

it.each<[string, Retention, Retention | undefined, Retention]>([
  ["a lock of what is yet to be made", locked(3), undefined, open(3)],
  ["a lock where there was no retention", locked(3), null, open(3)],
  ["a lock of what is kept already", locked(3), open(3), open(3)],
  ["a lock of fewer days than there were without", locked(3), open(9), open(3)],
  ["more days of a lock", locked(9), locked(3), locked(3)],
])("%s waits, and meanwhile there is as much as can be undone", (_what, want, live, meanwhile) => {
  expect(ask(want, live)).toEqual({
    meanwhile: { retention: meanwhile },
    loses: expect.stringContaining(`before it is ${want?.days} days old`),
  });
});

it.each<[string, Retention]>([
  ["away", null],
  ["unlocked", open(9)],
  ["shorter", locked(2)],
])("a lock can't be had %s", (_what, want) => {
  expect(ask(want, locked(3))).toEqual({
    meanwhile: { retention: locked(3) },
    cannot: expect.stringMatching(/^spec\.retention: .*locked at 3 days.*\{ days: 3, lock: true \}/),
  });
});

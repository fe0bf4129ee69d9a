import type { Lane } from "./lane.ts";
import { settle } from "./process.ts";
import type { Scribe } from "./report.ts";
import type { LiveSubject } from "./subject.ts";
import type { Passing } from "./wire.ts";

/** Operations that take something away. */
const DESTROYS = /^(Delete|Destroy|Remove|Unsubscribe|Disable|ScheduleKeyDeletion|delete )/;
export const isDestructive = ({ mutating, operation }: Passing): boolean => mutating && DESTROYS.test(operation);

/** Operators' own time in which nothing may be written once all is well, in ms: more than three resyncs. */
const QUIET_TIME_MS = 35 * 60_000;
/** After that an Environment has told how its budget was used in the last minute. */
const SETTLED_MS = 3 * 60_000;

/** Of the machine's time, in which nothing passes: what the API server had to tell has come. */
const AT_REST_MS = 400;
const PATIENCE_MS = 60_000;
/** So many characters of a request are shown. */
const SHOWN = 600;

/** U2: what carries the marks of an object, counted in the cloud. */
export async function expectCount(
  subject: Pick<LiveSubject, "title" | "count">,
  count: number,
  scribe: Scribe,
): Promise<void> {
  const found = await subject.count();
  if (found !== count) scribe.violation("U2 one resource for one object", `${subject.title}: ${found}, not ${count}`);
}

/** U4: nothing is taken away but what the same thing takes away when nothing goes wrong. */
export function expectNoSurprise(writes: readonly Passing[], usual: readonly Passing[], scribe: Scribe): void {
  const allowed = new Set(usual.filter(isDestructive).map(({ operation }) => operation));
  for (const write of writes.filter(isDestructive))
    if (!allowed.has(write.operation))
      scribe.violation("U4 no destructive surprise", `${write.operation} ${write.target}`);
}

/** U5: nothing is written any more, over three resyncs. */
export async function expectQuiet(lane: Lane, scribe: Scribe): Promise<void> {
  await settle(() => lane.wire.quietMs() > AT_REST_MS, PATIENCE_MS);
  await pass(lane, SETTLED_MS);
  const from = lane.wire.passed.length;
  await pass(lane, QUIET_TIME_MS);
  for (const { operation, body } of lane.wire.passed.slice(from).filter(({ mutating }) => mutating))
    scribe.violation("U5 quiet once all is well", `${operation} ${body.slice(0, SHOWN)}`);
}

/** So much of the lane's time goes by. @param stepMs as `UntilOptions.stepMs` */
export async function pass(lane: Lane, ms: number, stepMs = 60_000): Promise<void> {
  const until = lane.clock.monotonic() + ms;
  await lane.until("the end of the quiet time", () => lane.clock.monotonic() >= until, { stepMs });
}

/** U8: what is secret is in nothing that operators said, wrote to status, or measured. */
export async function expectNoSecrets(lane: Lane, scribe: Scribe): Promise<void> {
  const { lines, told, metrics } = lane.evidence;
  const objects = await lane.cluster.kubectl(["get", "onyx", "-A", "-o=json"]);
  const places = { log: lines.join("\n"), events: told.join("\n"), metrics: metrics.join("\n"), objects };
  for (const [place, text] of Object.entries(places))
    for (const canary of lane.canaries)
      if (text.includes(canary)) scribe.violation("U8 no secret anywhere", `the ${place} hold ${canary.slice(0, 6)}…`);
}

import type { ProxyFault, Trouble } from "../../support/fault-proxy.ts";
import { collectionOf, errorLine, ownType, queryOf, statusOf } from "../collections.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";

/** So often a watch is refused before it is taken again. */
const REFUSALS = 12;
const HTML = "<html><head><title>502 Bad Gateway</title></head></html>";

/** A way in which a watch goes wrong: what its stream says last, or what it is answered. */
interface Mishap {
  readonly title: string;
  /** Cause under which it is counted. */
  readonly cause: string;
  readonly says?: string;
  /** How its connection ends after that. */
  readonly ends?: "end" | "cut";
  readonly answered?: Trouble;
  /** How often in a row; 1 if left out. */
  readonly times?: number;
}

const refusal = (status: number, body: string): Trouble => ({ do: "answer", status, body });

const MISHAPS: readonly Mishap[] = [
  ...[429, 500, 504].map((code) => ({
    title: `an ERROR event of ${code}`,
    cause: `status-${code}`,
    says: errorLine(code, "InternalError"),
  })),
  {
    title: "403 for the watch",
    cause: "status-403",
    answered: refusal(403, statusOf(403, "Forbidden")),
    times: REFUSALS,
  },
  { title: "a page of a load balancer with 502", cause: "status-502", answered: refusal(502, HTML), times: REFUSALS },
  { title: "a page of a load balancer with 200", cause: "line-invalid", answered: refusal(200, `${HTML}\n`) },
  { title: "half a line at the end", cause: "line-truncated", says: '{"type":"MODIFIED","object":{"metadata":{"na' },
  { title: "half a line, and the connection breaks", cause: "connection", says: '{"type":"MODI', ends: "cut" },
];

export const refusedWatches: Scenario = {
  faults: [10],
  title: "watches are answered with what they can't go on from",
  async *run(lane) {
    const script = async (scene: Scene) => {
      const { proxy, scribe, shift } = scene;
      const queues = collectionOf(ownType("Queue"), scene.namespace);
      const subject = scene.subject("one");
      await scene.ready(subject);
      const failures = async (cause: string): Promise<number> => {
        const line = `onyx_cache_failures_total{resource="queues.onyx.onelens.io",cause="${cause}"}`;
        const found = (await shift.current().metrics()).split("\n").find((one) => one.startsWith(line));
        return Number(found?.slice(line.length) ?? 0);
      };
      for (const { title, cause, says, ends = "end", answered, times = 1 } of MISHAPS) {
        scribe.plan(title);
        await scene.comes("the watch open", () => [...proxy.streams.open].some(({ call }) => queues.watches(call)));
        const before = await failures(cause);
        const when: ProxyFault["when"] = (call) => queues.watches(call) && !queryOf(call).has("sendInitialEvents");
        const refused = answered && proxy.inject({ when, times, trouble: answered });
        for (const stream of proxy.streams.open) {
          if (!queues.watches(stream.call)) continue;
          if (says) stream.send(says);
          stream[ends]();
        }
        await subject.apply({ tags: { after: cause } });
        await scene.comes(
          "as many failures counted as there were",
          async () => (await failures(cause)) >= before + times,
        );
        if (refused === undefined || refused.hits === times) scribe.hit();
        await scene.settled();
        proxy.heal();
      }
    };
    yield await play(lane, "watches are refused", script, { connections: lane.clock });
  },
};

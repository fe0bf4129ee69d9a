import type { Host } from "../hack/testbed/host.ts";
import { freePorts } from "../hack/testbed/ports.ts";
import { isAlive } from "../hack/testbed/processid.ts";
import { openRun, readRun } from "../hack/testbed/run.ts";
import { waitUntil } from "../hack/testbed/wait.ts";
import { createDriver, type Driver } from "./driver.ts";
import { type BareGround, layGround } from "./ground.ts";
import type { Peer } from "./peers.ts";
import { type Watched, watchQueues } from "./watch.ts";

/** One process of a peer. */
export interface Member {
  readonly pid: number;
  /** Answers 200 once the process has all objects. Undefined: the peer has none. */
  readonly readyUrl: string | undefined;
  /** Throws when the process has ended. */
  check(): void;
  /** Sends the signal and waits until the process is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** A peer at work on a cluster and a cloud of its own. */
export interface Scene extends BareGround {
  readonly driver: Driver;
  readonly watched: Watched;
  /** The process that was started last. */
  readonly peer: Member;
  /** Process id. */
  readonly apiserver: number;
  /** Starts one more process of the peer; with other options than the scene's, if they are given. */
  start(options?: Pick<SceneOptions, "resyncSeconds">): Promise<Member>;
  /** Waits until so many Queues of that prefix are Ready. @returns when each first was, by name */
  ready(prefix: string, count: number, generation?: number): Promise<ReadonlyMap<string, number>>;
  /** Makes so many Queues and waits until they are Ready. */
  populate(prefix: string, count: number): Promise<void>;
  /** Makes one Queue of that prefix. @returns ms from the create to Ready */
  one(prefix: string): Promise<number>;
  /** Waits until there is no Queue any more. */
  gone(): Promise<void>;
}

export interface SceneOptions {
  /** Under .run; bench-… if left out. */
  readonly name?: string;
  /** As in `layGround`. */
  readonly finalizerAtAdmission?: boolean;
  /** Several processes of the peer are started, one of which works. */
  readonly elects?: boolean;
  /** How often the cloud is looked at when nothing happens; what is usual with the peer if left out. */
  readonly resyncSeconds?: number;
}

const WARM_UP = 20;
const PATIENCE_MS = 900_000;

/** Boots a cluster and a cloud, starts the peer, and waits until it has made 20 Queues. */
export async function setScene(peer: Peer, host: Host, options: SceneOptions = {}): Promise<Scene> {
  const launch = await peer.prepare(host);
  const name = options.name ?? `bench-${peer.name}`;
  await using undo = new AsyncDisposableStack();
  const ground = undo.use(await layGround(name, host, options));
  const run = await openRun(host, `${name}-peer`, { keep: false });
  undo.defer(() => run.stop());
  const watched = await watchQueues(ground.client);
  undo.defer(() => watched.stop());
  const driver = createDriver(ground.client);

  const members: Member[] = [];
  const peerOf = () => members.at(-1) as Member;
  const start: Scene["start"] = async (other = {}) => {
    const [port] = (await freePorts(1)) as [number];
    const program = launch({
      kubeconfig: ground.cluster.kubeconfig,
      cloud: ground.cloud.url,
      port,
      ...options,
      ...other,
    });
    const launched = run.launch({ ...program, name: `${peer.name}-${members.length}` });
    const id = readRun(run.folder)?.processes.at(-1);
    if (!id) throw new Error(`${peer.name} could not be started. ${launched.logTail()}`);
    const member: Member = {
      pid: id.pid,
      readyUrl: program.readyUrl,
      check: () => launched.check(),
      async end(signal) {
        process.kill(id.pid, signal);
        await waitUntil(() => !isAlive(id), { what: `The end of ${peer.name}`, timeoutMs: 60_000, everyMs: 2 });
      },
    };
    members.push(member);
    return member;
  };
  const patiently = (what: string, condition: () => boolean) =>
    waitUntil(condition, { what, timeoutMs: PATIENCE_MS, everyMs: 20, check: () => peerOf().check() });
  const ready: Scene["ready"] = async (prefix, count, generation) => {
    await patiently(`${count} Queues`, () => watched.ready(prefix, generation).size >= count);
    return watched.ready(prefix, generation);
  };
  const populate: Scene["populate"] = async (prefix, count) => {
    await driver.create(prefix, count);
    await ready(prefix, count);
  };
  await start();
  await populate("warm", WARM_UP);

  const apiserver = readRun(ground.cluster.folder)?.processes.find((one) => one.name === "kube-apiserver")?.pid ?? 0;
  let ones = 0;
  const end = undo.move();
  return {
    ...ground,
    driver,
    watched,
    get peer() {
      return peerOf();
    },
    apiserver,
    start,
    ready,
    populate,
    async one(prefix) {
      const name = `${prefix}-${ones++}`;
      const sent = await driver.createOne(name);
      const at = () => watched.ready(prefix).get(name);
      await waitUntil(() => at() !== undefined, {
        what: name,
        timeoutMs: PATIENCE_MS,
        everyMs: 2,
        check: () => peerOf().check(),
      });
      return (at() ?? Number.NaN) - sent;
    },
    gone: () => patiently("The end of all Queues", () => watched.size() === 0),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

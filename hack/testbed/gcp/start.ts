/** Puts the cloud together and serves it: gRPC on one port, REST and the tests' own surface on another. */
import { setTimeout as wait } from "node:timers/promises";
import { ancestorsOf } from "./engine/ancestors.ts";
import { newClock } from "./engine/clock.ts";
import { type Control, controlRoute } from "./engine/control.ts";
import { newCrud } from "./engine/crud.ts";
import { loadDefinitions, type Method } from "./engine/definitions.ts";
import { newEngine } from "./engine/engine.ts";
import { type Faults, newFaults } from "./engine/faults.ts";
import { grpcServer, grpcStatus } from "./engine/grpc.ts";
import { newJournal } from "./engine/journal.ts";
import { listenGrpc, listenHttp } from "./engine/listen.ts";
import { shortName } from "./engine/names.ts";
import { newOperations, operationHandlers } from "./engine/operations.ts";
import { restServer } from "./engine/rest.ts";
import { newStore } from "./engine/store.ts";
import { validator } from "./engine/validate.ts";
import type { Handler, Settings, World } from "./engine/world.ts";
import { eventarc } from "./services/eventarc/eventarc.ts";
import { firestoreAdmin } from "./services/firestore/admin.ts";
import { firestoreData } from "./services/firestore/data.ts";
import { iam } from "./services/iam/iam.ts";
import { projects } from "./services/iam/projects.ts";
import { CRYPTO_KEY, KEY_RING } from "./services/kms/keys.ts";
import { kms } from "./services/kms/kms.ts";
import type { ServiceModule } from "./services/module.ts";
import { monitoring } from "./services/monitoring.ts";
import { pubsub } from "./services/pubsub/pubsub.ts";
import { SUBSCRIPTION, TOPIC } from "./services/pubsub/topics.ts";
import { scheduler } from "./services/scheduler/scheduler.ts";
import { secretManager } from "./services/secretmanager/secretmanager.ts";
import { storage } from "./services/storage/storage.ts";
import { storageTransfer } from "./services/storagetransfer/storagetransfer.ts";
import { workflowsService } from "./services/workflows/workflows.ts";

/** What the services below are defined in; google-proto-files brings what these import. */
const PROTOS = [
  "google/pubsub/v1/pubsub.proto",
  "google/firestore/admin/v1/firestore_admin.proto",
  "google/firestore/v1/firestore.proto",
  "google/cloud/kms/v1/service.proto",
  "google/cloud/eventarc/v1/eventarc.proto",
  "google/cloud/eventarc/publishing/v1/publisher.proto",
  "google/cloud/scheduler/v1/cloudscheduler.proto",
  "google/cloud/resourcemanager/v3/projects.proto",
  "google/cloud/secretmanager/v1/service.proto",
  "google/cloud/workflows/v1/workflows.proto",
  "google/cloud/workflows/executions/v1/executions.proto",
  "google/storagetransfer/v1/transfer.proto",
  "google/iam/v1/iam_policy.proto",
  "google/iam/admin/v1/iam.proto",
  "google/rpc/error_details.proto",
];

export interface GcpOptions {
  /** host:port of pstest, which carries the messages. */
  readonly pubsub: string;
  /** Id of the one project; "demo-project" if absent. */
  readonly project?: string;
  /** Port of the REST server; gRPC takes the next one. 0, the default, picks two free ones. */
  readonly port?: number;
  readonly settings?: Partial<Settings>;
  /** Where an engine that runs workflows answers, as http://127.0.0.1:port. Absent: executions stay ACTIVE. */
  readonly workflowEngine?: string | undefined;
  /** Numbers in [0, 1) for faults with a probability. */
  random?(): number;
}

export interface Gcp {
  /** host:port */
  readonly grpc: string;
  /** http://host:port */
  readonly rest: string;
  readonly project: string;
  readonly projectNumber: string;
  readonly control: Control;
  close(): Promise<void>;
}

const DEFAULTS: Settings = { operationMillis: 200, databaseNameMillis: 5 * 60 * 1000, foreignBuckets: {} };
const PROJECT_NUMBER = "123456789012";

function newWorld(options: GcpOptions): World {
  const definitions = loadDefinitions(PROTOS);
  const store = newStore();
  return {
    definitions,
    validator: validator(definitions),
    store,
    clock: newClock(),
    operations: newOperations(store),
    settings: { ...DEFAULTS, ...options.settings },
    project: { id: options.project ?? "demo-project", number: PROJECT_NUMBER },
  };
}

function newModules(world: World, options: GcpOptions, faults: Faults) {
  const status = world.definitions.type("google.rpc.Status");
  const badRequest = world.definitions.type("google.rpc.BadRequest");
  const messages = pubsub({
    world,
    address: options.pubsub,
    realNow: Date.now,
    toStatus: (error) => grpcStatus(error, badRequest, status),
    async admit(subscription) {
      const { error, delayMillis } = faults.hit("google.pubsub.v1.Subscriber.StreamingPull", subscription, false);
      if (delayMillis > 0) await wait(delayMillis);
      if (error) throw error;
    },
  });
  const backlogs = () =>
    new Map(
      world.store.names(SUBSCRIPTION).map((name) => [shortName(name), messages.delivery.backlog(name) ?? 0] as const),
    );
  return { messages, backlogs };
}

/** Hand-written handlers, then those that the definitions give, for the services that the modules name. */
function bindAll(world: World, modules: readonly ServiceModule[]): Map<string, Handler> {
  const semantics = Object.assign({}, ...modules.map((module) => module.semantics ?? {}));
  const crud = newCrud(world, semantics, ancestorsOf(world.definitions));
  const served = new Set(modules.flatMap(({ services }) => services));
  const own: Record<string, Handler> = Object.assign(
    { ...operationHandlers },
    ...modules.map(({ unary }) => unary ?? {}),
  );
  const bind = (method: Method): [string, Handler][] => {
    const handler = own[method.fullName] ?? (served.has(method.service) ? crud(method) : undefined);
    return handler === undefined ? [] : [[method.fullName, handler]];
  };
  return new Map([...world.definitions.methods.values()].flatMap(bind));
}

/** Starts the test bed's GCP cloud in this process. Reject: a port is taken. */
export async function startGcp(options: GcpOptions): Promise<Gcp> {
  const world = newWorld(options);
  const initial = { ...world.settings };
  const faults = newFaults(() => world.store.snapshot(), options.random ?? Math.random);
  const journal = newJournal();
  const { messages, backlogs } = newModules(world, options, faults);
  const files = storage({
    world,
    engine: () => engine,
    publish: (topic, sent) => messages.delivery.publish(topic, sent),
    finalized: (bucket, one) => transfers.finalized(bucket, one),
  });
  const transfers = storageTransfer({ world, receive: files.receive });
  const flows = workflowsService({ world, workflowEngine: options.workflowEngine, engine: () => engine });
  const sends = { publish: messages.delivery.publish, callWorkflows: flows.call };
  const modules: ServiceModule[] = [
    messages,
    scheduler({ world, ...sends }),
    eventarc({ world, ...sends }),
    firestoreAdmin(),
    firestoreData(world),
    projects(world),
    kms(world),
    iam([TOPIC, SUBSCRIPTION, KEY_RING, CRYPTO_KEY]),
    files.module,
    transfers.module,
    secretManager(world),
    flows.module,
    monitoring({
      world,
      backlogs,
      guarded: (resource, signal, answer) => engine.guarded("monitoring.query", resource, signal, answer),
    }),
  ];
  let tap: Parameters<Control["tap"]>[0];
  const engine = newEngine({
    world,
    handlers: {
      unary: bindAll(world, modules),
      streams: new Map(modules.flatMap(({ streams }) => Object.entries(streams ?? {}))),
    },
    faults,
    journal,
    tap: () => tap,
    sleep: (millis, signal) => wait(millis, undefined, { signal }),
  });
  const control: Control = {
    faults,
    journal,
    settings: world.settings,
    tap(next) {
      tap = next;
    },
    async advance(millis) {
      world.clock.advance(millis);
      world.operations.settle();
      // What needs no waiting is through when this returns, also for those who don't wait.
      await Promise.all(modules.map((module) => module.advanced?.()));
    },
    backlogs,
    async reset() {
      faults.clear();
      world.clock.reset();
      world.operations.reset();
      world.store.clear();
      Object.assign(world.settings, initial);
      for (const module of modules) await module.reset?.();
      journal.clear();
    },
  };
  const rest = restServer(engine, [controlRoute(control), ...modules.flatMap(({ routes }) => routes ?? [])]);
  const rpc = grpcServer(engine, new Map(modules.flatMap(({ bidi }) => Object.entries(bidi ?? {}))));
  const restPort = await listenHttp(rest, options.port ?? 0);
  const grpcPort = await listenGrpc(rpc, options.port ? options.port + 1 : 0);
  return {
    grpc: `127.0.0.1:${String(grpcPort)}`,
    rest: `http://127.0.0.1:${String(restPort)}`,
    project: world.project.id,
    projectNumber: world.project.number,
    control,
    async close() {
      rpc.forceShutdown();
      rest.closeAllConnections();
      await new Promise((resolve) => rest.close(resolve));
      for (const module of modules) await module.close?.();
    },
  };
}

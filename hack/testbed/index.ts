/** The test bed as a library: real control planes and both clouds, for tests, the demo and the bench. */
export { type AuditEvent, readAudit } from "./audit.ts";
export {
  type AwsEmulator,
  type CloudOptions,
  type Clouds,
  type GcpCloudOptions,
  type GcpEmulator,
  startAws,
  startClouds,
  startGcp,
  startMoto,
} from "./clouds.ts";
export { type Cluster, type ClusterOptions, FULL, LIGHT, type Part, startCluster, WITH_KEDA } from "./cluster.ts";
export { TestBedError } from "./errors.ts";
export { type Host, thisHost } from "./host.ts";
export type { Flavor } from "./nodes.ts";
export { type AnyCluster, localCluster, provideCluster } from "./provide.ts";
export { waitUntil } from "./wait.ts";
export { chooseWay } from "./ways.ts";
export { type WorkflowError, type WorkflowOutcome, WorkflowRefused } from "./workflows/client.ts";
export { type DeployedWorkflow, startWorkflowEngine, type WorkflowEngine } from "./workflows/start.ts";

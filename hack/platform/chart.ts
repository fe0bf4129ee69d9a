import { stringify } from "yaml";
import { API_VERSION } from "../../crds/define.ts";
import { FINALIZER } from "../../operator/reconcile/object.ts";
import { exec } from "../testbed/exec.ts";
import { type AnyCluster, waitUntil } from "../testbed/index.ts";
import { OPERATOR_NAME, OPERATOR_NAMESPACE } from "./operator.ts";

/** Secrets that the operator may read, for Environments with credentials. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Installs both charts with real Helm. No replicas: the pods of the test bed are not real, the operator runs as a
 * process beside it.
 *
 * @param values more values of the operator's chart
 */
export async function installCharts(
  cluster: Pick<AnyCluster, "kubectl" | "kubeconfig" | "helmPath">,
  secrets: readonly SecretName[],
  values: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const install = (release: string, chart: string, namespace: string, ...more: string[]) =>
    exec(cluster.helmPath, [
      "upgrade",
      "--install",
      release,
      chart,
      `--namespace=${namespace}`,
      "--create-namespace",
      "--wait",
      "--timeout=60s",
      `--kubeconfig=${cluster.kubeconfig}`,
      ...more,
    ]);
  await install("onyx-crds", "charts/onyx-crds", OPERATOR_NAMESPACE);
  const crds = (await cluster.kubectl(["get", "crd", "-o", "name"]))
    .split("\n")
    .filter((name) => name.endsWith(".onyx.onelens.io"));
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...crds]);
  await install(
    OPERATOR_NAME,
    "charts/onyx-operator",
    OPERATOR_NAMESPACE,
    "--set=replicas=0",
    `--set-json=credentialSecrets=${JSON.stringify(secrets)}`,
    ...Object.entries(values).map(([name, value]) => `--set-json=${name}=${JSON.stringify(value)}`),
  );
  await admissionRuns(cluster);
}

/**
 * Waits until the chart's admission policy, where the server has such policies, works on our kinds. The server reads
 * their schemas every five seconds; until then it answers creates with 503, whatever the policy's failurePolicy is.
 */
async function admissionRuns(cluster: Pick<AnyCluster, "kubectl" | "kubeconfig" | "helmPath">): Promise<void> {
  const manifest = await exec(cluster.helmPath, [
    "get",
    "manifest",
    OPERATOR_NAME,
    `--namespace=${OPERATOR_NAMESPACE}`,
    `--kubeconfig=${cluster.kubeconfig}`,
  ]);
  if (!/^kind: MutatingAdmissionPolicy$/m.test(manifest)) return;
  const probe = stringify({
    apiVersion: API_VERSION,
    kind: "Queue",
    metadata: { name: "admission-probe", namespace: OPERATOR_NAMESPACE },
    spec: {},
  });
  await waitUntil(
    async () => {
      const made = JSON.parse(await cluster.kubectl(["create", "--dry-run=server", "-o=json", "-f=-"], probe));
      return made.metadata.finalizers?.includes(FINALIZER) === true;
    },
    { what: "The chart's admission policy", timeoutMs: 60_000, everyMs: 250 },
  );
}

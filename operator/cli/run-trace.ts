import { kinds } from "../../crds/index.ts";
import { typeOfChild } from "../reconcile/composite-controller.ts";
import type { KubeObject } from "../reconcile/object.ts";
import type { ResourceType, KubeObject as ServerObject } from "../runtime/resource.ts";
import { composites, leaves } from "../wiring.ts";
import { ClusterError, readCluster } from "./cluster.ts";
import type { Result } from "./onyx.ts";
import type { Paint } from "./output.ts";
import { deepest, type TraceSource, trace, traceText } from "./trace.ts";

/** `onyx trace`. */
export async function runTrace(
  kindName: string,
  name: string,
  options: { readonly namespace: string; readonly kubeconfig?: string; readonly context?: string },
  paint: Paint,
): Promise<Result> {
  const wanted = kindName.toLowerCase();
  const kind = kinds.find((one) => [one.kind.toLowerCase(), one.plural, ...one.shortNames].includes(wanted));
  if (!kind)
    throw new ClusterError(`There is no kind "${kindName}". There are: ${kinds.map((one) => one.kind).join(", ")}.`);
  const cluster = await readCluster(options.kubeconfig, options.context);
  const children: readonly ResourceType[] = composites.flatMap(({ uses }) => uses.map(typeOfChild));
  const source: TraceSource = {
    async get(_apiVersion, of, namespace, object): Promise<KubeObject | undefined> {
      const ours = cluster.live(of, namespace, object);
      if (ours || kinds.some((one) => one.kind === of)) return ours;
      const type = children.find((one) => one.kind === of);
      if (!type) return undefined;
      const at = { name: object, ...(type.namespaced ? { namespace } : {}) };
      return cluster.client.find<ServerObject>(type, at);
    },
    references(object) {
      const definition = [...leaves, ...composites].find((one) => one.kind === object.kind);
      return definition && object.spec ? definition.references(object.spec as never) : [];
    },
  };
  const root = await trace(source, kind.kind, kind.scope === "Namespaced" ? options.namespace : "", name);
  return { value: root, text: traceText(root, paint), exitCode: deepest(root) ? 2 : 0 };
}

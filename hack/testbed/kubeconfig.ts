import { stringify } from "yaml";

export interface KubeconfigParts {
  readonly name: string;
  readonly server: string;
  readonly user: string;
  /** PEM texts. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A kubeconfig with one cluster, one user and one context of the cluster's name. */
export function kubeconfig(parts: KubeconfigParts): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const user = `${parts.name}-${parts.user}`;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": parts.name,
      clusters: [
        { name: parts.name, cluster: { server: parts.server, "certificate-authority-data": base64(parts.ca) } },
      ],
      users: [
        { name: user, user: { "client-certificate-data": base64(parts.cert), "client-key-data": base64(parts.key) } },
      ],
      contexts: [{ name: parts.name, context: { cluster: parts.name, user } }],
    },
    { lineWidth: 0 },
  );
}

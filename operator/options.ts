import { Command, InvalidArgumentError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };

/** How the operator is started. */
export interface Options {
  /** Absent: the ServiceAccount of the pod, else KUBECONFIG or ~/.kube/config. */
  readonly kubeconfig?: string;
  /** Where /healthz, /readyz and /metrics are served. */
  readonly address: { readonly host: string; readonly port: number };
  readonly leaseNamespace: string;
  readonly leaseName: string;
  readonly namespace?: string;
  /** Serve Tenants. Never with `namespace`. */
  readonly tenants: boolean;
  readonly concurrency: number;
  /** In ms. */
  readonly resync: number;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** Reads the command line; a mistake ends the process with a message that says which. */
export function readOptions(argv: readonly string[]): Options {
  const command = new Command("onyx-operator")
    .description("Makes the same platform on EKS and GKE from the same YAML.")
    .version(packageJson.version)
    .option("--kubeconfig <path>", "absent: the pod's ServiceAccount, else KUBECONFIG or ~/.kube/config")
    .option("--address <host:port>", "where /healthz, /readyz and /metrics are served", address, {
      host: "127.0.0.1",
      port: 8080,
    })
    .option("--lease-namespace <name>", "namespace of the Lease by which one of several processes leads", "onyx-system")
    .option("--lease-name <name>", "name of that Lease", "onyx-operator")
    .option("--namespace <name>", "only objects of this namespace; absent: of all")
    .option("--no-tenants", "serve no Tenants: they make namespaces; so it is with --namespace")
    .option("--concurrency <count>", "how many objects of one kind are worked on at once", positive, 10)
    .option(
      "--resync <duration>",
      "time between two looks at the cloud when nothing happens: 30s, 10m, 1h",
      duration,
      600_000,
    )
    .addOption(
      new Option("--log-level <level>", "the least that is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .showHelpAfterError("(--help tells all options)");
  const options = command.parse(argv as string[]).opts<Options>();
  return { ...options, tenants: options.tenants && options.namespace === undefined };
}

function address(text: string): Options["address"] {
  const match = /^(?:\[(?<v6>[0-9a-f:]+)\]|(?<v4>[^:]+)):(?<port>\d{1,5})$/i.exec(text);
  const host = match?.groups?.v6 ?? match?.groups?.v4;
  const port = Number(match?.groups?.port);
  if (!host || !(port <= 65_535)) throw new InvalidArgumentError("It is HOST:PORT, such as 127.0.0.1:8080.");
  return { host, port };
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It is a whole number from 1 on.");
  return value;
}

function duration(text: string): number {
  const match = /^(\d{1,6})(s|m|h)$/.exec(text);
  const ms = match ? Number(match[1]) * { s: 1_000, m: 60_000, h: 3_600_000 }[match[2] as "s" | "m" | "h"] : 0;
  if (ms < 10_000) throw new InvalidArgumentError("It is a duration of 10s or more, such as 30s, 10m or 1h.");
  return ms;
}

/** A bug that is planted on purpose, to see that the harness finds it. */
export interface Plant {
  /** What is broken, for people. */
  readonly bug: string;
  /** The class of bug that it stands for. */
  readonly like: string;
  readonly file: string;
  /** What stands there, each once, and what is put in its place. */
  readonly edits: readonly (readonly [find: string, put: string])[];
  /** Arguments of the harness under which it must be found. */
  readonly args: readonly string[];
  /** The oracle that finds it. */
  readonly oracle: string;
}

const LEAF = "operator/reconcile/leaf.ts";

export const plants: readonly Plant[] = [
  {
    bug: "the finalizer is not put on before the first call to the cloud",
    like: "two writes swapped",
    file: LEAF,
    edits: [["      await host.claim(object);\n", ""]],
    args: ["--clouds=gcp", "--faults=1", "--kinds=Queue"],
    oracle: "U2",
  },
  {
    bug: "the intent to make a key, whose id the cloud picks, is not recorded before it is made",
    like: "a write left out",
    file: LEAF,
    edits: [['if (decision.do === "create" && provider.recordsIntent) {', "if (false) {"]],
    args: ["--clouds=aws", "--faults=1", "--kinds=EncryptionKey", "--lives=9"],
    oracle: "U2",
  },
  {
    bug: "what a create left to do is not looked at again",
    like: "a wake-up lost",
    file: LEAF,
    edits: [
      [
        'const usual: Next = left.length > 0 ? { when: "backoff" } : nextAfter(decision, after, object, host);',
        'const usual: Next = decision.do === "create" ? { when: "change" } : nextAfter(decision, after, object, host);',
      ],
    ],
    args: ["--clouds=aws", "--faults=1", "--kinds=Bucket"],
    oracle: "U1",
  },
  {
    bug: "status tells when it was last looked at",
    like: "a hot loop",
    file: "operator/reconcile/report.ts",
    edits: [
      [
        "    status: withoutUndefined(status),",
        "    status: withoutUndefined({ ...status, lastHandledReconcileAt: String(performance.now()) }),",
      ],
    ],
    args: ["--clouds=gcp", "--faults=1", "--kinds=Queue"],
    oracle: "U5",
  },
  {
    bug: "the operator goes on to write when it no longer leads",
    like: "a fence removed",
    file: "operator/runtime/lease.ts",
    edits: [
      ["  function check(): void {\n", "  function check(): void {\n    if (performance.now() > 0) return;\n"],
      ["    keeper = undefined;\n    if (held) {", "    if (performance.now() > 0) return error;\n    if (held) {"],
    ],
    args: ["--clouds=aws", "--faults=15"],
    oracle: "no write by two at once",
  },
  {
    bug: "whatever a cloud answers but what was asked for means that it is not there",
    like: "an error read as absence",
    file: "adapters/aws/errors.ts",
    edits: [
      [
        'if (error instanceof ProviderError && error.fault === "notFound") return undefined;',
        "if (error instanceof ProviderError) return undefined;",
      ],
    ],
    args: ["--clouds=aws", "--faults=19", "--kinds=Queue"],
    oracle: "what worked works on",
  },
  {
    bug: "the credentials of an Environment are part of a line of the log",
    like: "a secret let out",
    file: "operator/reconcile/leaf-controller.ts",
    edits: [
      [
        "    const pass = await leafPass(leaf, object, host, signal);",
        '    const view = shared.environments.get(object.spec.environmentRef?.name);\n    if ("place" in view) log.info("at " + JSON.stringify(Object.values(view.place.credentials ?? {})));\n    const pass = await leafPass(leaf, object, host, signal);',
      ],
    ],
    args: ["--clouds=aws", "--faults=1", "--kinds=Queue"],
    oracle: "U8",
  },
];

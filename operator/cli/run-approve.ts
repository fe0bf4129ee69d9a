import { createInterface } from "node:readline/promises";
import { kinds } from "../../crds/index.ts";
import type { LeafStatus, PendingApproval } from "../reconcile/leaf-object.ts";
import { ANNOTATIONS, type KubeObject } from "../reconcile/object.ts";
import { ApiError, isConflict } from "../runtime/errors.ts";
import { ClusterError, type ClusterView, readCluster, typeOf } from "./cluster.ts";
import type { Result } from "./onyx.ts";
import { brief, type Paint } from "./output.ts";

/** Options of `onyx approve`. */
export interface ApproveOptions {
  readonly namespace: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly yes?: boolean;
}

/** Asks the person; undefined where nobody can be asked. */
export type Ask = ((question: string) => Promise<string>) | undefined;

/** `onyx approve`: shows what waits for approval on one object and what is lost by it, and gives the word. */
export async function runApprove(
  kindName: string,
  name: string,
  options: ApproveOptions,
  paint: Paint,
  ask: Ask = askOnTerminal(),
): Promise<Result> {
  const kind = kinds.find((one) =>
    [one.kind.toLowerCase(), one.plural, ...one.shortNames].includes(kindName.toLowerCase()),
  );
  if (kind?.role !== "leaf")
    throw new ClusterError(
      `There is no kind "${kindName}" with approvals. There are: ${kinds
        .filter((one) => one.role === "leaf")
        .map((one) => one.kind)
        .join(", ")}.`,
    );
  const cluster = await readCluster(options.kubeconfig, options.context);
  const object = cluster.live(kind.kind, options.namespace, name);
  const what = `${kind.kind} ${options.namespace}/${name}`;
  if (!object) throw new ClusterError(`Cluster ${cluster.context} has no ${what}.`);
  const pending = object.status?.approval;
  if (!pending) return { value: { object: what, approved: false }, text: nothing(what, object), exitCode: 0 };
  const shown = pendingText(what, pending, paint);
  if (object.metadata.annotations?.[ANNOTATIONS.approve] === pending.word)
    return {
      value: { object: what, approved: true, ...pending },
      text: `${shown}\n\nIt is approved already.`,
      exitCode: 0,
    };
  if (!options.yes && !(await agreed(shown, name, ask)))
    return { value: { object: what, approved: false, ...pending }, text: "Nothing was approved.", exitCode: 2 };
  await write(cluster, typeOf(kind), object, pending.word, what);
  const text = `${options.yes ? `${shown}\n\n` : ""}Approved: ${ANNOTATIONS.approve}=${pending.word}`;
  return { value: { object: what, approved: true, ...pending }, text, exitCode: 0 };
}

const TITLES = {
  recreate: "make it anew, empty",
  replace: "replace it by a new one",
  destroy: "destroy it",
  lock: "do what nobody can undo",
} as const;

function pendingText(what: string, { act, word, loses, changes = [] }: PendingApproval, paint: Paint): string {
  return [
    `${paint("bold", what)}: ${TITLES[act]}`,
    ...changes.map(({ field, actual, want }) => `  ${field}: ${brief(actual)} → ${brief(want)}`),
    `  ${paint("red", loses)}`,
    paint("dim", `  word: ${word}`),
  ].join("\n");
}

function nothing(what: string, { metadata }: KubeObject): string {
  const given = metadata.annotations?.[ANNOTATIONS.approve];
  return `Nothing of ${what} waits for approval${given ? `; it carries the word ${given}` : ""}.`;
}

/** The name of the object is the answer: a yes comes too easily. */
async function agreed(shown: string, name: string, ask: Ask): Promise<boolean> {
  if (!ask) throw new ClusterError("There is no terminal to ask on. Look at it with onyx plan, then say --yes.");
  return (await ask(`${shown}\n\nType ${name} to approve it: `)).trim() === name;
}

/** Only on the very state that was shown. */
async function write(
  { client, context }: ClusterView,
  type: ReturnType<typeof typeOf>,
  { metadata }: KubeObject<unknown, LeafStatus>,
  word: string,
  what: string,
): Promise<void> {
  const { namespace, name, uid, resourceVersion } = metadata;
  const patch = { metadata: { uid, resourceVersion, annotations: { [ANNOTATIONS.approve]: word } } };
  try {
    await client.patch(type, { namespace, name }, patch, { as: "merge", fieldManager: "onyx-approve" });
  } catch (error) {
    if (isConflict(error))
      throw new ClusterError(`${what} changed in this moment. Run onyx approve again to see what it is now.`);
    if (error instanceof ApiError) throw new ClusterError(`Cluster ${context}: approving ${what}: ${error.message}`);
    throw error;
  }
}

function askOnTerminal(): Ask {
  if (process.stdin.isTTY !== true) return undefined;
  return async (question) => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await terminal.question(question);
    } finally {
      terminal.close();
    }
  };
}

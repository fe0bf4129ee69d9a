import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { marksIn } from "../../../operator/provider/owner-text.ts";
import { carries } from "../marks.ts";
import type { GcpUnderTest } from "./cloud.ts";
import { maskOf } from "./queue.ts";
import { rightsOnGcp } from "./rights.ts";

interface Workflow {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}
interface Account {
  readonly email: string;
  readonly displayName?: string;
  readonly description?: string;
}

/** The field of Want that each path of an update mask is. */
const FIELDS: Readonly<Record<string, string>> = {
  labels: "tags",
  source_contents: "program",
  service_account: "permissions",
  call_log_level: "logLevel",
  execution_history_level: "overrides",
};

/** Workflow on GCP, by Google's REST: the workflow, and the account that runs act as. */
export function workflowOnGcp(gcp: GcpUnderTest): KindOnCloud {
  const { eyes, byOthers, place } = gcp;
  const project = `projects/${place.account}`;
  const parent = `${project}/locations/${place.region}`;
  const rights = rightsOnGcp(gcp);
  const nameOf = ({ name }: Subject) => `${parent}/workflows/${name}`;

  /** Undefined for what isn't there. */
  async function ask<T>(method: string, path: string, body?: object): Promise<T | undefined> {
    const { status, body: said } = await eyes.rest(method, `/v1/${path}`, body);
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(said)}`);
    return said as T;
  }
  const workflows = async () =>
    (await ask<{ workflows?: Workflow[] }>("GET", `${parent}/workflows?pageSize=500`))?.workflows ?? [];
  const accounts = async () =>
    (await ask<{ accounts?: Account[] }>("GET", `${project}/serviceAccounts?pageSize=100`))?.accounts ?? [];
  const accountOf = async ({ name }: Subject) =>
    (await accounts()).find(({ displayName }) => displayName === `Workflow ${name}`);
  const change = (workflow: object) => (subject: Subject) =>
    byOthers(async () => {
      await ask("PATCH", `${nameOf(subject)}?updateMask=${Object.keys(workflow)[0]}`, workflow);
    });
  const label = async (subject: Subject, key: string, value: string) => {
    const { labels } = (await ask<Workflow>("GET", nameOf(subject))) ?? {};
    await change({ labels: { ...labels, [key]: value } })(subject);
  };
  const removeWorkflow = (subject: Subject) =>
    byOthers(async () => {
      await ask("DELETE", nameOf(subject));
    });
  const removeAccount = (subject: Subject) =>
    byOthers(async () => {
      const account = await accountOf(subject);
      if (account) await ask("DELETE", `${project}/serviceAccounts/${account.email}`);
    });

  return {
    makes: ["CreateServiceAccount", "SetIamPolicy", "SetIamPolicy", "CreateWorkflow"],
    unmakes: ["DeleteWorkflow", "SetIamPolicy", "SetIamPolicy", "DeleteServiceAccount"],
    touches({ operation, request }) {
      if (operation === "SetIamPolicy" || operation === "CreateServiceAccount") return ["permissions"];
      return operation === "PatchServiceAccount" ? ["tags"] : maskOf(request).map((path) => FIELDS[path] ?? path);
    },
    async list({ object }) {
      const ids = [
        ...(await workflows()).flatMap(({ name, labels }) =>
          carries(ownerOf(labels ?? {}), object) ? [name.split("/").at(-1) ?? ""] : [],
        ),
        ...(await accounts()).flatMap(({ displayName = "", description = "" }) =>
          carries(ownerOf(marksIn(description)), object) ? [displayName.replace("Workflow ", "")] : [],
        ),
      ];
      return [...new Set(ids)].map((id) => ({ id }));
    },
    async snapshot(subject) {
      const account = await accountOf(subject);
      const workflow = await ask<object>("GET", nameOf(subject));
      if (!workflow && !account) return undefined;
      const { updateTime: _when, ...rest } = (workflow ?? {}) as Record<string, unknown>;
      return {
        workflow: rest,
        account: account?.description,
        rights: account ? await rights.of(`serviceAccount:${account.email}`) : [],
      };
    },
    tamper: {
      program: change({ sourceContents: "main: {steps: [{done: {return: 1}}]}" }),
      permissions: async (subject) => {
        const account = await accountOf(subject);
        await rights.takeBack(`serviceAccount:${account?.email}`, (all) => all.slice(0, 1));
      },
      "permissions: account": change({
        serviceAccount: `onyx-workflow-starter@${place.account}.iam.gserviceaccount.com`,
      }),
      logLevel: change({ callLogLevel: "LOG_ALL_CALLS" }),
      overrides: change({ executionHistoryLevel: "EXECUTION_HISTORY_DETAILED" }),
      tags: (subject) => label(subject, "stage", "theirs"),
    },
    tag: label,
    async createForeign(subject) {
      const body = { sourceContents: "main: {steps: [{done: {return: 1}}]}", labels: { owner: "theirs" } };
      await byOthers(() => ask("POST", `${parent}/workflows?workflowId=${subject.name}`, body));
    },
    async remove(subject) {
      await removeWorkflow(subject);
      await removeAccount(subject);
    },
    removePart: { workflow: removeWorkflow, account: removeAccount },
  };
}

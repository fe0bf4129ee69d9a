import type { protos } from "@google-cloud/secret-manager";
import type { KindOnCloud, Subject } from "../../../operator/provider/conformance/kind-under-test.ts";
import { parseState, STATE, stateText, type ValueState } from "../../../operator/provider/kept-value.ts";
import { ownerOf } from "../../../operator/provider/owner.ts";
import { stateTouches } from "../kinds/managedsecret.ts";
import { carries } from "../marks.ts";
import { type GcpUnderTest, REGION } from "./cloud.ts";
import { maskOf, unlessGone } from "./queue.ts";

type Secret = protos.google.cloud.secretmanager.v1.ISecret;

/** ManagedSecret on GCP, by Google's Secret Manager client. */
export function managedSecretOnGcp({ eyes, byOthers, place }: GcpUnderTest): KindOnCloud {
  const { secretManager } = eyes;
  const parent = `projects/${place.account}`;
  const nameOf = ({ name }: Subject) => `${parent}/secrets/${name}`;
  const find = async (subject: Subject): Promise<Secret | undefined> =>
    ((await unlessGone(secretManager.getSecret({ name: nameOf(subject) }))) ?? [])[0];
  const change = async (subject: Subject, secret: Secret, path: string) => {
    const request = { secret: { name: nameOf(subject), ...secret }, updateMask: { paths: [path] } };
    await byOthers(() => secretManager.updateSecret(request));
  };
  const label = async (subject: Subject, key: string, value: string) =>
    change(subject, { labels: { ...(await find(subject))?.labels, [key]: value } }, "labels");
  const restate = (over: Partial<ValueState>) => async (subject: Subject) => {
    const annotations = (await find(subject))?.annotations ?? {};
    const state = parseState(annotations[STATE]);
    if (state)
      await change(
        subject,
        { annotations: { ...annotations, [STATE]: stateText({ ...state, ...over }) } },
        "annotations",
      );
  };
  const addVersion = (subject: Subject, text: string) =>
    byOthers(() => secretManager.addSecretVersion({ parent: nameOf(subject), payload: { data: Buffer.from(text) } }));

  return {
    makes: ["CreateSecret", "AddSecretVersion", "UpdateSecret"],
    unmakes: ["DeleteSecret"],
    touches({ operation, request }) {
      if (operation === "AddSecretVersion") return ["value"];
      const paths = maskOf(request);
      const { secret } = request as { secret?: Secret };
      return [
        ...(paths.includes("labels") ? ["tags"] : []),
        ...(paths.includes("annotations") ? stateTouches(secret?.annotations?.[STATE]) : []),
      ];
    },
    async list({ object }) {
      const [secrets] = await secretManager.listSecrets({ parent });
      return secrets
        .filter(({ labels }) => carries(ownerOf(labels ?? {}), object))
        .map(({ name }) => ({ id: name ?? "" }));
    },
    async snapshot(subject) {
      const secret = await find(subject);
      if (!secret) return undefined;
      const [versions] = await secretManager.listSecretVersions({ parent: nameOf(subject) });
      const { etag: _etag, ...rest } = secret;
      return { ...rest, versions: versions.map(({ name, state }) => ({ name, state })) };
    },
    tamper: {
      value: async (subject) => {
        const [made] = await addVersion(subject, "somebody's");
        const number = made.name?.split("/").at(-1) ?? "";
        await change(subject, { versionAliases: { current: number } }, "version_aliases");
      },
      rotation: restate({ rotation: { everySeconds: 7200, overlapSeconds: 60 } }),
      recoveryDays: restate({ recoveryDays: 9 }),
      tags: (subject) => label(subject, "stage", "somebody"),
    },
    tag: label,
    async createForeign(subject) {
      const replication = { userManaged: { replicas: [{ location: REGION }] } };
      const secret = { replication, labels: { theirs: "x" } };
      await byOthers(() => secretManager.createSecret({ parent, secretId: subject.name, secret }));
      await addVersion(subject, "theirs");
    },
    async remove(subject) {
      await byOthers(() => unlessGone(secretManager.deleteSecret({ name: nameOf(subject) })));
    },
  };
}

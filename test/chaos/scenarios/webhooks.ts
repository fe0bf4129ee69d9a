import { createServer, type Server } from "node:net";
import type { ResourceType } from "../../../operator/runtime/resource.ts";
import { ownType } from "../collections.ts";
import type { Scenario } from "../scenario.ts";
import { play, type Scene } from "../scene.ts";
import { FIELD_MANAGER, type LiveSubject } from "../subject.ts";

const WEBHOOKS: ResourceType = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
};

/** So long the webhook is out of order, in ms of the lane. */
const BROKEN_MS = 300_000;
/** By waits that double up to ten minutes, and a look at what status says of each: so often at most in that time. */
const MOST_TRIES = 20;

/** Nobody listens there. */
const UNREACHABLE = "https://127.0.0.1:9/";

/** Asked of what the operator writes alone: status, and the finalizer of what is going. */
const webhookOf = (namespace: string, url: string) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: namespace },
  webhooks: [
    {
      name: "of-others.example.com",
      clientConfig: { url },
      rules: [
        { apiGroups: ["onyx.onelens.io"], apiVersions: ["*"], resources: ["*", "*/status"], operations: ["UPDATE"] },
      ],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      matchConditions: [
        {
          name: "writes-of-the-operator",
          expression:
            "(has(request.subResource) && request.subResource == 'status') || has(object.metadata.deletionTimestamp)",
        },
      ],
      failurePolicy: "Fail",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      timeoutSeconds: 1,
    },
  ],
});

/** Takes connections, and says nothing. */
async function listenSilently(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((socket) => socket.on("error", () => socket.destroy()));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It listens at no port.");
  return { url: `https://127.0.0.1:${address.port}/`, server };
}

/** Whether a write of status would be refused by now. */
async function isInForce({ lane, namespace }: Scene, { name }: LiveSubject): Promise<boolean> {
  const options = { dryRun: true, retry: false, fieldManager: FIELD_MANAGER } as const;
  const write = lane.api.client.patchStatus(ownType("Queue"), { namespace, name }, { status: { tried: "1" } }, options);
  return write.then(
    () => false,
    (error: Error) => /failed calling webhook/.test(error.message),
  );
}

async function breakAt(scene: Scene, url: string): Promise<void> {
  const { lane, namespace, proxy, scribe } = scene;
  const [works, goes, changes, fresh] = ["works", "goes", "changes", "fresh"].map((name) => scene.subject(name)) as [
    LiveSubject,
    LiveSubject,
    LiveSubject,
    LiveSubject,
  ];
  await scene.ready(works, goes, changes);
  const { client } = lane.api;
  await client.patch(WEBHOOKS, { name: namespace }, webhookOf(namespace, url), { as: "apply", fieldManager: "others" });
  try {
    await lane.until("the webhook in force", () => isInForce(scene, works), { stepMs: 0 });
    const [from, since] = [proxy.calls.length, lane.clock.monotonic()];
    await scene.apply(fresh);
    await scene.apply(changes, { tags: { changed: "yes" } });
    await scene.remove(goes);
    await scene.comes("the end of the trouble", () => lane.clock.monotonic() - since >= BROKEN_MS);
    const refused = proxy.calls.slice(from).filter(({ mutating, status = 0 }) => mutating && status >= 500);
    if (refused.length > 0) scribe.hit();
    for (const [path, calls] of Map.groupBy(refused, (call) => call.path.split("?")[0] ?? ""))
      if (calls.length > MOST_TRIES) scribe.violation("it is tried ever more rarely", `${path}: ${calls.length} times`);
    if (!(await goes.find())) scribe.violation("what can't be told goes on to be there", `${goes.title} is gone`);
  } finally {
    await client.delete(WEBHOOKS, { name: namespace });
  }
  await lane.until("the webhook gone", async () => !(await isInForce(scene, works)), { stepMs: 0 });
  await scene.settled();
}

/** What goes wrong with it, and where it then listens. */
const TROUBLES: Readonly<Record<string, () => Promise<{ readonly url: string; readonly server?: Server }>>> = {
  "it is down": async () => ({ url: UNREACHABLE }),
  "it answers nothing": listenSilently,
};

/** The operator has no webhook of its own that could fail: what is left is that of others. */
export const webhooks: Scenario = {
  faults: [37],
  title: "a webhook of others is out of order, and the operator's writes are refused",
  async *run(lane) {
    for (const [title, trouble] of Object.entries(TROUBLES)) {
      const script = async (scene: Scene) => {
        scene.scribe.plan(title);
        const { url, server } = await trouble();
        try {
          await breakAt(scene, url);
        } finally {
          server?.close();
        }
      };
      yield await play(lane, `a webhook of others: ${title}`, script);
    }
  },
};

/** IAM policies of buckets: https://cloud.google.com/storage/docs/json_api/v1/buckets/setIamPolicy */
import { z } from "zod";
import type { Message } from "../../engine/messages.ts";
import { policyHandlers } from "../../engine/policies.ts";
import type { Call } from "../../engine/world.ts";
import { refuseForeign } from "./buckets.ts";
import { BUCKET, bucketName, bucketOf } from "./names.ts";
import { bad, conditionNotMet } from "./refusals.ts";
import type { Methods, StorageCall } from "./routes.ts";

const SERVICE = "storage";
const handlers = policyHandlers(SERVICE, [BUCKET]);

const schema = z.strictObject({
  kind: z.string().optional(),
  resourceId: z.string().optional(),
  etag: z.string().optional(),
  version: z.int().optional(),
  bindings: z
    .array(
      z.strictObject({
        role: z.string(),
        members: z.array(z.string()).default([]),
        condition: z
          .strictObject({
            title: z.string().optional(),
            description: z.string().optional(),
            expression: z.string().optional(),
            location: z.string().optional(),
          })
          .optional(),
      }),
    )
    .optional(),
});

const PUBLIC = ["allUsers", "allAuthenticatedUsers"];

/** One of the policy methods of all services, on a bucket. */
async function through(call: StorageCall, method: string, fields: Message): Promise<Message> {
  const { bucket } = call.parameters;
  refuseForeign(call, bucket, `storage.buckets.${method === "SetIamPolicy" ? "setIamPolicy" : "getIamPolicy"}`);
  bucketOf(method === "SetIamPolicy" ? call.world.store : call.view, bucket);
  const request = { resource: bucketName(bucket), ...fields };
  const handler = handlers[`${SERVICE}.${method}`];
  // These handlers look at world, view and request alone.
  return (await handler?.({ world: call.world, view: call.view, request } as unknown as Call)) ?? {};
}

const shown = (call: StorageCall, policy: Message) => ({
  kind: "storage#policy",
  resourceId: bucketName(call.parameters.bucket),
  ...policy,
  etag: Buffer.from(policy.etag as Uint8Array).toString("base64"),
});

async function get(call: StorageCall) {
  const requestedPolicyVersion = Number(call.query.get("optionsRequestedPolicyVersion") ?? 0);
  return shown(call, await through(call, "GetIamPolicy", { options: { requestedPolicyVersion } }));
}

async function set(call: StorageCall) {
  const parsed = schema.safeParse(call.body);
  if (!parsed.success) throw bad(`Invalid policy: ${z.prettifyError(parsed.error)}`);
  const { kind: _kind, resourceId: _resource, etag, ...policy } = parsed.data;
  const bucket = bucketOf(call.world.store, call.parameters.bucket);
  const open = policy.bindings?.some(({ members }) => members.some((member) => PUBLIC.includes(member)));
  if (open && bucket.iamConfiguration.publicAccessPrevention === "enforced")
    throw conditionNotMet(
      "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.",
    );
  const conditional = policy.bindings?.some(({ condition }) => condition !== undefined);
  if (conditional && !bucket.iamConfiguration.uniformBucketLevelAccess.enabled)
    throw bad("Conditions need uniform bucket-level access.");
  const sent = { ...policy, ...(etag === undefined ? {} : { etag: Buffer.from(etag, "base64") }) };
  return shown(call, await through(call, "SetIamPolicy", { policy: sent }));
}

async function test(call: StorageCall) {
  const permissions = call.query.getAll("permissions");
  const { permissions: held } = await through(call, "TestIamPermissions", { permissions });
  return { kind: "storage#testIamPermissionsResponse", permissions: held };
}

const at = "/storage/v1/b/{bucket}/iam";
export const policyMethods: Methods = [
  { name: "GetIamPolicy", at: `GET ${at}`, query: ["optionsRequestedPolicyVersion"], run: get },
  { name: "SetIamPolicy", at: `PUT ${at}`, run: set },
  { name: "TestIamPermissions", at: `GET ${at}/testPermissions`, query: ["permissions"], run: test },
];

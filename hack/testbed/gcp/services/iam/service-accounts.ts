/** Service accounts of google.iam.admin.v1: https://cloud.google.com/iam/docs/service-accounts-create */
import { alreadyExists, CloudError, invalid, notFound } from "../../engine/errors.ts";
import { applyMask, maskedPaths } from "../../engine/masks.ts";
import { child, type Message, text } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import { POLICY, renameMember } from "../../engine/policies.ts";
import type { Call, Handler } from "../../engine/world.ts";

export const SERVICE_ACCOUNT = "iam.googleapis.com/ServiceAccount";

const IAM = "google.iam.admin.v1.IAM";
const ID = /^[a-z]([-a-z0-9]{4,28})[a-z0-9]$/;
/** https://cloud.google.com/iam/quotas */
const MAXIMUM = 100;
const MAXIMUM_DESCRIPTION = 256;

/** By email or by unique id, in the project or in "-". */
function find({ view, world: { project } }: Call, name: string): Message | undefined {
  const id = name.split("/serviceAccounts/")[1] ?? "";
  const parent = name.split("/serviceAccounts/")[0];
  if (parent !== "projects/-" && parent !== `projects/${project.id}`) return undefined;
  return view
    .list(SERVICE_ACCOUNT, `projects/${project.id}/serviceAccounts/`)
    .find((account) => account.email === id || account.uniqueId === id);
}

function require(call: Call, name: string): Message {
  const account = find(call, name);
  if (account === undefined) throw new CloudError("NOT_FOUND", `Unknown service account: ${name}.`);
  return account;
}

function put({ world: { store } }: Call, account: Message): Message {
  const saved = { ...account, etag: Buffer.from(`s${String(store.nextRevision())}`) };
  store.put(SERVICE_ACCOUNT, text(account, "name"), saved);
  return saved;
}

function check(account: Message): void {
  if (text(account, "displayName").length > 100)
    throw invalid("display_name has at most 100 characters.", "display_name");
  if (Buffer.byteLength(text(account, "description")) > MAXIMUM_DESCRIPTION)
    throw invalid(`description has at most ${String(MAXIMUM_DESCRIPTION)} bytes.`, "description");
}

const create: Handler = (call) => {
  const { request, world } = call;
  const { project, store } = world;
  const id = text(request, "accountId");
  if (text(request, "name") !== `projects/${project.id}`) throw notFound(text(request, "name"));
  if (!ID.test(id)) throw invalid(`The account ID "${id}" must match ${ID.source}: 6 to 30 characters.`, "account_id");
  const email = `${id}@${project.id}.iam.gserviceaccount.com`;
  const name = `projects/${project.id}/serviceAccounts/${email}`;
  if (store.get(SERVICE_ACCOUNT, name) !== undefined) throw alreadyExists(name);
  if (store.names(SERVICE_ACCOUNT).length >= MAXIMUM)
    throw new CloudError(
      "RESOURCE_EXHAUSTED",
      `Maximum number of service accounts on project reached (${String(MAXIMUM)}).`,
    );
  const { displayName, description } = child(request, "serviceAccount") ?? {};
  const input = { ...(displayName ? { displayName } : {}), ...(description ? { description } : {}) };
  check(input);
  const uniqueId = String(10n ** 20n + BigInt(store.nextRevision()));
  return put(call, { ...input, name, email, projectId: project.id, uniqueId, oauth2ClientId: uniqueId });
};

const patch: Handler = (call) => {
  const { request, world } = call;
  const sent = child(request, "serviceAccount") ?? {};
  const before = require(call, text(sent, "name"));
  const type = world.definitions.type("google.iam.admin.v1.ServiceAccount");
  const after = applyMask(
    type,
    before,
    sent,
    maskedPaths(type, child(request, "updateMask"), sent).filter((p) => p !== "etag"),
  );
  check(after);
  return put(call, after);
};

/** The account's bindings stay, under a name that a new account of the same email doesn't have. */
const remove: Handler = (call) => {
  const account = require(call, text(call.request, "name"));
  const { store } = call.world;
  const member = `serviceAccount:${text(account, "email")}`;
  store.delete(SERVICE_ACCOUNT, text(account, "name"));
  store.delete(POLICY, text(account, "name"));
  renameMember(store, member, `deleted:${member}?uid=${text(account, "uniqueId")}`);
  return {};
};

const setDisabled =
  (disabled: boolean): Handler =>
  (call) => {
    const { disabled: _before, ...account } = require(call, text(call.request, "name"));
    put(call, disabled ? { ...account, disabled } : account);
    return {};
  };

export const serviceAccountHandlers: Record<string, Handler> = {
  [`${IAM}.CreateServiceAccount`]: create,
  [`${IAM}.GetServiceAccount`]: (call) => require(call, text(call.request, "name")),
  [`${IAM}.PatchServiceAccount`]: patch,
  [`${IAM}.DeleteServiceAccount`]: remove,
  [`${IAM}.EnableServiceAccount`]: setDisabled(false),
  [`${IAM}.DisableServiceAccount`]: setDisabled(true),
  [`${IAM}.ListServiceAccounts`]: (call) => {
    const all = call.view.list(SERVICE_ACCOUNT, `${text(call.request, "name")}/serviceAccounts/`);
    const { items, nextPageToken } = page(all, (account) => text(account, "name"), call.request);
    return { accounts: items, nextPageToken };
  },
};

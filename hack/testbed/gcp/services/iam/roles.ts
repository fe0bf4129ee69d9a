/** Custom roles of google.iam.admin.v1: https://cloud.google.com/iam/docs/creating-custom-roles */
import { checkEtag } from "../../engine/crud.ts";
import { alreadyExists, CloudError, invalid, notFound, precondition } from "../../engine/errors.ts";
import { applyMask, maskedPaths } from "../../engine/masks.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";
import { page } from "../../engine/pages.ts";
import type { Call, Handler } from "../../engine/world.ts";
import { ROLE } from "./grants.ts";

const IAM = "google.iam.admin.v1.IAM";
const DAY = 24 * 60 * 60 * 1000;
/** Undelete works for so long; the id can't be used again for longer. */
const UNDELETE = 7 * DAY;
const KEPT = 37 * DAY;
const ID = /^[A-Za-z0-9_.]{3,64}$/;
const PERMISSION = /^[a-z][\w-]*(\.[\w-]+){2,}$/;
const MAXIMUM_TITLE = 100;
/** When a role was deleted: kept apart from it, since Role has no such field. */
const DELETED_AT = "deletedAt:iam.googleapis.com/Role";

function check(role: Message): void {
  if (text(role, "title").length > MAXIMUM_TITLE) throw invalid("role.title has at most 100 characters.", "role.title");
  for (const permission of list<string>(role, "includedPermissions"))
    if (!PERMISSION.test(permission))
      throw invalid(`Permission ${permission} is not valid.`, "role.included_permissions");
}

const deletedAt = ({ world: { store } }: Call, name: string): number => Number(store.get(DELETED_AT, name)?.at ?? 0);

/** The stored role; a deleted one is forgotten after its time. */
function stored(call: Call, name: string): Message | undefined {
  const role = call.view.get(ROLE, name);
  const expired = role?.deleted === true && call.world.clock.now() - deletedAt(call, name) > KEPT;
  return expired ? undefined : role;
}

function require(call: Call, name: string): Message {
  const role = stored(call, name);
  if (role === undefined) throw notFound(name);
  return role;
}

function put({ world: { store } }: Call, role: Message): Message {
  const saved = { ...role, etag: Buffer.from(`r${String(store.nextRevision())}`) };
  store.put(ROLE, text(role, "name"), saved);
  return saved;
}

const create: Handler = (call) => {
  const { request, world } = call;
  const id = text(request, "roleId");
  if (text(request, "parent") !== `projects/${world.project.id}`) throw notFound(text(request, "parent"));
  if (!ID.test(id))
    throw invalid(`The role ID "${id}" must have 3 to 64 letters, digits, periods or underscores.`, "role_id");
  const name = `${text(request, "parent")}/roles/${id}`;
  const existing = stored(call, name);
  if (existing?.deleted === true)
    throw precondition(
      `You can't create a role with role_id (${id}) where there is an existing role with that role_id in a deleted state.`,
    );
  if (existing !== undefined) throw alreadyExists(name);
  const { etag: _etag, deleted: _deleted, ...role } = child(request, "role") ?? {};
  check(role);
  return put(call, { ...role, name });
};

const update: Handler = (call) => {
  const { request, world } = call;
  const before = require(call, text(request, "name"));
  const { name: _name, etag, deleted: _deleted, ...sent } = child(request, "role") ?? {};
  checkEtag(etag, before.etag, text(request, "name"));
  if (before.deleted === true) throw precondition(`Role ${text(request, "name")} is deleted: undelete it first.`);
  const type = world.definitions.type("google.iam.admin.v1.Role");
  const paths = maskedPaths(type, child(request, "updateMask"), sent);
  const after = applyMask(type, before, sent, paths);
  check(after);
  return put(call, after);
};

const remove: Handler = (call) => {
  const { request, world } = call;
  const role = require(call, text(request, "name"));
  checkEtag(request.etag, role.etag, text(request, "name"));
  if (role.deleted === true) throw precondition(`Role ${text(request, "name")} is deleted already.`);
  world.store.put(DELETED_AT, text(request, "name"), { at: world.clock.now() });
  return put(call, { ...role, deleted: true });
};

const undelete: Handler = (call) => {
  const { request, world } = call;
  const name = text(request, "name");
  const role = require(call, name);
  checkEtag(request.etag, role.etag, name);
  if (role.deleted !== true) throw precondition(`Role ${name} is not deleted.`);
  if (world.clock.now() - deletedAt(call, name) > UNDELETE)
    throw new CloudError("NOT_FOUND", `Role ${name} was deleted more than 7 days ago.`);
  const { deleted: _deleted, ...rest } = role;
  return put(call, rest);
};

export const roleHandlers: Record<string, Handler> = {
  [`${IAM}.CreateRole`]: create,
  [`${IAM}.GetRole`]: (call) => require(call, text(call.request, "name")),
  [`${IAM}.UpdateRole`]: update,
  [`${IAM}.DeleteRole`]: remove,
  [`${IAM}.UndeleteRole`]: undelete,
  [`${IAM}.ListRoles`]: (call) => {
    const deleted = call.request.showDeleted === true;
    const all = call.view
      .list(ROLE, `${text(call.request, "parent")}/roles/`)
      .filter((role) => stored(call, text(role, "name")) !== undefined && (deleted || role.deleted !== true));
    const { items, nextPageToken } = page(all, (role) => text(role, "name"), call.request);
    const full = call.request.view === "FULL";
    return {
      roles: items.map(({ includedPermissions, ...rest }) => (full ? { ...rest, includedPermissions } : rest)),
      nextPageToken,
    };
  },
};

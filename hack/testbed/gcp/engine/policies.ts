/**
 * IAM policies on any resource: google/iam/v1/policy.proto and iam_policy.proto, as their comments say.
 * Limits: https://cloud.google.com/iam/quotas (allow policies: 1,500 principals; 20 bindings of one role and principal
 * that differ only in their condition).
 */
import { CloudError, invalid, notFound } from "./errors.ts";
import { list, type Message, text } from "./messages.ts";
import type { Call, Handler } from "./world.ts";

/** The type under which policies are stored, by the name of their resource. */
export const POLICY = "google.iam.v1.Policy";
const PRINCIPALS = 1500;
const CONDITIONED = 20;
/** The etag of a policy that was never set. */
const NEVER_SET = Buffer.from([0, 0x20, 1]);

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: Message;
}

const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer):[^\s]+|principal(Set)?:\/\/iam\.googleapis\.com\/.+|deleted:(user|serviceAccount|group):[^?]+\?uid=\d+|deleted:principal:\/\/.+)$/;
const ROLE = /^(roles\/[\w.]+|(projects|organizations)\/[^/]+\/roles\/[\w.]+)$/;

export const bindingsOf = (policy: Message): readonly Binding[] => list<Binding>(policy, "bindings");

/** The stored policy, or the empty one that every resource starts with. */
export const policyOf = (view: Call["view"], resource: string): Message =>
  view.get(POLICY, resource) ?? { version: 1, etag: NEVER_SET };

const sameBinding = ({ role, condition }: Binding): string => JSON.stringify([role, condition ?? null]);

/** One binding a role and condition, each member once, sorted: what a read gives is not what a write sent. */
function normalise(bindings: readonly Binding[]): Binding[] {
  return [...Map.groupBy(bindings, sameBinding).values()]
    .map((same) => ({
      ...(same[0] as Binding),
      members: [...new Set(same.flatMap(({ members }) => members ?? []))].toSorted(),
    }))
    .filter(({ members }) => members.length > 0)
    .toSorted((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : 0));
}

function checkBinding({ role, members, condition }: Binding, call: Call): void {
  const { store, project } = call.world;
  if (!ROLE.test(role ?? ""))
    throw invalid(`Role "${role ?? ""}" is not valid: expected roles/x or projects/P/roles/x.`);
  if (role.startsWith("projects/") && !isUsable(store.get("iam.googleapis.com/Role", role)))
    throw invalid(`Role (${role}) does not exist in the resource's hierarchy.`);
  for (const member of members ?? []) {
    if (!MEMBER.test(member)) throw invalid(`Invalid member "${member}": expected type:identifier or principal://….`);
    const account = /^serviceAccount:(.+@(.+)\.iam\.gserviceaccount\.com)$/.exec(member);
    const name = `projects/${project.id}/serviceAccounts/${account?.[1] ?? ""}`;
    if (account?.[2] === project.id && store.get("iam.googleapis.com/ServiceAccount", name) === undefined)
      throw invalid(`Service account ${account?.[1] ?? ""} does not exist.`);
    if (member.endsWith(STORAGE_AGENT) && store.get("storage.googleapis.com/ServiceAccount", member) === undefined)
      throw invalid(`Service account ${member.slice(member.indexOf(":") + 1)} does not exist.`);
  }
  if (condition && (text(condition, "expression") === "" || text(condition, "title") === ""))
    throw invalid("A condition needs an expression and a title.", "policy.bindings.condition");
}

/** Cloud Storage's service agent of a project is made when somebody first asks for it. */
const STORAGE_AGENT = "@gs-project-accounts.iam.gserviceaccount.com";

const isUsable = (role: Message | undefined): boolean => role !== undefined && role.deleted !== true;

function checkLimits(bindings: readonly Binding[]): void {
  const principals = bindings.reduce((sum, { members }) => sum + members.length, 0);
  if (principals > PRINCIPALS)
    throw invalid(`The policy has ${String(principals)} principals: at most ${String(PRINCIPALS)} fit.`);
  const pairs = bindings
    .filter(({ condition }) => condition)
    .flatMap(({ role, members }) => members.map((m) => `${role} ${m}`));
  for (const [pair, same] of Map.groupBy(pairs, (pair) => pair))
    if (same.length > CONDITIONED)
      throw invalid(`More than ${String(CONDITIONED)} conditional bindings of "${pair}": join their conditions.`);
}

function checkEtag(sent: Message, current: Message): void {
  const etag = sent.etag as Uint8Array | undefined;
  if (etag === undefined || Buffer.compare(etag, current.etag as Uint8Array) === 0) return;
  throw new CloudError(
    "ABORTED",
    "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
  );
}

const conditional = (policy: Message): boolean => bindingsOf(policy).some(({ condition }) => condition !== undefined);

function set(call: Call): Message {
  const { store } = call.world;
  const resource = text(call.request, "resource");
  const sent = (call.request.policy ?? {}) as Message;
  const current = policyOf(store, resource);
  checkEtag(sent, current);
  const version = Number(sent.version ?? 0);
  if (![0, 1, 3].includes(version)) throw invalid(`Policy version ${String(version)} does not exist: use 1 or 3.`);
  const needs3 = conditional(sent) || (conditional(current) && sent.etag !== undefined);
  if (needs3 && version !== 3)
    throw invalid("A policy with conditions must be written with version 3.", "policy.version");
  for (const binding of bindingsOf(sent)) checkBinding(binding, call);
  const bindings = normalise(bindingsOf(sent));
  checkLimits(bindings);
  const policy = {
    version: bindings.some(({ condition }) => condition) ? 3 : 1,
    bindings,
    etag: Buffer.from(`p${String(store.nextRevision()).padStart(7, "0")}`),
  };
  store.put(POLICY, resource, policy);
  return policy;
}

/** To those who don't ask for version 3, conditional bindings are shown under a role name that can't be written. */
function get(call: Call): Message {
  const policy = policyOf(call.view, text(call.request, "resource"));
  const asked = Number((call.request.options as Message | undefined)?.requestedPolicyVersion ?? 0);
  if (![0, 1, 3].includes(asked)) throw invalid(`Policy version ${String(asked)} does not exist: ask for 1 or 3.`);
  if (asked === 3 || !conditional(policy)) return policy;
  const masked = bindingsOf(policy).map(({ role, members, condition }, index) =>
    condition ? { role: `${role}_withcond_${String(index)}`, members } : { role, members },
  );
  return { ...policy, version: 1, bindings: masked };
}

function test(call: Call): Message {
  const permissions = list<string>(call.request, "permissions");
  const bad = permissions.find((permission) => permission.includes("*") || !/^[\w-]+(\.[\w-]+)+$/.test(permission));
  if (bad !== undefined) throw invalid(`"${bad}" is not a permission: write service.resource.verb, without wildcards.`);
  return { permissions };
}

/** Projects are not in the store: there is one. */
export const PROJECT = "cloudresourcemanager.googleapis.com/Project";

/**
 * The three methods for one service. @param types the resource types whose policies it keeps.
 * Callers are nobody in the test bed, so TestIamPermissions says yes to all, as far as the resource exists.
 */
export function policyHandlers(service: string, types: readonly string[]): Record<string, Handler> {
  const exists = ({ view, world: { project } }: Call, resource: string) =>
    types.some((type) =>
      type === PROJECT ? resource === `projects/${project.id}` : view.get(type, resource) !== undefined,
    );
  const onExisting =
    (handler: Handler): Handler =>
    (call) => {
      const resource = text(call.request, "resource");
      if (!exists(call, resource)) throw notFound(resource);
      return handler(call);
    };
  return {
    [`${service}.SetIamPolicy`]: onExisting(set),
    [`${service}.GetIamPolicy`]: onExisting(get),
    [`${service}.TestIamPermissions`]: (call) => (exists(call, text(call.request, "resource")) ? test(call) : {}),
  };
}

/** Whatever happens to a principal happens in every policy: `deleted:` for one that is gone. */
export function renameMember(store: Call["world"]["store"], from: string, to: string): void {
  for (const resource of store.names(POLICY)) {
    const policy = policyOf(store, resource);
    const bindings = bindingsOf(policy);
    if (!bindings.some(({ members }) => members.includes(from))) continue;
    const renamed = bindings.map((b) => ({ ...b, members: b.members.map((m) => (m === from ? to : m)).toSorted() }));
    store.put(POLICY, resource, {
      ...policy,
      bindings: renamed,
      etag: Buffer.from(`p${String(store.nextRevision())}`),
    });
  }
}

import type { protos } from "@google-cloud/secret-manager";
import { paged, unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import { ifThere } from "./errors.ts";
import type { Policy, PolicyPort } from "./policy.ts";

export type Secret = protos.google.cloud.secretmanager.v1.ISecret;
export type SecretVersion = protos.google.cloud.secretmanager.v1.ISecretVersion;

/** The calls of Secret Manager that we make. Names are full resource names. Every one throws ProviderError. */
export interface SecretManager extends PolicyPort {
  /** Undefined: it does not exist. */
  secret(name: string, signal: AbortSignal): Promise<Secret | undefined>;
  /** Those of the project, without regional ones. */
  secrets(project: string, signal: AbortSignal): Promise<readonly Secret[]>;
  /** `name` ends with a number or an alias. */
  version(name: string, signal: AbortSignal): Promise<SecretVersion | undefined>;
  versions(secret: string, signal: AbortSignal): Promise<readonly SecretVersion[]>;
  create(project: string, id: string, secret: Secret, signal: AbortSignal): Promise<Secret>;
  /** `mask`: paths as the API names them. With an etag: refused where somebody else wrote meanwhile. */
  update(secret: Secret, mask: readonly string[], signal: AbortSignal): Promise<Secret>;
  addVersion(secret: string, data: Uint8Array, signal: AbortSignal): Promise<SecretVersion>;
  access(version: string, signal: AbortSignal): Promise<Uint8Array>;
  enable(version: string, signal: AbortSignal): Promise<SecretVersion>;
  disable(version: string, signal: AbortSignal): Promise<SecretVersion>;
  /** Deleting what is absent succeeds. */
  delete(name: string, signal: AbortSignal): Promise<void>;
}

const API = "Secret Manager";

export function createSecretManager(clients: Pick<Clients, "secretManager">): SecretManager {
  return {
    async secret(name, signal) {
      const client = await clients.secretManager();
      return ifThere(unary<Secret>(API, signal, (options, done) => client.getSecret({ name }, options, done)));
    },
    async secrets(project, signal) {
      const client = await clients.secretManager();
      return paged(API, signal, { parent: `projects/${project}`, pageSize: 1000 }, (page, options, done) =>
        client.listSecrets(page, options, done as never),
      );
    },
    async version(name, signal) {
      const client = await clients.secretManager();
      return ifThere(
        unary<SecretVersion>(API, signal, (options, done) => client.getSecretVersion({ name }, options, done)),
      );
    },
    async versions(secret, signal) {
      const client = await clients.secretManager();
      return paged(API, signal, { parent: secret, pageSize: 1000 }, (page, options, done) =>
        client.listSecretVersions(page, options, done as never),
      );
    },
    async create(project, id, secret, signal) {
      const client = await clients.secretManager();
      const request = { parent: `projects/${project}`, secretId: id, secret };
      return unary<Secret>(API, signal, (options, done) => client.createSecret(request, options, done));
    },
    async update(secret, mask, signal) {
      const client = await clients.secretManager();
      const request = { secret, updateMask: { paths: [...mask] } };
      return unary<Secret>(API, signal, (options, done) => client.updateSecret(request, options, done));
    },
    async addVersion(secret, data, signal) {
      const client = await clients.secretManager();
      const request = { parent: secret, payload: { data } };
      return unary<SecretVersion>(API, signal, (options, done) => client.addSecretVersion(request, options, done));
    },
    async access(version, signal) {
      const client = await clients.secretManager();
      const reply = await unary<protos.google.cloud.secretmanager.v1.IAccessSecretVersionResponse>(
        API,
        signal,
        (options, done) => client.accessSecretVersion({ name: version }, options, done),
      );
      const data = reply.payload?.data ?? new Uint8Array();
      return typeof data === "string" ? Buffer.from(data, "base64") : data;
    },
    async enable(name, signal) {
      const client = await clients.secretManager();
      return unary<SecretVersion>(API, signal, (options, done) => client.enableSecretVersion({ name }, options, done));
    },
    async disable(name, signal) {
      const client = await clients.secretManager();
      return unary<SecretVersion>(API, signal, (options, done) => client.disableSecretVersion({ name }, options, done));
    },
    async delete(name, signal) {
      const client = await clients.secretManager();
      await ifThere(unary(API, signal, (options, done) => client.deleteSecret({ name }, options, done)));
    },
    async read(resource, signal) {
      const client = await clients.secretManager();
      const request = { resource, options: { requestedPolicyVersion: 3 } };
      return unary<Policy>(API, signal, (options, done) => client.getIamPolicy(request, options, done as never));
    },
    async write(resource, policy, signal) {
      const client = await clients.secretManager();
      const request = { resource, policy } as unknown as Parameters<typeof client.setIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.setIamPolicy(request, options, done as never));
    },
  };
}

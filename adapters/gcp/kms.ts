import type { protos } from "@google-cloud/kms";
import { paged, unary } from "./call.ts";
import type { Clients } from "./clients.ts";
import { ifThere, isAlreadyExists } from "./errors.ts";
import type { Policy, PolicyPort } from "./policy.ts";

export type CryptoKey = protos.google.cloud.kms.v1.ICryptoKey;
export type KeyVersion = protos.google.cloud.kms.v1.ICryptoKeyVersion;

/** The calls of Cloud KMS that we make. Names are full resource names. Every one throws ProviderError. */
export interface Kms extends PolicyPort {
  /** Undefined: it does not exist. */
  key(name: string, signal: AbortSignal): Promise<CryptoKey | undefined>;
  /** All keys of a ring; none where there is no ring. */
  keys(ring: string, signal: AbortSignal): Promise<readonly CryptoKey[]>;
  /** All versions of a key, also those that are destroyed. */
  versions(key: string, signal: AbortSignal): Promise<readonly KeyVersion[]>;
  /** A ring that is there already is as good as a new one. */
  createRing(parent: string, keyRingId: string, signal: AbortSignal): Promise<void>;
  /** Makes its first version too. */
  createKey(ring: string, cryptoKeyId: string, key: CryptoKey, signal: AbortSignal): Promise<CryptoKey>;
  /** `mask`: paths as the API names them, such as `rotation_period`. */
  updateKey(key: CryptoKey, mask: readonly string[], signal: AbortSignal): Promise<CryptoKey>;
  createVersion(key: string, signal: AbortSignal): Promise<KeyVersion>;
  setPrimary(key: string, versionId: string, signal: AbortSignal): Promise<void>;
  setState(version: string, state: "ENABLED" | "DISABLED", signal: AbortSignal): Promise<void>;
  /** Destroys it after the key's window. */
  destroy(version: string, signal: AbortSignal): Promise<void>;
  /** The version is DISABLED afterwards. */
  restore(version: string, signal: AbortSignal): Promise<void>;
}

const API = "Cloud KMS";

export function createKms(clients: Pick<Clients, "kms">): Kms {
  return {
    async key(name, signal) {
      const client = await clients.kms();
      return ifThere(unary<CryptoKey>(API, signal, (options, done) => client.getCryptoKey({ name }, options, done)));
    },
    async keys(parent, signal) {
      const client = await clients.kms();
      const found = await ifThere(
        paged<protos.google.cloud.kms.v1.IListCryptoKeysRequest, CryptoKey>(
          API,
          signal,
          { parent },
          (page, options, done) => client.listCryptoKeys(page, options, done as never),
        ),
      );
      return found ?? [];
    },
    async versions(parent, signal) {
      const client = await clients.kms();
      return paged<protos.google.cloud.kms.v1.IListCryptoKeyVersionsRequest, KeyVersion>(
        API,
        signal,
        { parent },
        (page, options, done) => client.listCryptoKeyVersions(page, options, done as never),
      );
    },
    async createRing(parent, keyRingId, signal) {
      const client = await clients.kms();
      try {
        await unary(API, signal, (options, done) =>
          client.createKeyRing({ parent, keyRingId, keyRing: {} }, options, done),
        );
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    },
    async createKey(parent, cryptoKeyId, cryptoKey, signal) {
      const client = await clients.kms();
      const request = { parent, cryptoKeyId, cryptoKey };
      return unary<CryptoKey>(API, signal, (options, done) => client.createCryptoKey(request, options, done));
    },
    async updateKey(cryptoKey, mask, signal) {
      const client = await clients.kms();
      const request = { cryptoKey, updateMask: { paths: [...mask] } };
      return unary<CryptoKey>(API, signal, (options, done) => client.updateCryptoKey(request, options, done));
    },
    async createVersion(parent, signal) {
      const client = await clients.kms();
      const request = { parent, cryptoKeyVersion: {} };
      return unary<KeyVersion>(API, signal, (options, done) => client.createCryptoKeyVersion(request, options, done));
    },
    async setPrimary(name, cryptoKeyVersionId, signal) {
      const client = await clients.kms();
      const request = { name, cryptoKeyVersionId };
      await unary(API, signal, (options, done) => client.updateCryptoKeyPrimaryVersion(request, options, done));
    },
    async setState(name, state, signal) {
      const client = await clients.kms();
      const request = { cryptoKeyVersion: { name, state }, updateMask: { paths: ["state"] } };
      await unary(API, signal, (options, done) => client.updateCryptoKeyVersion(request, options, done));
    },
    async destroy(name, signal) {
      const client = await clients.kms();
      await ifThere(unary(API, signal, (options, done) => client.destroyCryptoKeyVersion({ name }, options, done)));
    },
    async restore(name, signal) {
      const client = await clients.kms();
      await unary(API, signal, (options, done) => client.restoreCryptoKeyVersion({ name }, options, done));
    },
    async read(resource, signal) {
      const client = await clients.kms();
      const request = { resource, options: { requestedPolicyVersion: 3 } } as Parameters<typeof client.getIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.getIamPolicy(request, options, done as never));
    },
    async write(resource, policy, signal) {
      const client = await clients.kms();
      const request = { resource, policy } as unknown as Parameters<typeof client.setIamPolicy>[0];
      return unary<Policy>(API, signal, (options, done) => client.setIamPolicy(request, options, done as never));
    },
  };
}

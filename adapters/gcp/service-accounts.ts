import type { Place } from "../../operator/provider/cloud.ts";
import { ifThere } from "./errors.ts";
import { accountName } from "./names.ts";
import { restCaller, unreadable } from "./rest.ts";

/** The fields of google.iam.admin.v1.ServiceAccount that we read and write, in JSON. */
export interface ServiceAccount {
  readonly email?: string;
  readonly displayName?: string;
  /** At most 256 bytes. It takes no labels. */
  readonly description?: string;
}

/** The calls of IAM on service accounts that we make. Every one throws ProviderError. */
export interface ServiceAccounts {
  /** Undefined: it does not exist. */
  get(email: string, signal: AbortSignal): Promise<ServiceAccount | undefined>;
  create(email: string, account: ServiceAccount, signal: AbortSignal): Promise<ServiceAccount>;
  describe(email: string, description: string, signal: AbortSignal): Promise<void>;
  /** Deleting what is absent succeeds. */
  delete(email: string, signal: AbortSignal): Promise<void>;
}

const API = "IAM";

/** Service accounts by REST: the registry that this project is built from has no client of Google's for IAM's admin API. */
export function createServiceAccounts(place: Pick<Place, "endpoints" | "credentials" | "account">): ServiceAccounts {
  const call = restCaller(place, "iam", API);
  const nameOf = (email: string) => accountName(place.account, email);

  /** @throws ProviderError transient, when the answer is none */
  async function read(reply: Promise<unknown>): Promise<ServiceAccount> {
    const found = (await reply) as ServiceAccount | null;
    if (typeof found === "object" && found !== null && typeof found.email === "string") return found;
    throw unreadable(API);
  }

  return {
    get: (email, signal) => ifThere(read(call("GET", nameOf(email), signal))),
    create: (email, serviceAccount, signal) =>
      read(
        call("POST", `projects/${place.account}/serviceAccounts`, signal, {
          body: { accountId: email.split("@")[0], serviceAccount },
        }),
      ),
    async describe(email, description, signal) {
      await call("PATCH", nameOf(email), signal, {
        body: { serviceAccount: { description }, updateMask: "description" },
      });
    },
    async delete(email, signal) {
      await ifThere(call("DELETE", nameOf(email), signal));
    },
  };
}

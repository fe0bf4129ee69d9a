/** Where Pub/Sub keeps messages: canonical forms both ways. Pure. */
import type { Neutral } from "../../operator/provider/provider.ts";
import type { Topic } from "./pubsub.ts";

export interface MessageStorage {
  readonly regions: readonly string[];
  readonly enforceInTransit: boolean;
}

/** As it is compared: regions sorted, everything said. Undefined: nothing is asked for. */
export function fitMessageStorage(given: Neutral): MessageStorage | undefined {
  if (!given) return undefined;
  const { regions, enforceInTransit = false } = given as unknown as {
    regions: readonly string[];
    enforceInTransit?: boolean;
  };
  return { regions: regions.toSorted(), enforceInTransit };
}

export const toStoragePolicy = (storage: MessageStorage | null | undefined): Pick<Topic, "messageStoragePolicy"> =>
  storage
    ? {
        messageStoragePolicy: {
          allowedPersistenceRegions: [...storage.regions],
          enforceInTransit: storage.enforceInTransit,
        },
      }
    : {};

/** The live policy; null: there is none. */
export const liveMessageStorage = ({ messageStoragePolicy: policy }: Topic): MessageStorage | null =>
  policy
    ? {
        regions: (policy.allowedPersistenceRegions ?? []).toSorted(),
        enforceInTransit: policy.enforceInTransit ?? false,
      }
    : null;

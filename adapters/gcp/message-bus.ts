import type { Place } from "../../operator/provider/cloud.ts";
import { ProviderError } from "../../operator/provider/fault.ts";
import { shortHash, tagValue } from "../../operator/provider/owner.ts";
import type { Call } from "../../operator/provider/provider.ts";
import { isAlreadyExists } from "./errors.ts";
import type { Eventarc } from "./eventarc.ts";
import { eventarcName } from "./names.ts";
import { lookAgain } from "./progress.ts";

const ID_LENGTH = 63;
/** Label of a bus that says whose it is. */
const ENVIRONMENT = "onyx-environment";

/** The message bus of an Environment, which its programs publish to. */
export function messageBusName({ account, region, environment }: Pick<Place, "account" | "region" | "environment">) {
  const id = `onyx-${environment}`;
  const short = id.length <= ID_LENGTH ? id : `${id.slice(0, ID_LENGTH - 9)}-${shortHash(environment, 8)}`;
  return eventarcName(account, region, "messageBuses", short);
}

/**
 * Makes the bus where it isn't there yet. It stays when its last rule goes: others may have put theirs on it.
 *
 * @throws ProviderError transient, while Eventarc makes it; conflict, when it is somebody else's
 */
export async function ensureMessageBus(eventarc: Eventarc, place: Place, call: Call): Promise<void> {
  const name = messageBusName(place);
  const environment = tagValue(place.environment);
  const found = await eventarc.get("messageBuses", name, call.signal);
  if (found?.labels?.[ENVIRONMENT] === environment) return;
  if (found)
    throw new ProviderError(
      "conflict",
      `message bus ${name} exists and is not of this Environment: its label ${ENVIRONMENT} should be ${environment}. Nothing was put on it.`,
      { code: "BusExists" },
    );
  const making = new ProviderError("transient", `Eventarc is making the message bus ${name}.`, { code: "NotYet" });
  try {
    const labels = { [ENVIRONMENT]: environment };
    const begun = await eventarc.create("messageBuses", name, { labels }, call.signal);
    if (!(await lookAgain(eventarc, begun, call.signal)).done) throw making;
  } catch (error) {
    throw isAlreadyExists(error) ? making : error;
  }
}

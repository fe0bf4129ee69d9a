/**
 * The service account of a workflow, which its runs act as: a name that follows from the workflow's, and our marks. It takes no
 * labels, so they stand in its description, as long as fits there. Pure.
 */
import { type Owner, ownerOf, ownerTags, shortHash, type Tags } from "../../operator/provider/owner.ts";
import { marksIn, withMarks } from "../../operator/provider/owner-text.ts";
import { accountEmail, projectOf, shortName } from "./names.ts";
import type { ServiceAccount } from "./service-accounts.ts";

const DESCRIPTION_BYTES = 256;
/** With values of 30 characters all marks take 250. */
const VALUE_LENGTH = 30;
const HASH_LENGTH = 8;
const UID = "onyx-uid";

/** Email of the account of a workflow: ids of accounts are everywhere in the project, those of workflows in a location. */
export const accountOf = (workflow: string): string =>
  accountEmail(projectOf(workflow), `onyx-wf-${shortHash(workflow, 20)}`);

/** What a policy calls it. */
export const memberOf = (email: string): string => `serviceAccount:${email}`;

/** The account as it is made. */
export const toAccount = (workflow: string, tags: Tags): ServiceAccount => ({
  displayName: `Workflow ${shortName(workflow)}`,
  description: described("", tags),
});

/** The description with these marks and no others. */
export const described = (description: string, tags: Tags): string =>
  withMarks(description, Object.fromEntries(Object.entries(tags).map(shortened)), DESCRIPTION_BYTES);

/** Who the account belongs to. Marks that stand there shortened are those of `me` if they are that, shortened. */
export function ownerIn({ description = "" }: ServiceAccount, me: Owner): Owner | undefined {
  const whole = new Map(Object.entries(ownerTags(me)).map((mark) => [shortened(mark).join("="), mark[1]]));
  return ownerOf(
    Object.fromEntries(
      Object.entries(marksIn(description)).map(([key, value]) => [key, whole.get(`${key}=${value}`) ?? value]),
    ),
  );
}

function shortened([key, value]: readonly [string, string | null]): [string, string | null] {
  if (value === null || key === UID || value.length <= VALUE_LENGTH) return [key, value];
  return [key, `${value.slice(0, VALUE_LENGTH - HASH_LENGTH - 1)}-${shortHash(value, HASH_LENGTH)}`];
}

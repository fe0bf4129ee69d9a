/** How one resource type differs from the standard methods. */
import type { CloudError, Code } from "./errors.ts";
import type { Message } from "./messages.ts";
import type { Call } from "./world.ts";

/** Everything is optional. Values are never changed in place. */
export interface Semantics {
  /** The resource as stored, from the input without output-only fields: checks ranges, fills defaults. */
  create?(input: Message, call: Call): Message;
  /** The same for an update; `paths` are the masked proto paths. */
  update?(before: Message, after: Message, paths: readonly string[], call: Call): Message;
  /** Throws when it can't be deleted now. */
  remove?(current: Message, call: Call): void;
  /** After it is gone from the store. */
  removed?(current: Message, call: Call): void;
  /** Fields that are computed when read. */
  read?(stored: Message, call: Call): Message;
  /** What a list's filter lets through. Throws for one that is not understood; absent: lists take no filter. */
  filter?(filter: string): (stored: Message) => boolean;
  /** Immutable by documentation, though the definition doesn't say so: proto paths. */
  readonly immutable?: ReadonlySet<string>;
  /** Called immutable by the definition, though parts of it change by documentation: proto paths. `update` refuses the rest. */
  readonly mutable?: ReadonlySet<string>;
  /** The last segment of a name that the service chooses. */
  id?(input: Message, call: Call): string;
  /** Throws when the name is not allowed, or taken in a way that the store doesn't show. */
  checkName?(name: string, call: Call): void;
  /** What a create is refused with when the name is in use; a plain ALREADY_EXISTS if absent. */
  taken?(name: string): CloudError;
  /** The queue that operations on it wait in. */
  queue?(name: string): string;
  /** Visible from the start of its create operation, in this form, until the operation is through. */
  creating?(resource: Message): Message;
  /** What becomes of one that is visible when its create operation fails. */
  failed?(resource: Message): Message;
  /** What a stale etag is refused with; ABORTED if absent. */
  readonly staleEtag?: Code;
}

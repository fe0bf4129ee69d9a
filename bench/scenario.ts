import type { Host } from "../hack/testbed/host.ts";
import type { Ability, Peer } from "./peers.ts";

/** A column of a scenario's table. */
export interface Column {
  /** With its unit. */
  readonly head: string;
  readonly digits: number;
  /** What it says, in a sentence without a full stop. */
  readonly means: string;
}

export interface Size {
  readonly objects: number;
  /** How long the times last in which nothing is done. */
  readonly seconds: number;
}

/** What one run measured: by column; a column that is missing does not apply to the peer. */
export interface Measured<Key extends string = string> {
  readonly figures: Readonly<Partial<Record<Key, number>>>;
  /** More to say, such as calls by verb: a line each. */
  readonly detail?: readonly string[];
}

/** Something that is measured, on a cluster of its own for each run and peer. */
export interface Scenario<Key extends string = string> {
  readonly name: string;
  /** As a heading. */
  readonly title: string;
  /** What is done, in a sentence or two. */
  readonly about: string;
  /** What is made, in the plural; Queues if left out. */
  readonly of?: string;
  /** How many of them there are unless something else is said. */
  readonly objects: number;
  /** What a peer must be able to do. */
  readonly needs: readonly Ability[];
  readonly columns: Readonly<Record<Key, Column>>;
  /** @throws Unable when the peer turns out not to do it */
  run(peer: Peer, host: Host, size: Size): Promise<Measured<Key>>;
}

/** The peer does not do what the scenario measures; the message says what was seen instead. */
export class Unable extends Error {
  override readonly name = "Unable";
}

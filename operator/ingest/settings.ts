/** What a tenant's cost is kept apart by and how shared cost is spread: the same on both clouds. */

/** Shared cost that is spread over others. */
export interface Allocation {
  /** Shows in each row that is a part of it. */
  readonly name: string;
  /** Which rows are shared: all that is given must hold, one of each list. A tag's value `""` means that it has none. */
  readonly from: {
    readonly services?: readonly string[];
    readonly accounts?: readonly string[];
    readonly tags?: Readonly<Record<string, readonly string[]>>;
  };
  /** Whose values get the parts: `account`, or a declared key of tags. */
  readonly over: "account" | { readonly tag: string };
  /**
   * - `Proportional` by what each value has spent itself in that billing period and currency
   * - `Even`         the same to each value that has spent something itself
   * - shares         weights by value, in decimals, such as `{ shop: "0.7", search: "0.3" }`
   */
  readonly by: "Proportional" | "Even" | Readonly<Record<string, string>>;
}

export interface Settings {
  /** Keys of tags that rows are kept apart by. */
  readonly tagKeys: readonly string[];
  /** The first that fits takes a row. */
  readonly allocations: readonly Allocation[];
  /** The share of rows that may be unreadable before the whole report is refused; 0.01 is one in a hundred. */
  readonly rejectedShare: number;
}

import { isDeepStrictEqual } from "node:util";
import { MARK } from "../../crds/item-mark.ts";
import { ProviderError } from "./fault.ts";
import { jsonIn } from "./json.ts";
import { HOLDER_MARKS, mergeTags, type Owner, ownerOf, ownerTags, type Tags } from "./owner.ts";
import type { At, Neutral } from "./provider.ts";

export { MARK };

/** What the attribute holds that says whose an item is. */
export type Mark = {
  readonly tags: Readonly<Record<string, string>>;
  /** Attributes that we wrote, sorted: those of spec, and those that are outputs of other objects. */
  readonly attributes: readonly string[];
  readonly from: readonly string[];
};

/** A live item, in values of JSON. */
export type Item = Readonly<Record<string, Neutral>>;

/** What is written of an item. */
export interface ItemParts {
  readonly attributes: Item;
  readonly from: Readonly<Record<string, string>>;
}

/** An item as it should be. */
export interface ItemWish extends ItemParts {
  readonly key: readonly { readonly name: string; readonly value: string | number }[];
  readonly tags: Tags;
}

/** The mark that an item has. Undefined: none of ours, whatever else it calls so. */
export function markOf(item: Item): Mark | undefined {
  const mark = item[MARK];
  if (!isMap(mark) || !isMap(mark.tags) || !Object.values(mark.tags).every((tag) => typeof tag === "string"))
    return undefined;
  return {
    tags: mark.tags as Mark["tags"],
    attributes: textsIn(mark.attributes),
    from: textsIn(mark.from),
  };
}

/** The mark of an item that has these parts. */
export const markFor = (parts: ItemParts, tags: Mark["tags"]): Mark => ({
  tags,
  attributes: Object.keys(parts.attributes).sort(),
  from: Object.keys(parts.from).sort(),
});

/** The mark of an item that is taken over: what others and we wrote before stays ours or theirs. */
export const adopted = (before: Mark | undefined, owner: Owner): Mark => ({
  attributes: before?.attributes ?? [],
  from: before?.from ?? [],
  tags: { ...before?.tags, ...ownerTags(owner) },
});

/** The mark of an item that nobody holds any more. */
export const released = (mark: Mark): Mark => ({
  ...mark,
  tags: Object.fromEntries(Object.entries(mark.tags).filter(([key]) => !HOLDER_MARKS.includes(key))),
});

/** The attributes of the key. */
export const keyIn = ({ key }: Pick<ItemWish, "key">): Readonly<Record<string, string | number>> =>
  Object.fromEntries(key.map(({ name, value }) => [name, value]));

const tagsOf = (before: Mark | undefined, wanted: Tags, owner: Owner) =>
  mergeTags(before?.tags ?? {}, { ...wanted, ...ownerTags(owner) });

/** The whole item, as it is made. */
export function newItem(wish: ItemWish, owner: Owner): Item {
  const mark = markFor(wish, tagsOf(undefined, wish.tags, owner));
  return { ...keyIn(wish), ...wish.attributes, ...wish.from, [MARK]: mark };
}

/**
 * What a live item has of what a TableItem says: the attributes that we wrote, and of an item that is not ours all but
 * the key.
 */
export function partsOf(item: Item, key: readonly string[]): ItemParts {
  const mark = markOf(item);
  const others = Object.keys(item).filter((name) => name !== MARK && !key.includes(name));
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.filter((name) => Object.hasOwn(item, name)).map((name) => [name, item[name]]));
  return {
    attributes: pick(mark?.attributes ?? others),
    from: pick(mark?.from ?? []) as Readonly<Record<string, string>>,
  };
}

/** A change of an item: what is set and what goes. */
export interface ItemChange {
  readonly set: Item;
  readonly remove: readonly string[];
}

/** What makes a live item as wished, but for its key. What others wrote beside it stays, their tags too. */
export function changeOf(item: Item, wish: Omit<ItemWish, "key">, owner: Owner): ItemChange {
  const before = markOf(item);
  const after = markFor(wish, tagsOf(before, wish.tags, owner));
  const all: Item = { ...wish.attributes, ...wish.from, [MARK]: after };
  const set = Object.entries(all).filter(([name, value]) => !isDeepStrictEqual(item[name], value));
  const ours = [...(before?.attributes ?? []), ...(before?.from ?? [])];
  const remove = ours.filter((name) => !Object.hasOwn(all, name) && Object.hasOwn(item, name));
  return { set: Object.fromEntries(set), remove };
}

const isMap = (value: Neutral): value is { readonly [key: string]: Neutral } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textsIn = (value: Neutral): readonly string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];

/** Where an item is, as its footprint tells it: the id of an item tells no types. */
export const placeText = <Place extends object>(place: Place): string => JSON.stringify(place);

/** The places that the footprint tells, where an id is known the one of that. */
export function placesIn<Place extends { readonly key: readonly unknown[] }>(
  at: At,
  idOf: (place: Place) => string,
): readonly Place[] {
  const places = at.footprint.map(jsonIn).filter((value) => isMap(value) && Array.isArray(value.key)) as unknown[];
  return (places as Place[]).filter((place) => at.id === undefined || idOf(place) === at.id);
}

/** Nothing is written to an item that changed hands since it was looked at. @throws ProviderError */
export function refuseOtherHands(mark: Mark | undefined, owner: Owner | undefined, what: string): void {
  if (isDeepStrictEqual(ownerOf(mark?.tags ?? {}), owner)) return;
  throw new ProviderError("transient", `${what} was marked by somebody else meanwhile`, { code: "OwnerChanged" });
}

/** Somebody's own attribute of that name is no mark, and is not written over. @throws ProviderError */
export function refuseTaken(item: Item, mark: Mark | undefined, what: string): void {
  if (mark || !Object.hasOwn(item, MARK)) return;
  throw new ProviderError("conflict", `${what} has an attribute "${MARK}" of somebody else's`, {
    code: "AttributeTaken",
  });
}

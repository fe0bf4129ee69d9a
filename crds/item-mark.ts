/** The attribute of an item, the same on both clouds, that says whose it is. */
export const MARK = "onyx";

/** A name as a path of Firestore has it. https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#google.firestore.v1.Document */
export const fieldPath = (name: string): string =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;

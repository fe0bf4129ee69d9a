/** Licences under which code may go into what we ship: all let it be used, changed and passed on in a work of any licence. */
export const ALLOWED: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Unlicense",
];

/** The part of package-lock.json (version 3) that is read here. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly dev?: boolean; readonly devOptional?: boolean }>
  >;
}

/**
 * What is installed for users and has no licence that we take, as `folder: licence`. An expression with OR needs one
 * that we take; one with AND is refused: a person should look at it.
 */
export function refusedLicenses(lock: Lock): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([folder, { dev, devOptional }]) => folder !== "" && !dev && !devOptional)
    .filter(([, { license = "" }]) => !alternatives(license).some((one) => ALLOWED.includes(one)))
    .map(([folder, { license }]) => `${folder}: ${license ?? "says no licence"}`);
}

const alternatives = (expression: string): readonly string[] => expression.replace(/^\((.*)\)$/, "$1").split(" OR ");

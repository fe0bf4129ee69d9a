/** Powers of ten and of two that Kubernetes writes behind a number, in billionths. */
const NANO = 1_000_000_000n;
const UNITS: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  "": NANO,
  k: NANO * 10n ** 3n,
  M: NANO * 10n ** 6n,
  G: NANO * 10n ** 9n,
  T: NANO * 10n ** 12n,
  P: NANO * 10n ** 15n,
  E: NANO * 10n ** 18n,
  Ki: NANO * 2n ** 10n,
  Mi: NANO * 2n ** 20n,
  Gi: NANO * 2n ** 30n,
  Ti: NANO * 2n ** 40n,
  Pi: NANO * 2n ** 50n,
  Ei: NANO * 2n ** 60n,
};

const FORM = /^([+-]?)(\d{1,30})(?:\.(\d{0,18}))?(?:[eE]([+-]?\d{1,2})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/;

/**
 * The value of a quantity of Kubernetes (`1500m`, `1.5`, `512Mi`, `2e3`) in billionths, or undefined when it is none.
 * Equal quantities have equal values, however they are written.
 */
export function quantityValue(quantity: string | number): bigint | undefined {
  const match = FORM.exec(String(quantity));
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent, unit = ""] = match;
  const digits = BigInt(whole + fraction);
  const power = BigInt(exponent ?? 0) - BigInt(fraction.length);
  const scaled = digits * (UNITS[unit] ?? NANO);
  const value = power >= 0n ? scaled * 10n ** power : scaled / 10n ** -power;
  return sign === "-" ? -value : value;
}

const HOLDERS = new Set(["requests", "limits", "hard", "capacity", "minAllowed", "maxAllowed"]);
const FIELDS = new Set(["sizeLimit", "averageValue"]);

/** True when the field `key` below `parent` holds a quantity: there only, `1000m` and `1` are the same. */
export const isQuantity = (parent: string | undefined, key: string): boolean =>
  FIELDS.has(key) || (parent !== undefined && HOLDERS.has(parent));

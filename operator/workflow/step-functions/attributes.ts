/**
 * Attribute values of DynamoDB in JSONata, both ways. A number is a text there: a whole one has all its digits, any other 15,
 * which is what `$string` writes. Names begin with `$_`, as nothing of a caller does.
 */
import { MAX_NUMBER } from "../expression/values.ts";
import {
  indexedAttributes,
  type KeyAttribute,
  keysOf,
  MAX_EXPIRY,
  MAX_NESTING,
  RESERVED_NAME,
  type TableSchema,
  typeOf,
} from "../tables/schema.ts";
import { at, text } from "./queries.ts";

const WRITTEN = 1_000_000_000_000_000;
const HALF = 1_000_000;
const NUMBER = [
  `$floor($x)=$x and $abs($x)>=${WRITTEN}`,
  `?($x<0?"-":"")&$string($floor($abs($x)/${HALF}))&$substring($string(${HALF}+$abs($x)%${HALF}),1)`,
  ":$string($x)",
].join("");
/** A map whose entries are made by `value` of each name `$k` of `map`. */
const mapped = (map: string, value: string) =>
  `$count($keys(${map}))=0?{}:$reduce($keys(${map}),function($r,$k){$merge([$r,{$k:${value}}])},{})`;

/**
 * A null in a list is nothing at all to one port of JSONata, and so is taken for null.
 * Defines `$_av(value, nesting)`, which makes an attribute value, and `$_tk(value, type, whole)`, which looks at one of a key.
 */
const ENCODE = [
  `$_nt:=function($x){${NUMBER}};`,
  '$_av:=function($x,$d){$x=null or $exists($x)=false?{"NULL":true}:$type($x)="string"?{"S":$x}:$type($x)="number"?{"N":$_nt($x)}:$type($x)="boolean"?{"BOOL":$x}',
  ':$d<1?$error("nesting"):$type($x)="array"',
  '?{"L":$reduce($x,function($r,$v){$append($r,[$type($v)="array"?$error("a list in a list"):$_av($v,$d-1)])},[])}',
  `:{"M":${mapped("$x", `$k="" or $contains($k,/${RESERVED_NAME}/)?$error("name"):$_av($lookup($x,$k),$d-1)`)}}};`,
  '$_tk:=function($y,$t,$w){$type($y)=$t and $y!="" and ($t="string" or $w=false or $floor($y)=$y)?$y:$error("key")};',
].join("");

/** Defines `$_dv(value)`, the plain value; null is `Nul` and a boolean `Bool` where it came by `aws-sdk:dynamodb`. */
const DECODE = [
  `$_rn:=function($x){$x<=${MAX_NUMBER} and $x>=-${MAX_NUMBER}?$x:$error("range")};`,
  "$_is:=function($v,$k){$exists($lookup($v,$k))};",
  '$_dv:=function($v){$_is($v,"S")?$lookup($v,"S"):$_is($v,"N")?$_rn($number($lookup($v,"N")))',
  ':$_is($v,"BOOL")?$lookup($v,"BOOL"):$_is($v,"Bool")?$lookup($v,"Bool"):$_is($v,"NULL") or $_is($v,"Nul")?null',
  ':$_is($v,"L")?$reduce($lookup($v,"L"),function($r,$i){($y:=$_dv($i);$append($r,$type($y)="array"?[[$y]]:[$y]))},[])',
  `:$_is($v,"M")?($m:=$lookup($v,"M");${mapped("$m", "$_dv($lookup($m,$k))")})`,
  ':$error("no value of a workflow")};',
].join("");

const keyValue = (value: string, attribute: KeyAttribute, whole: boolean) =>
  `$_av($_tk(${value},${text(typeOf(attribute))},${whole}),0)`;

/** In JSONata the key of an item, as an attribute map. @param key the map that it is in, in JSONata */
export function keyOfItem(key: string, schema: TableSchema): string {
  const keys = keysOf(schema);
  const entries = keys.map((one) => `${text(one.name)}:${keyValue(at("$_x", one.name), one, true)}`);
  return `(${ENCODE}$_x:=${key};$count($keys($_x))=${keys.length}?{${entries.join(",")}}:$error("key"))`;
}

/** In JSONata an item, as an attribute map. @param item in JSONata */
export function itemOf(item: string, schema: TableSchema): string {
  const keys = keysOf(schema).map((one) => `${keyValue(at("$_x", one.name), one, true)};`);
  return `(${ENCODE}$_x:=${item};${keys.join("")}${checks(schema)}$lookup($_av($_x,${MAX_NESTING + 1}),"M"))`;
}

/** In JSONata one attribute of an item, as an attribute value. @param value in JSONata */
export function attributeOf(name: string, value: string, schema: TableSchema): string {
  const same = (one: KeyAttribute) => one.name === name;
  const key = keysOf(schema).find(same);
  const indexed = indexedAttributes(schema).find(same);
  if (key) return `(${ENCODE}${keyValue(value, key, true)})`;
  if (name === schema.ttlField) return `(${ENCODE}$_x:=${value};${EXPIRY}$_av($_x,0))`;
  return `(${ENCODE}${indexed ? keyValue(value, indexed, false) : `$_av(${value},${MAX_NESTING})`})`;
}

/** Fails unless `$_x` is when an item expires. */
const EXPIRY = `$_tk($_x,"number",true)>=0 and $_x<=${MAX_EXPIRY}?0:$error("expiry");`;

/** Fails where an attribute of an index, or the expiry, is there and of another type. */
function checks(schema: TableSchema): string {
  const ifThere = (name: string, check: string) => `$exists(${at("$_x", name)})?${check}:0;`;
  const indexed = indexedAttributes(schema).map((one) => ifThere(one.name, keyValue(at("$_x", one.name), one, false)));
  const { ttlField } = schema;
  const expiry = ttlField === null ? "" : ifThere(ttlField, `($_x:=${at("$_x", ttlField)};${EXPIRY.slice(0, -1)})`);
  return indexed.join("") + expiry;
}

/** What a query goes by, in JSONata. */
export interface Bounds {
  /** A map of the partition key. */
  readonly key: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** In JSONata `:p`, `:from` and `:to`. DynamoDB refuses bounds in the wrong order; then nothing is to be found. */
export function boundsOf({ key, from, to }: Bounds, partition: KeyAttribute, sort: KeyAttribute | null): string {
  const bound = (value: string) => keyValue(value, sort ?? partition, false);
  const entries = [
    `":p":${keyValue(at("$_x", partition.name), partition, false)}`,
    ...(from ? [`":from":${bound("$_f")}`] : []),
    ...(to ? [`":to":${bound(from ? "($type($_f)=$type($_t) and $_t<$_f?$_f:$_t)" : "$_t")}`] : []),
  ];
  const given = `$_x:=${key};${from ? `$_f:=${from};` : ""}${to ? `$_t:=${to};` : ""}`;
  return `(${ENCODE}${given}$count($keys($_x))=1?{${entries.join(",")}}:$error("key"))`;
}

/** In JSONata an item as a plain map; null where there is none. @param item an attribute map, in JSONata */
export const plainItem = (item: string): string => `(${DECODE}$exists(${item})?$_dv({"M":${item}}):null)`;

/** In JSONata the items of a list of attribute maps; none where the bounds are in the wrong order. */
export function plainItems(items: string, { from, to }: Bounds): string {
  const all = `$reduce(${items},function($r,$i){$append($r,[$_dv({"M":$i})])},[])`;
  return `(${DECODE}${from && to ? `${to}<${from}?[]:` : ""}${all})`;
}

import { DECIMAL, INTEGER, MAX_WRITTEN, NON_ASCII, TIMESTAMP } from "./text-forms.ts";
import { MAX_NUMBER } from "./values.ts";

/** What the emitted expressions call, each by its JSONata source. They begin with `$_`, as nothing of a caller does. */
const HELPERS = {
  /** Key of a map. */
  $_g: `function($o,$k){$type($o)="object"?($exists($lookup($o,$k))?$lookup($o,$k):$error("key")):$error("type")}`,
  /** Item of a list, or key of a map. */
  $_i: `function($l,$k){$type($l)="array"?($type($k)="number" and $k>=0 and $k<$count($l) and $floor($k)=$k?$l[$k]:$error("index")):$type($k)="string"?$_g($l,$k):$error("type")}`,
  /** Whether a map has the key. */
  $_h: `function($o,$k){$type($o)="object"?$exists($lookup($o,$k)):$error("type")}`,
  /** A number, a text, a boolean, a list: itself. */
  $_n: `function($x){$type($x)="number"?$x:$error("type")}`,
  $_s: `function($x){$type($x)="string"?$x:$error("type")}`,
  $_b: `function($x){$type($x)="boolean"?$x:$error("type")}`,
  $_l: `function($x){$type($x)="array"?$x:$error("type")}`,
  /** A text of ASCII: itself. */
  $_a: `function($x){$contains($_s($x),/${NON_ASCII.ecma}/)?$error("ascii"):$x}`,
  /** A number in range: itself. */
  $_r: `function($x){$x<=${MAX_NUMBER} and $x>=-${MAX_NUMBER}?$x:$error("range")}`,
  /** + */
  $_p: `function($a,$c){$type($a)!=$type($c)?$error("type"):$type($a)="number"?$_r($a+$c):$type($a)="string"?$a&$c:$type($a)="array"?$append($a,$c):$error("type")}`,
  /** / and % */
  $_d: `function($a,$c){$c=0?$error("div"):$_r($_n($a)/$_n($c))}`,
  $_m: `function($a,$c){$floor($_n($a))!=$a or $floor($_n($c))!=$c?$error("type"):$c=0?$error("div"):$a%$c}`,
  /** The list whose only element is $x, for $append. */
  $_w: `function($x){$type($x)="array"?[[$x]]:[$x]}`,
  /** in */
  $_e: `function($x,$l){$type($l)="array"?$reduce($l,function($a,$v){$a?true:($v=$x)},false):$type($l)="object" and $type($x)="string"?$exists($lookup($l,$x)):$error("type")}`,
  $_size: `function($x){$type($x)="string"?$length($x):$type($x)="array"?$count($x):$type($x)="object"?$count($keys($x)):$error("type")}`,
  $_text: `function($x){$type($x)="string"?$x:$type($x)="boolean"?($x?"true":"false"):$type($x)="number" and $floor($x)=$x and $abs($x)<${MAX_WRITTEN}?$string($x):$error("type")}`,
  $_int: `function($x){$type($x)="number"?($x<0?$ceil($x):$floor($x)):$type($x)="string" and $contains($x,/${INTEGER.ecma}/)?$number($x):$error("type")}`,
  $_double: `function($x){$type($x)="number"?$x:$type($x)="string" and $contains($x,/${DECIMAL.ecma}/)?$number($x):$error("type")}`,
  $_starts: `function($x,$y){$substring($_s($x),0,$length($_s($y)))=$y}`,
  $_ends: `function($x,$y){$length($_s($x))>=$length($_s($y)) and $substring($x,$length($x)-$length($y))=$y}`,
  /** Seconds since 1970. */
  $_time: `function($x){$contains($_s($x),/${TIMESTAMP.ecma}/)?$round($toMillis($x)/1000):$error("time")}`,
} as const;

export type Helper = keyof typeof HELPERS;

/** The definitions of the helpers and of those they call, in an order in which each is known before it is called. */
export function prelude(wanted: Iterable<Helper>): string {
  const found = new Set<Helper>();
  const add = (helper: Helper) => {
    if (found.has(helper)) return;
    found.add(helper);
    for (const called of calls(HELPERS[helper])) add(called);
  };
  for (const helper of wanted) add(helper);
  const ordered = (Object.keys(HELPERS) as Helper[]).filter((helper) => found.has(helper));
  return ordered.map((helper) => `${helper}:=${HELPERS[helper]};`).join("");
}

function calls(source: string): Helper[] {
  return (source.match(/\$_\w+/g) ?? []) as Helper[];
}

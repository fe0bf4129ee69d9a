import { CONFLICT } from "../calls.ts";
import type { ErrorClass } from "../ir.ts";
import type { State } from "./definition.ts";
import { at, query, text } from "./queries.ts";

/** What failed a run, as workflows see it. */
export interface Problem {
  readonly class: ErrorClass;
  /** `""` but for Business. */
  readonly code: string;
  readonly message: string;
}

/** Classes by the name of an error: the first rule that fits. Of Business the code is the status. */
const RULES: readonly (readonly [ErrorClass, string])[] = [
  ["Timeout", "^States[.](Timeout|HeartbeatTimeout|Http[.]StatusCode[.]408)$"],
  ["Expression", "^States[.]QueryEvaluationError$"],
  ["Throttled", "Throttl|TooManyRequests|LimitExceeded|ProvisionedThroughput|^States[.]Http[.]StatusCode[.]429$"],
  ["Denied", "AccessDenied|AuthorizationError|^States[.](Permissions|Http[.]StatusCode[.]40[13])$"],
  ["NotFound", "NotFound|NoSuch|DoesNotExist|NonExistent|^States[.]Http[.]StatusCode[.]404$"],
  ["Transient", "^States[.]Http[.]StatusCode[.]5"],
  ["Business", "^States[.]Http[.]StatusCode[.]|ConditionalCheckFailed"],
];
const OTHERWISE: ErrorClass = "Transient";

/**
 * What the SDK words into the cause of a service's error, whose name may be that of any error of the service: `(Service: S3,
 * Status Code: 412, Request ID: …)`, `(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; …)`.
 */
const OF_SERVICE = "(Service: ";
const SERVICE_STATUS = "Status Code: ([0-9]{3})";
const SERVICE_CODE = "Error Code: ([A-Za-z]+)";
const NOT_ALLOWED = "is not authorized to perform";
/** A condition of a write that does not hold, and one that meets another write. */
const MEANS: Readonly<Record<string, string>> = { "412": "ConditionalCheckFailed", "409": "OperationAborted" };

/** Errors of our own are named so, and their cause is the problem as JSON. */
const OWN = "Wf.";
const STATUS = "StatusCode.";

/** The characters of a text in JSON, one after the other. Brackets that are escaped confuse JSONata's reader. */
const IN_JSON = String.raw`(?:[^\x22\x5c\x00-\x1f]|\x5c[\x22\x5c\x2fbfnrt]|\x5cu[0-9a-fA-F]{4})*`;
const member = (key: string) => `"${key}":"(${IN_JSON})"`;
/** What a task that ran another machine fails with, whatever failed that one: how that ended is in the cause. */
const OF_RUN = { error: "States.TaskFailed", cause: '"ExecutionArn":"' };

/** The name of a machine's error. */
export function errorName(errorClass: ErrorClass, code: string): string {
  return `${OWN}${errorClass}${code === "" ? "" : `.${code}`}`;
}

/** What an execution failed with, by the `error` and `cause` that DescribeExecution gives. */
export function problemOf(error: string, cause: string): Problem {
  const ofRun = error === OF_RUN.error && cause.includes(OF_RUN.cause);
  const name = (ofRun && memberOf(cause, "Error")) || error;
  const why = (ofRun && memberOf(cause, "Cause")) || cause;
  if (name.startsWith(OWN)) {
    const [errorClass = "", code = ""] = name.slice(OWN.length).split(/[.](.*)/s);
    return problem(errorClass as ErrorClass, code, memberOf(why, "message") ?? why);
  }
  const known = classOf(name) === undefined ? ofService(why) : name;
  const code = known.includes("ConditionalCheckFailed") ? CONFLICT : known.slice(known.indexOf(STATUS) + STATUS.length);
  return problem(classOf(known) ?? OTHERWISE, code, why);
}

const classOf = (name: string): ErrorClass | undefined => RULES.find(([, rule]) => new RegExp(rule).test(name))?.[0];

/** The name of an error that its cause tells; `""`: it tells none. */
function ofService(cause: string): string {
  if (cause.includes(NOT_ALLOWED)) return "AccessDenied";
  if (!cause.includes(OF_SERVICE)) return "";
  const code = new RegExp(SERVICE_CODE).exec(cause)?.[1] ?? "";
  if (classOf(code)) return code;
  const status = new RegExp(SERVICE_STATUS).exec(cause)?.[1];
  return status === undefined ? "" : (MEANS[status] ?? `States.Http.${STATUS}${status}`);
}

function problem(errorClass: ErrorClass, code: string, message: string): Problem {
  return { class: errorClass, code: errorClass === "Business" ? code : "", message };
}

function memberOf(json: string, key: string): string | undefined {
  const found = new RegExp(member(key)).exec(json);
  return found ? (JSON.parse(`"${found[1]}"`) as string) : undefined;
}

/**
 * `problemOf` in JSONata, of what was caught. It has a value for anything: where it failed, the run would.
 * Texts are taken out of the cause by their form, since a cause may be cut off, and `$parse` fails on what is no JSON.
 */
export const PROBLEM = query(
  [
    "($o:=$states.errorOutput;",
    '$f:=function($k){($v:=$lookup($o,$k);$type($v)="string"?$v:"")};',
    String.raw`$u:=function($m,$x){$exists($m)?$parse("\"" & $m.groups[0] & "\""):$x};`,
    '$a:=$f("Error");$b:=$f("Cause");',
    `$r:=$a=${text(OF_RUN.error)} and $contains($b,${text(OF_RUN.cause)});`,
    `$n:=$r?$u($match($b,/${member("Error")}/,1),$a):$a;`,
    `$c:=$r?$u($match($b,/${member("Cause")}/,1),$b):$b;`,
    `$w:=$substring($n,0,${OWN.length})=${text(OWN)};`,
    `$t:=$substringAfter($n,${text(OWN)});`,
    `$h:=function($x){${RULES.map(([name, rule]) => `$contains($x,/${rule}/)?${text(name)}:`).join("")}""};`,
    `$g:=function($m){$exists($m)?$m.groups[0]:""};`,
    `$e:=$g($match($c,/${SERVICE_CODE}/,1));$s:=$g($match($c,/${SERVICE_STATUS}/,1));`,
    `$z:=$h($n)!=""?$n:$contains($c,${text(NOT_ALLOWED)})?"AccessDenied":$contains($c,${text(OF_SERVICE)})=false?"":`,
    `$h($e)!=""?$e:${Object.entries(MEANS)
      .map(([status, name]) => `$s=${text(status)}?${text(name)}:`)
      .join("")}$s=""?"":${text(`States.Http.${STATUS}`)}&$s;`,
    `$k:=$w?$substringBefore($t,"."):$h($z)=""?${text(OTHERWISE)}:$h($z);`,
    `{"class":$k,"code":$k="Business"?($w?$substring($t,$length($k)+1):$contains($z,"ConditionalCheckFailed")?${text(CONFLICT)}:$substringAfter($z,${text(STATUS)})):"",`,
    `"message":$w?$u($match($c,/${member("message")}/,1),$c):$c})`,
  ].join(""),
);

/** Every error that can be caught at all. */
export const ANY_ERROR = { ErrorEquals: ["States.ALL"] };

/** Of a message, in characters: a cause has 32 KiB, and a character up to six in JSON. */
const MAX_MESSAGE = 4_096;

/** The cause of an error of our own; everything in JSONata. */
export function causeOf(errorClass: string, code: string, message: string): string {
  return `$string({"class":${errorClass},"code":${code},"message":$substring(${message},0,${MAX_MESSAGE})})`;
}

/** Fails with a problem once more. @param problem in JSONata */
export function raised(problem: string): State {
  const [errorClass, code, message] = ["class", "code", "message"].map((key) => at("$p", key)) as [
    string,
    string,
    string,
  ];
  const ofProblem = (source: string) => query(`($p:=${problem};${source})`);
  return {
    Type: "Fail",
    Error: ofProblem(`${text(OWN)} & ${errorClass} & (${code}=""?"":"." & ${code})`),
    Cause: ofProblem(causeOf(errorClass, code, message)),
  };
}

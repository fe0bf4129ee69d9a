import type { Value } from "../../../operator/workflow/expression/index.ts";

/** Statuses of a path's first, second, … request with the same key; 200 from then on. 0: the connection breaks. */
export type Schedule = Readonly<Record<string, readonly number[]>>;

/**
 * Bodies of the answers to a path's first, second, … request with the same key; the last one stays. With its query or without.
 * What a path without any gets, `answerTo` tells.
 */
export type Answers = Readonly<Record<string, readonly Value[]>>;

/** A workflow that each engine should run like the interpreter. */
export interface Case {
  readonly name: string;
  /** `BASE` stands for the address of the service that it calls. */
  readonly yaml: string;
  readonly inputs?: readonly Value[];
  readonly schedule?: Schedule;
  readonly answers?: Answers;
  /** Workflows that it runs, by their names. They call nothing. */
  readonly children?: Readonly<Record<string, string>>;
}

const call = (name: string, more = "") =>
  `- ${name}: { call: http, with: { method: POST, endpoint: BASE/${name}${more} } }`;

const ORDERS = [
  { id: "a", items: [1, 2], gift: false },
  { id: "b", items: [], gift: true },
  { id: "c", items: [[3], null, { x: [] }], gift: false },
];
const ODD_VALUES: readonly Value[] = [
  null,
  false,
  0,
  "",
  [],
  {},
  [null],
  [[]],
  [[1]],
  [1, [2, []]],
  { a: null },
  "{% 1 %}",
  'ü😀\n"\\',
];

export const CASES: readonly Case[] = [
  {
    name: "values stay what they are from task to task, through a try, a fork and both kinds of for",
    inputs: ODD_VALUES,
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { kept: "\${output}" } } }
  - t:
      try: [{ same: { set: "\${input}", export: { as: { kept: "\${context.kept}", in: "\${output}" } } } }]
      catch: {}
  - f: { fork: { branches: [{ one: { set: "\${input}" } }, { two: { wait: { seconds: 1 } } }] } }
  - c:
      for: { in: "\${input}" }
      metadata: { concurrency: 2 }
      do: [{ pair: { set: ["\${item}", "\${index}", "\${input}"] } }]
  - s: { for: { each: one, in: "\${input}" }, do: [{ last: { set: { one: "\${one}", before: "\${input}" } } }] }
  - all: { set: { input: "\${input}", context: "\${context}" } }
`,
  },
  {
    name: "literals of every kind",
    inputs: [null],
    yaml: `
do:
  - a:
      set: null
      export: { as: { texts: ["", "{% 1 %}", "x\\ny", "{%"], nested: [[], [[1], null], {}], "odd key": -1.5 } }
  - b: { set: { null: "\${input}" } }
  - c: { set: ["\${input}", "\${context}", [[]], true] }
  - d: { set: { a: "\${input}", e: { set: "" } } }
`,
  },
  {
    name: "input.from, output.as, export.as and if of every task",
    inputs: [
      { x: 1, list: [1, 2] },
      { x: 5, list: [] },
      { x: "text", list: [] },
    ],
    yaml: `
input: { from: { run: "\${input}" } }
do:
  - a:
      input: { from: "\${input.run}" }
      set: "\${input.x}"
      output: { as: { in: "\${input}", out: "\${output}" } }
      export: { as: { a: "\${output}", i: "\${input}" } }
  - b: { if: "\${input.out > 2}", wait: { seconds: 1 }, input: { from: [1] }, output: { as: "\${output + [input]}" } }
  - c:
      do: [{ d: { set: "\${[input]}" } }]
      input: { from: "\${context}" }
      output: { as: "\${size(output) + size(input)}" }
      export: { as: { c: "\${context}", o: "\${output}" } }
  - e:
      for: { in: "\${context.c.i.list}" }
      while: "\${input < 100}"
      do: [{ f: { set: "\${input + item}", export: { as: { e: "\${context}", f: "\${output}" } } } }]
      output: { as: [ "\${output}", "\${input}" ] }
  - g: { fork: { branches: [{ h: { set: 1, export: { as: {} } } }] }, output: { as: "\${output[0]}" } }
  - i:
      try: [{ j: { set: "\${input}" } }]
      catch: {}
      export: { as: { output: "\${output}", context: "\${context}" } }
  - all: { set: { input: "\${input}", context: "\${context}" } }
output: { as: { output: "\${output}" } }
`,
  },
  {
    name: "a switch, and ways out of a list",
    inputs: [1, 20, 300, 4000, "x", null],
    yaml: `
do:
  - first:
      do:
        - choose:
            switch:
              - small: { when: "\${input < 10}", then: small }
              - middle: { when: "\${input < 100}", then: exit }
              - large: { when: "\${input < 1000}", then: end }
            export: { as: { chosen: "\${input}" } }
            output: { as: "\${input + 1}" }
        - big: { set: "\${input * 2}", then: exit }
        - small: { set: "\${[input]}" }
  - then: { if: "\${has(context.chosen)}", set: ["\${input}", "\${context.chosen}"] }
  - alone: { switch: [{ always: { then: end } }] }
output: { as: { gave: "\${output}" } }
`,
  },
  {
    name: "a sum, until it is enough",
    inputs: [[1, 2, 3, 4], [], [[5]], "no list", { a: 1 }],
    yaml: `
do:
  - zero: { set: 0, export: { as: { list: "\${input}" } } }
  - sum:
      for: { each: n, in: "\${[1, 2, 3, 4]}", at: i }
      while: "\${input < 6}"
      do: [{ add: { set: "\${input + n * (i + 1)}" } }]
  - again: { input: { from: "\${input}" }, for: { each: x, in: "\${context.list}" }, do: [{ y: { set: "\${x}" } }] }
`,
  },
  {
    name: "calls in loops in loops carry keys of their own",
    inputs: [ORDERS],
    yaml: `
do:
  - orders:
      for: { each: order, in: "\${input}", at: o }
      do:
        - items:
            for: { each: thing, in: "\${order.items}" }
            metadata: { concurrency: 3 }
            do:
              - pack:
                  call: http
                  with:
                    method: PUT
                    endpoint: BASE/pack
                    query: { order: "\${order.id}", n: "\${string(index)}" }
                    body: { thing: "\${thing}", o: "\${o}" }
        - ship:
            if: "\${!order.gift}"
            call: http
            with:
              method: POST
              endpoint: "\${'BASE' + '/ship'}"
              headers: { X-Order: "\${order.id}" }
              body: "\${input}"
`,
  },
  {
    name: "what can't be an argument fails as an expression does",
    inputs: ["endpoint", "headers", "header", "query", "parameter", "none"].map((wrong) => ({
      wrong,
      map: { a: "b" },
    })),
    yaml: `
do:
  - keep: { set: "\${input}", export: { as: { input: "\${output}" } } }
  - t:
      try:
        - c:
            call: http
            with:
              method: POST
              endpoint: "\${input.wrong == 'endpoint' ? input : 'BASE/c'}"
              headers: "\${input.wrong == 'headers' ? input.wrong : input.wrong == 'header' ? { 'a': 1 } : input.map}"
              query: { b: "\${input.wrong == 'parameter' ? null : 'x'}" }
        - d:
            call: http
            input: { from: "\${context.input}" }
            with: { method: POST, endpoint: BASE/d, query: "\${input.wrong == 'query' ? [] : { 'a': '1' }}" }
      catch: { do: [{ h: { set: "\${error.class}" } }] }
`,
  },
  {
    name: "retries with waits that grow, each with the same key, then a success",
    schedule: { "/pay": [503, 429, 408] },
    yaml: `
do:
  - t:
      try: [${inline(call("before"))}, ${inline(call("pay"))}]
      catch:
        retry:
          delay: { seconds: 2 }
          backoff: { exponential: { max: { seconds: 5 } } }
          limit: { attempt: { count: 3 } }
  - after: { set: { got: "\${input}" } }
`,
  },
  {
    name: "retries are used up, and the error is raised or handled",
    inputs: [true, false],
    schedule: { "/pay": [500, 500, 500, 500] },
    yaml: `
do:
  - choose: { switch: [{ yes: { when: "\${input}", then: handled } }] }
  - raised: { try: [${inline(call("pay"))}], catch: { retry: { limit: { attempt: { count: 2 } } } }, then: exit }
  - handled:
      try: [${inline(call("pay"))}]
      catch:
        as: problem
        retry: { limit: { attempt: { count: 1 } } }
        do: [{ tell: { set: { class: "\${problem.class}", code: "\${problem.code}", input: "\${input}" } } }]
`,
  },
  ...[400, 401, 403, 404, 408, 409, 412, 422, 429, 500, 502, 503, 504].map((status) => ({
    name: `status ${status}: its class and code, where nobody catches it and where somebody does`,
    inputs: [true, false],
    schedule: { "/x": [status] },
    yaml: `
do:
  - choose: { switch: [{ yes: { when: "\${input}", then: caught } }] }
  ${call("x")}
  - caught: { try: [${inline(call("x"))}], catch: { do: [{ tell: { set: ["\${error.class}", "\${error.code}"] } }] } }
`,
  })),
  {
    name: "a connection that breaks is tried again",
    schedule: { "/x": [0, 0] },
    yaml: `do: [{ t: { try: [${inline(call("x"))}], catch: { retry: { limit: { attempt: { count: 5 } } } } } }]`,
  },
  {
    name: "raised errors of each class reach the end of the run",
    inputs: ["Timeout", "Throttled", "Transient", "Denied", "NotFound", "Business", "Expression", "?"],
    yaml: `
do:
  - choose: { switch: [${["Timeout", "Throttled", "Transient", "Denied", "NotFound", "Business", "Expression"]
    .map((one) => `{ c${one}: { when: "\${input == '${one}'}", then: r${one} } }`)
    .join(", ")}] , then: none }
${["Timeout", "Throttled", "Transient", "Denied", "NotFound", "Expression"]
  .map((one) => `  - r${one}: { raise: { error: { type: ${one}, detail: "\${'it was ' + input}" } } }`)
  .join("\n")}
  - rBusiness:
      raise: { error: { type: Business, code: Out_Of-Stock, detail: "\${'\\"q\\" \\\\\\\\ \\\\n ü😀 ' + input}" } }
  - none: { raise: { error: { type: Business, code: None, detail: "\${input.missing}" } } }
`,
  },
  {
    name: "an error is caught by class, by code, or passed on",
    inputs: ["Empty", "Full", "Denied", "Expression"],
    yaml: `
do:
  - outer:
      try:
        - inner:
            try:
              - choose:
                  switch:
                    - e: { when: "\${input == 'Empty'}", then: empty }
                    - f: { when: "\${input == 'Full'}", then: full }
                    - d: { when: "\${input == 'Denied'}", then: denied }
              - fault: { set: "\${input + 1}" }
              - empty: { raise: { error: { type: Business, code: Empty, detail: none left } } }
              - full: { raise: { error: { type: Business, code: Full, detail: no room } } }
              - denied: { raise: { error: { type: Denied, detail: go away } } }
            catch:
              errors: { with: { type: [Business, Expression], code: Empty } }
              as: e
              do: [{ a: { set: ["inner", "\${e.class}", "\${e.code}", "\${e.class == 'Business' ? e.message : ''}"] } }]
      catch:
        errors: { with: { type: [Business, Denied] } }
        as: problem
        do: [{ b: { set: ["outer", "\${problem}"] } }]
`,
  },
  {
    name: "an expression's fault is never tried again, and is caught wherever it happens",
    inputs: [
      { at: "set" },
      { at: "if" },
      { at: "switch" },
      { at: "wait" },
      { at: "until" },
      { at: "leap" },
      { at: "for" },
      { at: "as" },
      { at: "call" },
      { at: "none" },
    ],
    yaml: `
do:
  - t:
      try:
        - a: { set: "\${input.at == 'set' ? input.missing : input}" }
        - b: { if: "\${input.at == 'if' ? input.missing : false}", set: 1 }
        - c: { switch: [{ d: { when: "\${input.at == 'switch' ? input.missing : false}", then: exit } }] }
        - e: { wait: { seconds: "\${input.at == 'wait' ? 1.5 : 1}" } }
        - f: { wait: { until: "\${input.at == 'until' ? 'tomorrow' : input.at == 'leap' ? '2026-02-30T00:00:00Z' : '2026-01-01T00:00:00Z'}" } }
        - g: { for: { in: "\${input.at == 'for' ? input : [1]}" }, do: [{ h: { set: "\${input}" } }] }
        - i:
            set: "\${input}"
            output: { as: "\${output.at == 'as' ? output.missing : output}" }
            export: { as: "\${output}" }
        - j: { call: http, with: { method: GET, endpoint: "\${input.at == 'call' ? input : 'BASE/ok'}" } }
      catch:
        retry: { limit: { attempt: { count: 3 } } }
        as: problem
        do: [{ k: { set: ["\${problem.class}", "\${context}"] } }]
`,
  },
  {
    name: "a body that fails leaves the context as it was, one that ends well commits it",
    inputs: [true, false],
    schedule: { "/x": [404] },
    yaml: `
do:
  - a: { set: 1, export: { as: { a: 1 } } }
  - t:
      try:
        - b: { set: 2, export: { as: { a: "\${context.a}", b: 2 } } }
        - c: { if: "\${input == 3}", set: 0 }
        ${call("x")}
      catch: { do: [{ h: { set: "\${context}", export: { as: { before: "\${context}", h: true } } } }] }
  - u:
      try:
        - d: { set: 5, export: { as: { d: "\${context}" } } }
        - n: { try: [{ e: { set: 6, export: { as: { e: "\${context}" } } } }], catch: {} }
      catch: {}
  - all: { set: { input: "\${input}", context: "\${context}" } }
`,
  },
  {
    name: "an error without a handler gives the input",
    schedule: { "/x": [404] },
    inputs: [[1]],
    yaml: `
do:
  - t:
      try: [${inline(call("x"))}]
      catch: {}
      output: { as: { output: "\${output}", input: "\${input}" } }
`,
  },
  {
    name: "all branches end, then the first error in order is raised",
    schedule: { "/b": [404], "/c": [403] },
    yaml: `
do:
  - t:
      try:
        - f:
            fork:
              branches:
                - a:
                    do:
                      - w: { wait: { seconds: 1 } }
                      - call-a: { call: http, with: { method: GET, endpoint: BASE/a } }
                - b:
                    do:
                      - x: { wait: { seconds: 1 } }
                      - call-b: { call: http, with: { method: GET, endpoint: BASE/b } }
                - c: { call: http, with: { method: GET, endpoint: BASE/c } }
      catch: { do: [{ h: { set: "\${error.class}" } }] }
  - g:
      for: { in: "\${['c', 'a', 'b']}" }
      metadata: { concurrency: 1 }
      do: [{ one: { call: http, with: { method: GET, endpoint: "\${'BASE/' + item}" } } }]
`,
  },
  {
    name: "a try with retries in a for in a fork, twice at once",
    schedule: { "/left": [503, 429], "/right": [500, 404], "/shared": [503] },
    inputs: [[1, 2], []],
    yaml: `
do:
  - start: { set: "\${input}", export: { as: { count: 0 } } }
  - f:
      fork:
        branches:
${["left", "right"]
  .map(
    (side) => `          - ${side}:
              for: { each: n, in: "\${input}" }
              do:
                - attempt:
                    try:
                      - mark: { set: "\${[input, n]}", export: { as: { count: "\${context.count + 1}" } } }
                      - go: { call: http, with: { method: POST, endpoint: BASE/${side}, body: "\${context}" } }
                      - inner:
                          try: [{ again: { call: http, with: { method: POST, endpoint: BASE/shared } } }]
                          catch: { retry: { limit: { attempt: { count: 1 } } } }
                    catch:
                      retry: { limit: { attempt: { count: 2 } } }
                      as: problem
                      do: [{ h: { set: ["\${problem.class}", "\${n}", "\${context}"] } }]`,
  )
  .join("\n")}
  - all: { set: { input: "\${input}", context: "\${context}" } }
`,
  },
  {
    name: "waits, of seconds and until a moment, give their input",
    inputs: [0, 3, 1.5, -1, "1", 40_000_000],
    yaml: `
do:
  - a: { wait: { seconds: "\${input}" } }
  - b: { wait: { minutes: 1 } }
  - c: { wait: { until: "2026-01-01T00:00:00Z" } }
`,
  },
];

/** An item of a list in YAML, as it is written within brackets. */
function inline(item: string): string {
  return `{ ${item.slice(2)} }`;
}

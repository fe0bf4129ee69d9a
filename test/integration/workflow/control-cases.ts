import type { Case } from "./cases.ts";

/** Ways through lists, loops, branches and errors, each by itself. */
export const CONTROL_CASES: readonly Case[] = [
  ...choices(),
  ...lists(),
  ...loops(),
  ...branches(),
  ...catches(),
  ...raises(),
  ...faults(),
];

function choices(): Case[] {
  const ways = (more: string) => `
do:
  - choose:
      ${more}
      switch:
        - small: { when: "\${input < 10}", then: small }
        - huge: { when: "\${input > 100 && input * 2 > 400}", then: exit }
        - last: { when: "\${input == 50}", then: end }
        - next: { when: "\${input == 60}", then: continue }
        - other: { then: other }
  - between: { set: between, then: exit }
  - other: { set: other, then: exit }
  - small: { set: small }
output: { as: ["\${output}"] }
`;
  const shapes = ["", 'output: { as: "${input}" }', 'input: { from: "${input}" }', 'export: { as: { x: "${input}" } }'];
  return shapes.map((more) => ({
    name: `a switch with "${more}"`,
    yaml: ways(more),
    inputs: [5, 201, 101, 50, 60, 70, "x"],
  }));
}

function lists(): Case[] {
  return [
    {
      name: "then of a switch where no case holds",
      yaml: "do: [{s: {switch: [{a: {when: '${input > 3}', then: b}}], then: exit}}, {b: {set: 2}}]",
      inputs: [1, 4],
    },
    {
      name: "the end of the run within a list",
      yaml: "do: [{a: {do: [{b: {if: '${input > 0}', set: 1, then: end}}, {c: {set: 2}}]}}, {d: {set: 3}}]\noutput: {as: ['${output}']}",
      inputs: [5, -5],
    },
    {
      name: "the end of a list within",
      yaml: "do: [{a: {do: [{b: {if: true, set: 1, then: exit}}, {c: {set: 2}}]}}, {d: {set: '${input + 2}'}}]",
    },
    {
      name: "then over some tasks, and over one that is skipped",
      yaml: "do: [{a: {if: '${input > 0}', set: 1, then: d}}, {b: {set: 2}}, {c: {if: false, set: 3, then: d}}, {d: {set: '${input + 1}'}}]",
      inputs: [1, 0],
    },
    {
      name: "data that looks like steps, and context that sees input and output",
      yaml: 'do: [{a: {set: {steps: [{a: "${input}"}]}, output: {as: "${[output]}"}, export: {as: {kept: "${output}", from: "${input}"}}}}, {b: {set: "${[context, run.id == \'\', run.startedAt]}"}}]',
      inputs: [{ steps: [{ x: null }] }],
    },
    { name: "a context that is no map", yaml: 'do: [{a: {set: 1, export: {as: "${input.x}"}}}]', inputs: [{ x: 1 }] },
  ];
}

function loops(): Case[] {
  const sum = `
do:
  - sum:
      for: { each: n, in: "\${input}", at: i }
      do:
        - add: { set: "\${n * (i + 1)}", export: { as: { total: "\${(has(context.total) ? context.total : 0) + output}" } } }
      output: { as: ["\${input}", "\${output}"] }
  - give: { set: { last: "\${input}", context: "\${context}" } }
`;
  const atOnce = (more: string) => `
do:
  - a: { set: "\${input}", export: { as: { x: 1 } } }
  - b:
      for: { in: "\${input}" }
      metadata: { concurrency: 2 }
      ${more}
      do: [{ c: { set: "\${item * 2}", export: { as: { x: 2 } } } }, { d: { set: "\${[input, index, context.x]}" } }]
  - e: { set: { all: "\${input}", x: "\${context.x}" } }
`;
  return [
    { name: "bodies in turn", yaml: sum, inputs: [[1, 2, 3], []] },
    {
      name: "bodies in turn, with input.from",
      yaml: 'do: [{b: {input: {from: "${input.n}"}, for: {in: "${input}"}, do: [{c: {set: "${[input, item]}"}}], output: {as: "${[input, output]}"}}}]',
      inputs: [{ n: [1, 2] }],
    },
    {
      name: "bodies in bodies",
      yaml: 'do: [{a: {for: {each: x, in: "${input}"}, do: [{b: {for: {each: y, at: j, in: "${x}"}, do: [{c: {set: "${[input, y, index, j]}"}}]}}]}}]',
      inputs: [[[1], [2, 3]]],
    },
    {
      name: "a body that is left",
      yaml: "do: [{a: {for: {in: '${input}'}, do: [{b: {if: '${item > 1}', set: '${item}', then: exit}}, {c: {set: 0}}]}}]",
      inputs: [[1, 2], [2, 1], "x"],
    },
    {
      name: "values that are nearly the same, one after the other",
      yaml: 'do: [{b: {for: {in: "${input}"}, do: [{c: {set: "${item}"}}]}}]',
      inputs: [
        [1, true],
        [false, 0],
      ],
    },
    { name: "bodies at once", yaml: atOnce(""), inputs: [[3, 2, 1], [], { a: 1 }, ["x"]] },
    { name: "bodies at once, with output.as", yaml: atOnce('output: { as: "${[input, output]}" }'), inputs: [[3]] },
    {
      name: "bodies at once over maps, some of which fail",
      yaml: 'do: [{b: {for: {in: "${input}"}, metadata: {concurrency: 3}, do: [{c: {set: "${item.n}"}}]}}]',
      inputs: [[{ n: 1 }, { m: 2 }, { n: 3 }]],
    },
    {
      name: "bodies at once over values that look like what became of others",
      yaml: 'do: [{b: {for: {in: "${input}"}, metadata: {concurrency: 3}, do: [{c: {set: {item: "${item}"}}}]}}]',
      inputs: [[true, 1, 1.5, '}"ä😀${x}', [1, [2]], { err: 1, ok: { steps: [] } }]],
    },
    {
      name: "more bodies than run at once, and more than may",
      yaml: 'do: [{b: {for: {in: "${input}"}, metadata: {concurrency: 20}, do: [{c: {set: "${item + 1}"}}]}}, {d: {set: "${size(input)}"}}]',
      inputs: [Array.from({ length: 60 }, (_, at) => at), Array.from({ length: 1_001 }, (_, at) => at)],
    },
    {
      name: "all bodies end, then the error of the first item that failed is raised",
      yaml: `
do:
  - b:
      for: { in: "\${input}" }
      metadata: { concurrency: 2 }
      do: [{ c: { call: http, with: { method: POST, endpoint: "\${'BASE/' + item}", body: "\${item}" } } }]
`,
      inputs: [["a", "lost", "closed", "b"]],
      schedule: { "/lost": [404], "/closed": [403] },
    },
  ];
}

function branches(): Case[] {
  const fork = (more: string) => `
do:
  - f:
      fork:
        branches:
          - a: { call: http, with: { method: GET, endpoint: BASE/a } }
          - b: { do: [{ x: { set: "\${input + 1}", export: { as: { x: 1 } } } }, { y: { set: "\${[input, context]}" } }] }
          ${more}
  - g: { set: { got: "\${input}", context: "\${context}" } }
`;
  const last = (name: string) => `- ${name}: { call: http, with: { method: GET, endpoint: BASE/${name} } }`;
  return [
    { name: "branches", yaml: fork("- c: { set: { n: null } }"), inputs: [5] },
    {
      name: "branches of which two fail",
      yaml: fork([last("c"), last("d"), last("e")].join("\n          ")),
      inputs: [5],
      schedule: { "/c": [404], "/d": [500] },
    },
    {
      name: "an error of a branch that is caught",
      yaml: 'do: [{t: {try: [{f: {fork: {branches: [{a: {set: 1}}, {b: {raise: {error: {type: Denied, detail: no}}}}]}}}], catch: {do: [{i: {set: "${error}"}}]}}}]',
    },
  ];
}

function catches(): Case[] {
  const tried = (caught: string) => `
do:
  - t:
      try:
        - first: { set: 1, export: { as: { seen: true } } }
        - pay: { call: http, with: { method: GET, endpoint: BASE/pay } }
      catch: ${caught}
  - after: { set: { got: "\${input}", context: "\${context}" } }
`;
  const all = "type: [Timeout, Throttled, Transient, Denied, NotFound, Business]";
  const once = "retry: {limit: {attempt: {count: 1}}}";
  const tell = 'as: problem, do: [{h: {set: "${[problem.class, problem.code, input]}", export: {as: {h: 1}}}}]';
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[], "{}"],
    [[500, 404], "{retry: {limit: {attempt: {count: 3}}}}"],
    [[503, 503], `{${once}, ${tell}}`],
    [[403], `{${once}, ${tell}}`],
    [[409], `{errors: {with: {${all}}}, ${once}}`],
    [[401], `{errors: {with: {${all}}}, ${once}}`],
    [[422], `{errors: {with: {code: '422'}}, ${tell}}`],
    [[422], `{errors: {with: {code: '423'}}, ${tell}}`],
    [[422], `{errors: {with: {type: Business, code: '422'}}, ${once}}`],
    [[423], `{errors: {with: {type: Business, code: '422'}}, ${once}}`],
    [
      [503, 409, 503],
      `{errors: {with: {type: [Transient, Business], code: '409'}}, retry: {limit: {attempt: {count: 3}}}}`,
    ],
    [[503, 422], `{errors: {with: {type: [Transient, Business], code: '409'}}, ${once}, ${tell}}`],
    [[403], `{errors: {with: {type: [Transient, Business], code: '409'}}, ${once}, ${tell}}`],
    [[409, 409], `{errors: {with: {code: '409'}}, ${once}, ${tell}}`],
    [[404], "{errors: {with: {type: NotFound}}}"],
    [[404], `{errors: {with: {type: Denied}}, ${tell}}`],
    [[300], `{${tell}}`],
  ];
  return cases.map(([statuses, caught]) => ({
    name: `${statuses.join(", ")} with catch ${caught}`,
    yaml: tried(caught),
    inputs: [4],
    schedule: { "/pay": statuses },
  }));
}

function raises(): Case[] {
  const raise = (error: string) => `{raise: {error: {${error}}}}`;
  return [
    {
      name: "what is raised is caught as it was",
      yaml: `do: [{t: {try: [{r: ${raise('type: Timeout, detail: "${input}"')}}], catch: {do: [{h: {set: "\${error}"}}]}}}]`,
      inputs: ["late", 'tea "}${x}ä\n'],
    },
    {
      name: "a handler raises another error",
      yaml: `do: [{t: {try: [{r: ${raise("type: Business, code: A")}}], catch: {do: [{h: ${raise('type: Business, code: B, detail: "${error.code}"')}}]}}}]`,
    },
    {
      name: "what one try leaves the next catches",
      yaml: `do: [{t: {try: [{u: {try: [{r: ${raise("type: Denied")}}], catch: {errors: {with: {type: Timeout}}, do: [{h: {set: 1}}]}}}], catch: {do: [{i: {set: "\${error.class}"}}]}}}]`,
    },
    {
      name: "a handler fails",
      yaml: `do: [{t: {try: [{u: {try: [{r: ${raise("type: Denied")}}], catch: {do: [{h: {set: "\${input.x}"}}]}}}], catch: {do: [{i: {set: "\${error.class}"}}]}}}]`,
      inputs: [{}],
    },
    {
      name: "a handler and a body that are left",
      yaml: `do: [{t: {try: [{r: ${raise("type: Denied")}}], catch: {do: [{h: {if: true, set: 1, then: exit}}, {i: {set: 2}}]}}}, {u: {try: [{a: {if: true, set: 1, export: {as: {x: 1}}, then: exit}}, {b: {set: 2}}], catch: {}}}, {z: {set: "\${[input, context]}"}}]`,
    },
  ];
}

function faults(): Case[] {
  const expressions = [
    "${input.m.x}",
    "${input.l[3]}",
    "${input.m + 1}",
    "${input.l > 1}",
    "${1.0 / input.n}",
    "${int(input.s)}",
    "${9007199254740991 + input.one}",
    "${input.n ? 1 : 2}",
  ];
  return expressions.map((expression) => ({
    name: `${expression} fails with class Expression, which is not tried again`,
    yaml: `
do:
  - t: { try: [{ a: { set: "${expression}" } }], catch: { retry: { limit: { attempt: { count: 3 } } }, do: [{ h: { set: "\${error.class + error.code}" } }] } }
  - b: { set: { got: "\${input}", last: "${expression.replaceAll("input", "context")}" } }
`,
    inputs: [{ m: {}, l: [1], n: 0, s: "x", one: 1 }],
  }));
}

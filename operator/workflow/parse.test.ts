import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { LIMITS } from "./limits.ts";
import { parseWorkflow } from "./parse.ts";
import { problemOfInput } from "./schema.ts";
import { workflowOf, world } from "./testing/world.ts";

const problemsOf = (yaml: string) => parseWorkflow(parseYaml(yaml)).problems.map(({ message }) => message);
const http = "call: http, with: {method: GET, endpoint: 'https://x'}";

describe("what is refused, with its place and what to do", () => {
  it.each([
    ["null", "is null, and should be a map (of document, input, do, output, timeout, evaluate)"],
    ["do: []", "do: is empty: it should have a task"],
    ["do: {a: 1}", "do: is a map, and should be a list"],
    ["doo: []", 'doo: is not known here; did you mean "do"?'],
    [
      "schedule: {}\ndo: [{a: {set: 1}}]",
      "schedule: is not to be had here: an EventRule with target.workflowRef starts runs",
    ],
    ["document: {dsl: 0.9.0}\ndo: [{a: {set: 1}}]", "document.dsl: is 0.9.0; the language here is that of 1.0"],
    ["do: [a]", "do[0]: should be a map of one field: the name of the task, and the task"],
    ["do: [{a: {set: 1}, b: {set: 1}}]", "do[0]: should be a map of one field: the name of the task, and the task"],
    ["do: [{a b: {set: 1}}]", 'do[0]: "a b" is no name: letters, digits, - and _, a letter first, 40 at most'],
    ["do: [{catch: {set: 1}}]", 'do[0]: "catch" has a meaning of its own: take another name'],
    [
      "do: [{a: {set: 1}}, {a: {set: 1}}]",
      "do[1].a: is the name of two tasks of this list: name one of them otherwise",
    ],
    [
      "do: [{a: {sett: 1}}]",
      'do[0].a: is no task: it has none of for, try, do, set, switch, fork, wait, listen, raise, emit, run, call; did you mean "set"?',
    ],
    ["do: [{a: {set: 1, iff: true}}]", 'do[0].a.iff: is not known here; did you mean "if"?'],
    ["do: [{a: {set: 1, timeout: {after: PT1S}}}]", /^do\[0\]\.a\.timeout: is not known here \(of set, if, /],
    ["do: [{a: {set: '${inputt}'}}]", /^do\[0\]\.a\.set: column 3: there is no "inputt" here; did you mean "input"/],
    ["do: [{a: {set: 'x ${input}'}}]", /^do\[0\]\.a\.set: column 1: a text with an expression in it is written as one/],
    [
      "do: [{a: {if: .x > 1, set: 1}}]",
      "do[0].a.if: can never be true or false: it is a string; an expression is written ${ … }",
    ],
    ["do: [{a: {set: '${ .x }'}}]", /what a task gets is "input", as in input\.id$/],
    ["do: [{a: {set: 1, then: pay}}]", 'do[0].a.then: "pay" is no task of this list, nor continue, exit or end'],
    ["do: [{a: {set: 1, then: b}}]", 'do[0].a.then: "b" is no task of this list, nor continue, exit or end'],
    [
      "do: [{a: {set: 1}}, {b: {set: 1, then: a}}]",
      'do[1].b.then: "a" comes before: a loop is written with for and while',
    ],
    [
      "do: [{a: {set: 1, then: exit}}, {b: {set: 1}}]",
      "do[1].b: can never be reached: every task before it goes somewhere else",
    ],
    [
      "do: [{a: {raise: {error: {type: Timeout}}}}, {b: {set: 1}}]",
      "do[1].b: can never be reached: every task before it goes somewhere else",
    ],
    [
      "do: [{a: {try: [{b: {set: 1, then: end}}], catch: {}}}]",
      "do[0].a.try[0].b.then: end is not to be had within try, for or fork: raise an error, or exit",
    ],
    [
      "do: [{a: {switch: [{x: {then: end}}, {y: {then: end}}]}}]",
      'do[0].a.switch: the case "y" can never be reached: "x" always holds',
    ],
    ["do: [{a: {for: {each: n}, do: [{b: {set: 1}}]}}]", "do[0].a.for: lacks in"],
    ["do: [{a: {for: {in: 5}, do: [{b: {set: 1}}]}}]", "do[0].a.for.in: can never be a list: it is a number"],
    [
      "do: [{a: {for: {each: run, in: '${input}'}, do: [{b: {set: 1}}]}}]",
      'do[0].a.for.each: "run" is taken around here: name it otherwise',
    ],
    [
      "do: [{a: {for: {in: '${input}'}, metadata: {concurrency: 21}, do: [{b: {set: 1}}]}}]",
      "do[0].a.metadata.concurrency: is 21, and should be a whole number from 1 to 20",
    ],
    [
      "do: [{a: {fork: {compete: true, branches: [{b: {set: 1}}]}}}]",
      "do[0].a.fork.compete: is not to be had: Cloud Workflows can't cancel a branch",
    ],
    [
      `do: [{a: {fork: {branches: [${Array.from({ length: 11 }, (_, n) => `{b${n}: {set: 1}}`).join(", ")}]}}}]`,
      "do[0].a.fork.branches: are 11; 10 is the most: use for with metadata.concurrency",
    ],
    [
      "do: [{a: {try: [{b: {set: 1}}], catch: {when: '${true}'}}}]",
      "do[0].a.catch.when: is not to be had: choose by errors.with, or by a switch in do",
    ],
    [
      "do: [{a: {try: [{b: {set: 1}}], catch: {errors: {with: {type: Oops}}}}}]",
      'do[0].a.catch.errors.with.type: "Oops" is no class of errors: Timeout, Throttled, Transient, Denied, NotFound, Business, Expression',
    ],
    [
      "do: [{a: {try: [{b: {set: 1}}], catch: {retry: {delay: {milliseconds: 5}, limit: {attempt: {count: 1}}}}}}]",
      "do[0].a.catch.retry.delay.milliseconds: is not to be had: both engines count whole seconds",
    ],
    ["do: [{a: {wait: soon}}]", 'do[0].a.wait: "soon" is no duration: write it as {minutes: 5}, or PT5M'],
    [
      "do: [{a: {wait: {until: soon}}}]",
      'do[0].a.wait.until: is "soon", and should be a text such as 2026-01-31T08:00:00Z',
    ],
    [
      "do: [{a: {wait: {until: '2026-02-30T08:00:00Z'}}}]",
      'do[0].a.wait.until: is "2026-02-30T08:00:00Z", and should be a text such as 2026-01-31T08:00:00Z',
    ],
    ["do: [{a: {switch: [when]}}]", /^do\[0\]\.a\.switch\[0\]: should be a map of one field: the name of the case, /],
    ["do: [{a: {wait: {days: 400}}}]", "do[0].a.wait: is 34560000 s, and may be 0 to 31536000 s"],
    [
      "do: [{f: {fork: {branches: [{a: {listen: {to: {one: {with: {type: go}}}}, timeout: {after: PT1H}}}]}}}]",
      "do[0].f.fork.branches[0].a.listen: listens where tasks run at once, and a run waits for one signal at a time: listen before or after that",
    ],
    [
      "do: [{a: {listen: {to: {all: [{with: {type: go}}]}}, timeout: {after: PT1H}}}]",
      "do[0].a.listen.to.all: is not to be had: a run waits for one signal at a time; listen to one after the other",
    ],
    [
      "do: [{a: {listen: {to: {any: []}, read: envelope}}}]",
      "do[0].a.listen.read: is not to be had: the output is what the signal brings, and no more",
    ],
    [
      "do: [{a: {listen: {to: {one: {with: {type: go}}}}}}]",
      "do[0].a: lacks timeout: how long it waits at most, such as {after: {hours: 24}}",
    ],
    [
      "do: [{a: {try: [{b: {set: 1}}], catch: {errors: {with: {type: [Denied, Timeout], code: X}}}}}]",
      "do[0].a.catch.errors.with.code: is for Business errors, which type leaves out",
    ],
    [
      "do: [{a: {raise: {error: {type: Denied, code: X}}}}]",
      "do[0].a.raise.error: code is for Business errors, and each of them has one",
    ],
    [
      "do: [{a: {call: http, with: {method: get, endpoint: 'https://x/pets/{petId}/toys'}}}]",
      'do[0].a.with.endpoint: "{petId}" is not filled in: write ${"https://x/pets/" + input.petId}',
    ],
    [
      "do: [{a: {call: http, with: {method: post, endpoint: {uri: 'https://x', authentication: {use: me}}}}}]",
      "do[0].a.with.endpoint.authentication: is not to be had: credentials belong to an Integration",
    ],
    [
      "do: [{a: {call: http, with: {method: post, endpoint: 'https://x', body: text}}}]",
      "do[0].a.with.body: is a string; it should be a map or a list: put it into a map",
    ],
    ["do: [{a: {call: http, with: {method: brew, endpoint: 'https://x'}}}]", /^do\[0\]\.a\.with\.method: is BREW, and/],
    ["do: [{a: {run: {workflow: {name: b, namespace: c}}}}]", /^do\[0\]\.a\.run\.workflow\.namespace: is not to be/],
    ["do: [{a: {run: {script: {}}}}]", /^do\[0\]\.a\.run\.script: is not to be had: send to a Queue/],
    ["do: [{a: {call: htp, with: {}}}]", 'do[0].a.call: "htp" can\'t be called; did you mean "http"?'],
    ["do: [{a: {call: queue.send, with: {body: {n: 1}}}}]", /^do\[0\]\.a\.with: lacks queue/],
    [
      "do: [{a: {call: queue.send, with: {queue: '${input.q}', body: {n: 1}}}}]",
      'do[0].a.with.queue: "${input.q}" is no name of an object; it is written out, never computed',
    ],
    [
      "do: [{a: {call: queue.send, with: {queue: orders, body: {n: 1}, attributes: [1]}}}]",
      "do[0].a.with.attributes: can never be a map: it is a list",
    ],
    [`do: [{a: {${http}, timeout: {after: {seconds: 61}}}}]`, "do[0].a.timeout.after: is 61 s, and may be 1 to 60 s"],
    [
      "input: {schema: {document: {type: object, properties: {n: {type: string}}, pattern: x}}}\ndo: [{a: {set: 1}}]",
      /^input\.schema\.document\.pattern: is not known here/,
    ],
    [
      "input: {schema: {document: {type: object, properties: {n: {type: string}}, required: [n]}}}\ndo: [{a: {set: '${input.n > 5}'}}]",
      /^do\[0\]\.a\.set: column 3: ">" can never work on texts/,
    ],
  ])("%s", (yaml, message) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    if (typeof message === "string") expect(problems[0]).toBe(message);
    else expect(problems[0]).toMatch(message);
  });

  it("says what is wrong with each task, not only with the first", () => {
    expect(problemsOf("do: [{a: {sett: 1}}, {b: {set: '${x}'}}, {c: {wait: soon}}]")).toHaveLength(3);
  });

  it("stops at what is too much, without reading it all", () => {
    const many = Array.from({ length: 10_000 }, (_, n) => ({ [`t${n}`]: { set: 1 } }));
    expect(parseWorkflow({ do: many }).problems.map(({ message }) => message)).toEqual([
      `do: makes it 10000 tasks; a workflow has ${LIMITS.tasks} at most: run a part of it as a workflow of its own`,
    ]);
    const deep = (levels: number): unknown => (levels === 0 ? { set: 1 } : { do: [{ t: deep(levels - 1) }] });
    expect(parseWorkflow({ do: [{ t: deep(5_000) }] }).problems[0]?.message).toMatch(
      /is list 9 within each other; 8 is/,
    );
    const parallel = (levels: number): unknown =>
      levels === 0 ? { set: 1 } : { fork: { branches: [{ t: parallel(levels - 1) }] } };
    expect(parseWorkflow({ do: [{ t: parallel(3) }] }).problems[0]?.message).toMatch(/is the third within each other/);
  });
});

describe("what is known before anything runs", () => {
  it("is the objects that are named, each once", () => {
    const yaml = `
do:
  - a: { call: queue.send, with: { queue: orders, body: { n: 1 } } }
  - b: { call: queue.send, with: { queue: orders, body: { n: 2 } } }
  - c: { emit: { topic: news, event: { with: { type: t, source: s } } } }
  - d: { run: { workflow: { name: child } } }
`;
    expect(parseWorkflow(parseYaml(yaml)).references).toEqual([
      { kind: "Queue", name: "orders", access: "Produce", path: "do[0].a.with.queue" },
      { kind: "Topic", name: "news", access: "Produce", path: "do[2].c.emit.topic" },
      { kind: "Workflow", name: "child", access: "Start", path: "do[3].d.run.workflow.name" },
    ]);
  });

  it("is what the schema says of the input, which what runs does not rely on", async () => {
    const schema = "input: {schema: {document: {type: object, properties: {ok: {type: boolean}}}}}";
    const workflow = workflowOf(`${schema}\ndo: [{a: {if: '\${input.ok}', set: 1}}]`);
    expect(problemOfInput({ ok: "no" }, workflow.input)).toBe("input.ok should be true or false");
    const come = [{ ok: true }, { ok: "no" }, {}, "text"].map((input) => world().run(workflow, input));
    expect(await Promise.all(come)).toMatchObject([
      { output: 1 },
      { error: { class: "Expression" } },
      { error: { class: "Expression" } },
      { error: { class: "Expression" } },
    ]);
  });

  it("is the type that goes from task to task", () => {
    const wrong = "do: [{a: {set: {n: text}}}, {b: {set: '${input.n - 1}'}}]";
    expect(problemsOf(wrong)[0]).toMatch(/^do\[1\]\.b\.set: column \d+: .*string/);
    const either =
      "do: [{a: {if: '${input == 1}', set: {n: text}, then: c}}, {b: {set: {n: 1}}}, {c: {set: '${input.n - 1}'}}]";
    expect(problemsOf(either)).toEqual([]);
  });
});

import { read, type Sample, ways } from "./ways.ts";

const PET = { id: "7", name: "Rex" };

/** Serverless Workflow's own examples, as they are written here. */
export const DSL_SAMPLES: readonly Sample[] = [
  ...ways("dsl-query-headers", [
    {
      way: "somebody is found",
      comes: ["output", "output"],
      inputs: [{ searchQuery: "Leia" }, { searchQuery: "a b&c" }],
    },
    {
      way: "the service is down",
      comes: ["Transient"],
      inputs: [{ searchQuery: "Leia" }],
      schedule: { "/people": [503] },
    },
    { way: "nothing to search for", comes: ["Expression", "Expression"], inputs: [{}, { searchQuery: 7 }] },
  ]),
  ...ways("dsl-conditional-task", [
    { way: "of age", comes: ["output"], inputs: [{ customer: { age: 18 }, bet: { on: "a draw" } }] },
    {
      way: "under age, or who knows",
      comes: ["Business AccessForbidden", "Expression", "Expression"],
      inputs: [{ customer: { age: 17 }, bet: {} }, { customer: {}, bet: {} }, { customer: { age: 20 } }],
    },
  ]),
  ...ways(
    "dsl-do-multiple",
    [
      { way: "there is one", comes: ["output"], inputs: [{ petId: "7" }] },
      { way: "there is none", comes: ["NotFound"], inputs: [{ petId: "7" }], schedule: { "/pets/7": [404] } },
      {
        way: "sold meanwhile",
        comes: ["Business 409"],
        inputs: [{ petId: "8" }],
        answers: { "/pets/8": [{ ...PET, id: "9" }] },
        schedule: { "/pets/9": [409] },
      },
    ],
    { answers: { "/pets/7": [PET] } },
  ),
  ...ways("dsl-emit", [
    { way: "an order", comes: ["output"], inputs: [{ firstName: "Cruella", lastName: "de Vil" }] },
    { way: "of nobody", comes: ["Expression"], inputs: [{ firstName: "Cruella" }] },
  ]),
  ...ways(
    "dsl-for",
    [
      {
        way: "the vet leaves after two",
        comes: ["output"],
        inputs: [{ vet: "Ann", pets: [PET, { id: "8" }, { id: "9" }] }],
      },
      {
        way: "no vet, or no pet",
        comes: ["output", "output"],
        inputs: [
          { vet: null, pets: [PET] },
          { vet: "Ann", pets: [] },
        ],
      },
      {
        way: "a pet that nobody knows",
        comes: ["NotFound"],
        inputs: [{ vet: "Ann", pets: [PET, { id: "8" }] }],
        schedule: { "/checkups/8": [404] },
      },
      {
        way: "what is no list of pets",
        comes: ["Expression", "Expression"],
        inputs: [{ vet: "Ann" }, { vet: "Ann", pets: [{}] }],
      },
    ],
    { answers: { "/checkups/7": [{ vet: "Ann" }], "/checkups/8": [{ vet: null }] } },
  ),
  ...ways("dsl-fork", [
    { way: "both come", comes: ["output"], inputs: [{ patient: { fullName: "A B" }, room: { number: 4 } }] },
    {
      way: "the doctor does not",
      comes: ["Transient"],
      inputs: [{ patient: { fullName: "A B" }, room: { number: 4 } }],
      schedule: { "/alerts/doctor": [500] },
    },
    {
      way: "neither does, and the first one counts",
      comes: ["Denied"],
      inputs: [{ patient: { fullName: "A B" }, room: { number: 4 } }],
      schedule: { "/alerts/nurses": [403], "/alerts/doctor": [500] },
    },
  ]),
  ...ways("dsl-raise-inline", [
    { way: "it is there", comes: ["output"], inputs: [{ implemented: true }] },
    {
      way: "it is not there",
      comes: ["Business NotImplemented", "Expression"],
      inputs: [{ implemented: false, by: "Ann" }, {}],
    },
  ]),
  ...ways(
    "dsl-run-subflow",
    [
      { way: "a name", comes: ["output"], inputs: [{ user: { name: "Ann" } }] },
      { way: "none", comes: ["Business NoName", "Expression"], inputs: [{ user: {} }, {}] },
    ],
    { children: { "dsl-run-subflow-child": read("dsl-run-subflow-child") } },
  ),
  ...ways("dsl-set-expression", [
    { way: "an event", comes: ["output", "output"], inputs: [{ id: 5 }, { id: { a: [null] } }] },
    { way: "without an id", comes: ["Expression", "Expression"], inputs: [{}, "text"] },
  ]),
  ...ways(
    "dsl-star-wars-homeworld",
    [
      { way: "a world", comes: ["output"], inputs: [{ id: 1 }] },
      {
        way: "a world that is gone",
        comes: ["NotFound"],
        inputs: [{ id: 1 }],
        schedule: { "/worlds/tatooine": [404] },
      },
      { way: "a character without one", comes: ["Expression"], inputs: [{ id: 2 }], answers: { "/people/2": [{}] } },
    ],
    { answers: { "/people/1": [{ homeworld: "tatooine" }], "/worlds/tatooine": [{ name: "Tatooine" }] } },
  ),
  ...ways("dsl-switch-then-string", [
    {
      way: "each kind",
      comes: ["output", "output", "output"],
      inputs: [{ orderType: "electronic" }, { orderType: "physical" }, { orderType: 5 }],
    },
    { way: "no kind", comes: ["Expression", "Expression"], inputs: [{}, null] },
  ]),
  ...ways(
    "dsl-try-catch-retry",
    [
      {
        way: "there, at once or later",
        comes: ["output"],
        inputs: [{ petId: "7" }],
        schedule: { "/pets/7": [503, 0] },
      },
      { way: "not there", comes: ["output"], inputs: [{ petId: "7" }], schedule: { "/pets/7": [503, 404] } },
      {
        way: "too late",
        comes: ["Transient"],
        inputs: [{ petId: "7" }],
        schedule: { "/pets/7": [503, 503, 500, 503] },
      },
      { way: "not allowed", comes: ["Denied"], inputs: [{ petId: "7" }], schedule: { "/pets/7": [403] } },
    ],
    { answers: { "/pets/7": [PET] } },
  ),
  ...ways(
    "dsl-try-catch-then",
    [
      { way: "bought", comes: ["output"], inputs: [{ petId: "7" }] },
      {
        way: "not there: told, and not bought",
        comes: ["output"],
        inputs: [{ petId: "8" }],
        schedule: { "/pets/8": [404] },
      },
      { way: "down", comes: ["Transient"], inputs: [{ petId: "7" }], schedule: { "/pets/7": [500] } },
    ],
    { answers: { "/pets/7": [PET] } },
  ),
  ...ways("dsl-wait-duration", [
    { way: "some time", comes: ["output", "output"], inputs: [{ more: 0 }, { more: 1 }] },
    { way: "what is no time", comes: ["Expression", "Expression"], inputs: [{}, { more: "1" }] },
  ]),
];

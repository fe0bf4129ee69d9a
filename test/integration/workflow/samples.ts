import type { Value } from "../../../operator/workflow/expression/index.ts";
import { DSL_SAMPLES } from "./dsl-samples.ts";
import { read, type Sample, ways } from "./ways.ts";

const times = (count: number, status: number): readonly number[] => Array.from({ length: count }, () => status);

const TRIP: readonly Value[] = [{ id: "t-1" }];
const tripSaga = ways("trip-saga", [
  {
    way: "all is booked, after some retries",
    comes: ["output"],
    inputs: TRIP,
    schedule: { "/cars": [503, 0], "/payments": [429] },
  },
  { way: "no flight", comes: ["Business TripFailed"], inputs: TRIP, schedule: { "/flights": [409] } },
  {
    way: "no car, and its place is given back late",
    comes: ["Business TripFailed"],
    inputs: TRIP,
    schedule: { "/cars": [404], "/flights/t-1": [503] },
  },
  { way: "not paid", comes: ["Business TripFailed"], inputs: TRIP, schedule: { "/payments": [402] } },
  { way: "not confirmed", comes: ["Business TripFailed"], inputs: TRIP, schedule: { "/cars/t-1": times(7, 500) } },
  {
    way: "what is to be given back is not",
    comes: ["Business TripFailed"],
    inputs: TRIP,
    schedule: { "/payments": [402], "/payments/t-1": [403] },
  },
  { way: "without an id", comes: ["Expression", "Expression"], inputs: [{}, { id: 7 }] },
]);

const quotes = ways(
  "quotes",
  [
    { way: "all answer", comes: ["output"], inputs: [{ request: "a roof", providers: ["a", "b", "c"] }] },
    {
      way: "nobody is asked",
      comes: ["output", "Expression"],
      inputs: [{ request: "a roof", providers: [] }, { providers: ["a"] }],
    },
    {
      way: "some fail",
      comes: ["output"],
      inputs: [{ request: "a roof", providers: ["a", "b", "c", "a"] }],
      schedule: { "/providers/b": [500], "/providers/c": [403] },
    },
    { way: "an answer without a price", comes: ["Expression"], inputs: [{ request: {}, providers: ["a", "d"] }] },
    {
      way: "nobody keeps them",
      comes: ["Transient"],
      inputs: [{ request: "a roof", providers: ["a"] }],
      schedule: { "/requests": [500] },
    },
  ],
  { answers: { "/providers/a": [{ price: 12.5 }], "/providers/b": [{ price: 9 }], "/providers/c": [{ price: null }] } },
);

const branchFailure = ways("branch-failure", [
  { way: "neither fails", comes: ["output"] },
  { way: "one fails", comes: ["Business BranchFailed"], schedule: { "/hasty": [503] } },
  { way: "both fail", comes: ["Business BranchFailed"], schedule: { "/steady": [404], "/hasty": [0] } },
]);

const order = (detail: Value, kind = "OrderCreated"): Value => ({ "detail-type": kind, detail });
const PRODUCTS = [{ id: "tea" }, { id: "cup" }];
const shipOrder = ways(
  "ship-order",
  [
    { way: "all is there", comes: ["output"], inputs: [order({ id: "o-1", customer: "c-1", products: PRODUCTS })] },
    {
      way: "a product is late",
      comes: ["output"],
      inputs: [order({ id: "o-1", customer: "c-1", products: PRODUCTS })],
      schedule: { "/customers/c-1": [500, 503] },
      answers: { "/reservations/r-1": [{ status: "unavailable" }, { status: "unavailable" }, { status: "reserved" }] },
    },
    {
      way: "who orders is not trusted",
      comes: ["Business OrderNotShipped"],
      inputs: [order({ id: "o-1", customer: "c-2", products: PRODUCTS })],
    },
    {
      way: "what is no order",
      comes: [
        "Business OrderNotShipped",
        "Business OrderNotShipped",
        "Business OrderNotShipped",
        "Business OrderNotShipped",
        "Business OrderNotShipped",
        "Expression",
        "Expression",
      ],
      inputs: [
        {},
        { "detail-type": "OrderCreated" },
        order({}),
        order({ products: [] }),
        order({ id: "o-1", customer: "c-1", products: PRODUCTS }, "OrderPaid"),
        order({ id: "o-1", products: PRODUCTS }),
        "order",
      ],
    },
    {
      way: "nobody reserves",
      comes: ["Business 422"],
      inputs: [order({ id: "o-1", customer: "c-1", products: PRODUCTS })],
      schedule: { "/reservations": [422] },
    },
  ],
  {
    answers: {
      "/customers/c-1": [{ status: "good" }],
      "/customers/c-2": [{ status: "fraudulent" }],
      "/reservations": [{ id: "r-1" }],
      "/reservations/r-1": [{ status: "reserved" }],
    },
  },
);

const sharedLimit = ways("shared-limit", [
  { way: "a place is free", comes: ["output", "output"], inputs: ["sums", { of: [1, 2] }] },
  {
    way: "a place becomes free",
    comes: ["output"],
    inputs: ["sums"],
    schedule: { "/reports/places": [409, 409, 503, 409] },
  },
  { way: "no place is to be had", comes: ["Denied"], inputs: ["sums"], schedule: { "/reports/places": [403] } },
  {
    way: "another conflict than a place that is taken",
    comes: ["Business 422"],
    inputs: ["sums"],
    schedule: { "/reports/places": [422] },
  },
  { way: "the work fails", comes: ["Business NotReported"], inputs: ["sums"], schedule: { "/report": [500] } },
]);

const timer = ways("timer", [
  {
    way: "for seconds, and until moments",
    comes: ["output", "output"],
    inputs: [
      { seconds: 10, message: "hello" },
      { at: "2026-01-05T09:00:00Z", message: ["up", null] },
    ],
  },
  {
    way: "no time, and no message",
    comes: ["Expression", "Expression", "Expression"],
    inputs: [{ seconds: "10", message: "a" }, { at: "soon", message: "a" }, { seconds: 1 }],
  },
]);

const ORDER: readonly Value[] = [{ customer: "c-1", description: "tea" }];
const orderCredit = ways(
  "order-credit",
  [
    { way: "approved", comes: ["output"], inputs: ORDER },
    { way: "approved after retries", comes: ["output"], inputs: ORDER, schedule: { "/credits": [503, 429, 0, 408] } },
    { way: "rejected", comes: ["output"], inputs: ORDER, schedule: { "/credits": times(5, 500) } },
    { way: "neither", comes: ["Denied"], inputs: ORDER, schedule: { "/credits": [403] } },
    {
      way: "no order, or none that is approved",
      comes: ["Business 409", "Expression"],
      inputs: [...ORDER, {}],
      schedule: { "/orders/o-7/approve": [409] },
    },
  ],
  { answers: { "/orders": [{ id: "o-7", customer: "c-1" }] } },
);

const page = (rows: readonly Value[], next?: string): readonly Value[] => [
  next === undefined ? { rows } : { rows, next },
];
const queryPages = ways(
  "query-pages",
  [
    {
      way: "one page",
      comes: ["output"],
      inputs: [{ query: "names" }],
      answers: { "/queries/q-1": page([{ name: "Ada" }, 7]) },
    },
    {
      way: "three pages, one without rows",
      comes: ["output"],
      inputs: [{ query: "names" }],
      answers: {
        "/queries/q-1?token=": page(["a", "b"], "2"),
        "/queries/q-1?token=2": page([], "3"),
        "/queries/q-1?token=3": page([{ c: [] }], ""),
      },
    },
    {
      way: "too many pages",
      comes: ["Business TooManyPages"],
      inputs: [{ query: "names" }],
      answers: { "/queries/q-1": page(["a"], "more") },
    },
    { way: "no page", comes: ["NotFound"], inputs: [{ query: "names" }], schedule: { "/queries/q-1": [404] } },
    {
      way: "a page without rows",
      comes: ["Expression", "Expression"],
      inputs: [{ query: "names" }, {}],
      answers: { "/queries/q-1": [{ next: "2" }] },
    },
  ],
  { answers: { "/queries": [{ id: "q-1" }] } },
);

const store = ways(
  "store",
  [
    { way: "both answer", comes: ["output"], inputs: [{ have: "apples", want: "pears" }] },
    {
      way: "one fails",
      comes: ["Business 409"],
      inputs: [{ have: "apples", want: "pears" }],
      schedule: { "/orders/pears": [409] },
    },
    {
      way: "one is not asked",
      comes: ["Expression", "Expression", "Expression"],
      inputs: [{ have: "apples" }, { have: "apples", want: 7 }, { have: "plums", want: "pears" }],
    },
  ],
  { answers: { "/stock/apples": [{ entry: 12 }], "/orders/pears": [{ entry: { id: "o-1" } }] } },
);

const POSTS = { posts: [{ text: "fine" }, { text: "bad" }, { text: "so" }] };
const sentiment = ways("sentiment", [
  {
    way: "three texts",
    comes: ["output"],
    inputs: [{ by: "ada", most: 10 }],
    answers: { "/recent": [POSTS], "/sentiment": [{ score: 0.25 }] },
  },
  { way: "no text", comes: ["output"], inputs: [{ by: "ada b&c", most: 10 }], answers: { "/recent": [{ posts: [] }] } },
  {
    way: "nobody is known",
    comes: ["NotFound", "Expression"],
    inputs: [
      { by: "ada", most: 10 },
      { by: "ada", most: 1.5 },
    ],
    schedule: { "/recent": [404] },
  },
  {
    way: "a text is not judged",
    comes: ["Transient"],
    inputs: [{ by: "ada", most: 3 }],
    answers: { "/recent": [POSTS] },
    schedule: { "/sentiment": [503] },
  },
  {
    way: "a score that is no number",
    comes: ["Expression"],
    inputs: [{ by: "ada", most: 3 }],
    answers: { "/recent": [POSTS], "/sentiment": [{ score: "good" }] },
  },
]);

const runEach = ways(
  "run-each",
  [
    {
      way: "odd, even and neither",
      comes: ["output", "output", "output", "Expression", "Expression"],
      inputs: [[1, 2, 3, 4], [], [2], [1, "x"], [1.5]],
    },
  ],
  {
    children: { "run-each-child": read("run-each-child") },
  },
);

/** Workflows of other authors, as they are written here: each in ways that end well and ways that fail. */
export const SAMPLES: readonly Sample[] = [
  ...tripSaga,
  ...quotes,
  ...branchFailure,
  ...shipOrder,
  ...sharedLimit,
  ...timer,
  ...orderCredit,
  ...queryPages,
  ...store,
  ...sentiment,
  ...runEach,
  ...DSL_SAMPLES,
];

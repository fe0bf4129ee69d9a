import { expect, it } from "vitest";
import { added, isRead, perObject, quantile, requestsFor, total, usageOf, workedTicks } from "./measure.ts";

const TEXT = `# HELP apiserver_request_total x
apiserver_request_total{code="201",resource="queues",subresource="",verb="POST",version="v1alpha1"} 12
apiserver_request_total{code="200",resource="queues",subresource="status",verb="PATCH",version="v1alpha1"} 10
apiserver_request_total{code="409",resource="queues",subresource="status",verb="PATCH",version="v1alpha1"} 2
apiserver_request_total{code="200",resource="queues",subresource="",verb="WATCH",version="v1alpha1"} 3
apiserver_request_total{code="200",resource="leases",subresource="",verb="PATCH",version="v1"} 9
`;

it("counts requests for a resource by verb, all codes together, without watches", () => {
  expect(Object.fromEntries(requestsFor(TEXT, "queues"))).toEqual({ POST: 12, "PATCH/status": 12 });
});

it("tells what was added", () => {
  expect([
    ...added(
      new Map([["POST", 2]]),
      new Map([
        ["POST", 5],
        ["GET", 1],
      ]),
    ),
  ]).toEqual([
    ["POST", 3],
    ["GET", 1],
  ]);
  expect([...added(new Map([["POST", 2]]), new Map([["POST", 2]]))]).toEqual([]);
});

it("reads what a process has used", () => {
  const usage = usageOf(process.pid);
  expect(usage.cpuSeconds).toBeGreaterThan(0);
  expect(usage.residentMiB).toBeGreaterThan(10);
  expect(usage.peakMiB).toBeGreaterThanOrEqual(usage.residentMiB);
});

it.each([
  [[5, 1, 3], 0.5, 3],
  [[5, 1, 3], 0.99, 5],
  [[2], 0.5, 2],
])("quantile of %j at %d is %d", (values, part, expected) => {
  expect(quantile(values, part)).toBe(expected);
});

it("adds up, of all or of some", () => {
  const counts = new Map([
    ["GET", 4],
    ["PATCH/status", 6],
  ]);
  expect([total(counts), total(counts, isRead), total(new Map())]).toEqual([10, 4, 0]);
  expect(["GET", "LIST", "GET/status", "PATCH", "POST", "DELETE"].filter(isRead)).toEqual([
    "GET",
    "LIST",
    "GET/status",
  ]);
});

it("tells counts an object", () => {
  expect(perObject(new Map([["PATCH", 20]]), 8)).toBe("PATCH 2.50");
  expect(perObject(new Map(), 8)).toBe("none");
});

it("tells the work of all processors from their rest, and what other machines took of them as work", () => {
  const stat = "cpu  100 10 50 9000 700 3 4 5 0 0\ncpu0 50 5 25 4500 350 1 2 2 0 0\nintr 7\n";
  expect(workedTicks(stat)).toBe(172);
});

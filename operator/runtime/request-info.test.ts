import { expect, it } from "vitest";
import { requestInfo } from "./request-info.ts";

it.each([
  ["GET", "/api/v1/nodes", "list  nodes"],
  ["GET", "/api/v1/nodes/a", "get  nodes"],
  ["GET", "/api/v1/namespaces", "list  namespaces"],
  ["GET", "/api/v1/namespaces/a", "get  namespaces"],
  ["PUT", "/api/v1/namespaces/a/finalize", "update  namespaces/finalize"],
  ["GET", "/api/v1/namespaces/a/configmaps", "list  configmaps"],
  ["GET", "/apis/onyx.onelens.io/v1alpha1/queues", "list onyx.onelens.io queues"],
  ["PATCH", "/apis/onyx.onelens.io/v1alpha1/namespaces/a/queues/b/status", "patch onyx.onelens.io queues/status"],
  ["DELETE", "/apis/onyx.onelens.io/v1alpha1/namespaces/a/queues/b", "delete onyx.onelens.io queues"],
  ["DELETE", "/apis/onyx.onelens.io/v1alpha1/namespaces/a/queues", "deletecollection onyx.onelens.io queues"],
  ["POST", "/apis/coordination.k8s.io/v1/namespaces/a/leases", "create coordination.k8s.io leases"],
  ["GET", "/version", "get  "],
  ["GET", "/apis/onyx.onelens.io/v1alpha1", "get  "],
])("%s %s is %s", (method, path, expected) => {
  const { verb, group, resource } = requestInfo(method, path);
  expect(`${verb} ${group} ${resource}`).toBe(expected);
});

it("calls a stream a watch", () => {
  expect(requestInfo("GET", "/apis/g/v1/things", true)).toEqual({ verb: "watch", group: "g", resource: "things" });
});

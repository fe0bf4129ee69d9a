import { expect, test } from "vitest";
import { ApiError, TransportError } from "../runtime/errors.ts";
import type { Transport, TransportRequest } from "../runtime/transport.ts";
import { tokensFrom } from "./tokens.ts";

const identity = {
  serviceAccount: { namespace: "tenant-a", name: "cloud" },
  audience: "sts.amazonaws.com",
  as: { roleArn: "arn:aws:iam::000000000000:role/a" },
};
const signal = AbortSignal.timeout(5_000);

function world(answer: () => unknown) {
  const asked: TransportRequest[] = [];
  const request = async (one: TransportRequest) => {
    asked.push(one);
    return { status: 201, headers: {}, body: answer() };
  };
  const tokens = tokensFrom({ transport: { request } as unknown as Transport }, "do this");
  return { asked, ask: () => tokens(identity, signal) };
}

test("a token is asked for one audience, for the least time, and bound to nothing", async () => {
  const { asked, ask } = world(() => ({ status: { token: "t", expirationTimestamp: "2026-01-01T00:10:00Z" } }));
  expect(await ask()).toEqual({ token: "t", expires: new Date("2026-01-01T00:10:00Z") });
  expect(asked).toMatchObject([{ method: "POST", path: "/api/v1/namespaces/tenant-a/serviceaccounts/cloud/token" }]);
  expect(asked[0]?.body).toEqual({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["sts.amazonaws.com"], expirationSeconds: 600 },
  });
});

const refused = (status: number, reason: string) =>
  new ApiError(`POST it: the API server answered ${status}: User "operator" cannot`, {
    status,
    reason,
    details: undefined,
    retryAfterMs: undefined,
  });

test.each([
  [
    refused(403, "Forbidden"),
    "denied",
    "Forbidden",
    /^no right to request tokens of ServiceAccount tenant-a\/cloud \(spec\.credentials\.serviceAccountRef\): do this$/,
  ],
  [refused(404, "NotFound"), "denied", "ServiceAccountMissing", /^ServiceAccount tenant-a\/cloud .* does not exist/],
  [refused(422, "Invalid"), "invalid", "Invalid", /makes no such token/],
  [refused(500, "InternalError"), "transient", "NoToken", /gave no token/],
  [new TransportError("no answer", { code: "TIMEOUT", sent: true }), "transient", "NoToken", /no answer/],
] as const)("%s is told as %s", async (error, fault, code, message) => {
  const { ask } = world(() => {
    throw error;
  });
  await expect(ask()).rejects.toMatchObject({
    name: "ProviderError",
    fault,
    code,
    message: expect.stringMatching(message),
  });
});

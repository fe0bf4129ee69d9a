import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { credentialsOf, principalOf } from "./credentials.ts";

const signal = AbortSignal.timeout(5_000);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const key = {
  type: "service_account",
  project_id: "p",
  client_email: "onyx@p.iam.gserviceaccount.com",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
};

describe("the credentials Secret", () => {
  test.each(["credentials.json", "GOOGLE_CREDENTIALS"])("%s holds a service account key", async (name) => {
    const place = { account: "shop", credentials: { [name]: JSON.stringify(key) } };
    const auth = credentialsOf(place, false);
    expect((await auth.getCredentials()).client_email).toBe(key.client_email);
    expect(await principalOf(place, auth, false, signal)).toBe(key.client_email);
  });

  test("an access token is sent as it is", async () => {
    const place = { account: "shop", credentials: { GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.token\n" } };
    const auth = credentialsOf(place, false);
    expect((await auth.getRequestHeaders("https://pubsub.googleapis.com/")).get("authorization")).toBe(
      "Bearer ya29.token",
    );
    expect(await principalOf(place, auth, false, signal)).toBe("an access token's");
  });

  test("without any of the keys it is refused, and the message names them", () => {
    expect(() => credentialsOf({ account: "shop", credentials: { password: "canary" } }, false)).toThrow(
      "none of the keys credentials.json, GOOGLE_CREDENTIALS (a service account key or an external account) and GOOGLE_OAUTH_ACCESS_TOKEN",
    );
  });

  test.each(['{"private_key": "canary', '"canary"', "null"])(
    "what is no JSON object is refused without a word of it",
    (json) => {
      let error: unknown;
      try {
        credentialsOf({ account: "shop", credentials: { "credentials.json": json } }, false);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({
        fault: "denied",
        message: "The key credentials.json of the credentials Secret is no JSON object.",
      });
      expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain("canary");
    },
  );
});

test("an emulator gets no credentials, whatever the Secret holds, and none are looked for", async () => {
  const place = { account: "shop", credentials: { "credentials.json": JSON.stringify(key) } };
  const auth = credentialsOf(place, true);
  expect([...(await auth.getRequestHeaders("http://127.0.0.1/")).keys()]).toEqual([]);
  expect(await principalOf(place, auth, true, signal)).toBe("an emulator's");
});

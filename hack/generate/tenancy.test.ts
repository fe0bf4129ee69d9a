import { expect, test } from "vitest";
import { kinds } from "../../crds/index.ts";
import { outsideFields } from "./tenancy.ts";

const fields = outsideFields(kinds);

test("finds what names something outside of the namespace, in lists too", () => {
  expect(fields.map(({ field }) => field)).toEqual(
    expect.arrayContaining([
      "externalName",
      "deadLetter.queueRef.external",
      "notifications[].topicRef.external",
      "target.workflowRef.external",
      "overrides.aws.permissionsBoundary",
      "overrides.aws.deliveryStatus.successRoleArn",
      "overrides.aws.replicas[].key",
      "overrides.aws.deliverers",
      "overrides.gcp.deliverers",
      "delivery",
    ]),
  );
});

test.each([
  ["externalName", "!has(object.spec.externalName)"],
  [
    "deadLetter.queueRef.external",
    "(!has(object.spec.deadLetter) || (!has(object.spec.deadLetter.queueRef) || !has(object.spec.deadLetter.queueRef.external)))",
  ],
  [
    "notifications[].queueRef.external",
    "(!has(object.spec.notifications) || object.spec.notifications.all(i0, (!has(i0.queueRef) || !has(i0.queueRef.external))))",
  ],
])("%s is absent when each part on the way may be", (field, absent) => {
  expect(fields.find((one) => one.field === field)?.absent).toBe(absent);
});

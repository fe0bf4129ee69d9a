import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant } from "../../controllers/leaf/wants.ts";
import { INLINE_POLICY_LIMIT, policyOf } from "./grants.ts";
import { linesOf } from "./policy.ts";
import { allows, type Request } from "./testing/evaluate.ts";

const REGION = "eu-west-1";
const queueArn = (name: string) => `arn:aws:sqs:${REGION}:111122223333:${name}`;
const tableArn = (name: string) => `arn:aws:dynamodb:${REGION}:111122223333:table/${name}`;
const machineArn = (name: string) => `arn:aws:states:${REGION}:111122223333:stateMachine:${name}`;
const bucketArn = (name: string) => `arn:aws:s3:::${name}`;
const keyArn = (id: string) => `arn:aws:kms:${REGION}:111122223333:key/${id}`;

const keys = fc.option(fc.constantFrom("k1", "k2").map(keyArn));
const grant: fc.Arbitrary<Grant> = fc.oneof(
  fc.record({
    kind: fc.constant("Queue" as const),
    id: fc.constantFrom("q1", "q2", "q3", "q4.fifo").map(queueArn),
    access: fc.constantFrom("Consume" as const, "Produce" as const),
    encryptionKey: keys,
  }),
  fc.record({
    kind: fc.constant("Table" as const),
    id: fc.constantFrom("t1", "t2", "t3").map(tableArn),
    access: fc.constantFrom("Read" as const, "Write" as const, "ReadWrite" as const),
    encryptionKey: keys,
  }),
  fc.record({
    kind: fc.constant("Bucket" as const),
    id: fc.constantFrom("b1", "b2", "b10").map(bucketArn),
    access: fc.constantFrom("Read" as const, "Write" as const, "ReadWrite" as const),
    encryptionKey: keys,
  }),
  fc.record({
    kind: fc.constant("Workflow" as const),
    id: fc.constantFrom("w1", "w2", "w10").map(machineArn),
    access: fc.constant("Start" as const),
    encryptionKey: fc.constant(null),
  }),
);
const grants = fc.array(grant, { minLength: 1, maxLength: 12 });
const ARNS = { Queue: queueArn, Table: tableArn, Bucket: bucketArn, Workflow: machineArn };
const policy = (...all: Grant[]) => policyOf(all) ?? expect.fail("no policy");
const on = (kind: Grant["kind"], access: Grant["access"], encryptionKey: string | null = null): Grant => ({
  kind,
  id: ARNS[kind as keyof typeof ARNS]("orders"),
  access,
  encryptionKey,
});
const statements = (...all: Grant[]) => policy(...all).Statement as unknown as readonly { Resource: string[] }[];

/** All data actions of the services (AWS service reference, 2026-09-26), and some that administer. */
const ACTIONS = [
  ..."ReceiveMessage DeleteMessage ChangeMessageVisibility GetQueueAttributes SendMessage PurgeQueue DeleteQueue SetQueueAttributes AddPermission RemovePermission ListDeadLetterSourceQueues StartMessageMoveTask TagQueue CreateQueue GetQueueUrl ListQueueTags"
    .split(" ")
    .map((action) => `sqs:${action}`),
  ..."GetItem BatchGetItem Query Scan ConditionCheckItem PutItem UpdateItem DeleteItem BatchWriteItem PartiQLSelect PartiQLInsert PartiQLUpdate PartiQLDelete DescribeTable DeleteTable UpdateTable ExportTableToPointInTime GetRecords CreateBackup UpdateTimeToLive TagResource"
    .split(" ")
    .map((action) => `dynamodb:${action}`),
  ..."GetObject GetObjectVersion PutObject DeleteObject DeleteObjectVersion AbortMultipartUpload ListMultipartUploadParts ListBucket ListBucketVersions ListBucketMultipartUploads GetObjectAcl PutObjectAcl PutObjectTagging GetObjectTagging BypassGovernanceRetention PutObjectRetention PutObjectLegalHold RestoreObject GetBucketPolicy PutBucketPolicy DeleteBucketPolicy PutBucketVersioning PutLifecycleConfiguration PutEncryptionConfiguration PutBucketTagging DeleteBucket CreateBucket"
    .split(" ")
    .map((action) => `s3:${action}`),
  ..."StartExecution StartSyncExecution RedriveExecution StopExecution DescribeExecution GetExecutionHistory ListExecutions DescribeStateMachine DescribeStateMachineForExecution DescribeMapRun UpdateMapRun InvokeHTTPEndpoint RevealSecrets SendTaskSuccess SendTaskFailure SendTaskHeartbeat TestState TagResource UpdateStateMachine DeleteStateMachine PublishStateMachineVersion CreateStateMachine"
    .split(" ")
    .map((action) => `states:${action}`),
];
const READS = ["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem"].map((one) => `dynamodb:${one}`);
const WRITES = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"].map(
  (one) => `dynamodb:${one}`,
);
const allowed = (all: Grant[], resource: string, context: Request["context"] = {}) => {
  const document = policy(...all);
  return ACTIONS.filter((action) => allows(document, { action, resource, context })).toSorted();
};

describe("what an access allows, of all that the service can do", () => {
  it.each([
    [
      "Queue",
      "Consume",
      ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"].map((one) => `sqs:${one}`),
    ],
    ["Queue", "Produce", ["sqs:SendMessage"]],
    ["Workflow", "Start", ["states:StartExecution"]],
    ["Table", "Read", READS],
    ["Table", "Write", WRITES],
    ["Table", "ReadWrite", [...new Set([...READS, ...WRITES])]],
  ] as const)("%s %s", (kind, access, actions) => {
    const one = on(kind, access);
    expect(allowed([one], one.id)).toEqual([...actions].toSorted());
    for (const sibling of [
      `${one.id}-2`,
      one.id.replace("111122223333", "999999999999"),
      one.id.replace(REGION, "us-east-1"),
    ])
      expect(allowed([one], sibling)).toEqual([]);
  });

  it("reading a table is reading its indexes, by Query and Scan, and no other table's", () => {
    const read = [on("Table", "Read")];
    expect(allowed(read, `${tableArn("orders")}/index/by-owner`)).toEqual(["dynamodb:Query", "dynamodb:Scan"]);
    expect(allowed(read, `${tableArn("orders-2")}/index/by-owner`)).toEqual([]);
    expect(allowed([on("Table", "Write")], `${tableArn("orders")}/index/by-owner`)).toEqual([]);
  });

  it.each([
    ["Read", ["s3:ListBucket"], ["s3:GetObject", "s3:GetObjectVersion"]],
    ["Write", [], ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject"]],
    [
      "ReadWrite",
      ["s3:ListBucket"],
      [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
      ],
    ],
  ] as const)(
    "%s of a bucket: its objects and their list, no settings, and no other bucket",
    (access, list, objects) => {
      const one = [on("Bucket", access)];
      expect(allowed(one, bucketArn("orders"))).toEqual(list);
      expect(allowed(one, bucketArn("orders/2026/invoice.pdf"))).toEqual(objects);
      for (const other of ["orders-2", "orders-2/invoice.pdf", "order", "order/s"])
        expect(allowed(one, bucketArn(other))).toEqual([]);
    },
  );

  it("writing alone does not read the item that was there", () => {
    const old = { "dynamodb:ReturnValues": "ALL_OLD" };
    const none = { "dynamodb:ReturnValues": "NONE" };
    expect(allowed([on("Table", "Write")], tableArn("orders"), old)).toEqual([]);
    expect(allowed([on("Table", "Write")], tableArn("orders"), none)).toEqual(WRITES.toSorted());
    expect(allowed([on("Table", "ReadWrite")], tableArn("orders"), old)).toEqual(
      [...new Set([...READS, ...WRITES])].toSorted(),
    );
  });

  it("Read and Write apart are ReadWrite", () => {
    const apart = policy(on("Table", "Read"), on("Table", "Write"));
    expect(apart).toEqual(policy(on("Table", "ReadWrite")));
    expect(policy(on("Table", "ReadWrite"), on("Table", "Write"))).toEqual(apart);
  });
});

describe("a customer's key", () => {
  const key = keyArn("k");
  const KMS = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant"];
  const use = (one: Grant, context: Request["context"], resource = key) =>
    KMS.filter((action) => allows(policy(one), { action, resource, context }));
  const viaSqs = {
    "kms:ViaService": `sqs.${REGION}.amazonaws.com`,
    "kms:EncryptionContext:aws:sqs:arn": queueArn("orders"),
  };
  it("of the queue that dead letters come from decrypts them for who consumes them, and nothing else", () => {
    const one: Grant = {
      kind: "Queue",
      id: queueArn("dead"),
      access: "Consume",
      encryptionKey: null,
      from: [{ id: queueArn("orders"), encryptionKey: key }],
    };
    expect(use(one, viaSqs)).toEqual(["kms:Decrypt"]);
    expect(use(one, { ...viaSqs, "kms:EncryptionContext:aws:sqs:arn": queueArn("others") })).toEqual([]);
    expect(allows(policy(one), { action: "sqs:ReceiveMessage", resource: queueArn("orders"), context: {} })).toBe(
      false,
    );
  });

  const viaDynamo = {
    "kms:ViaService": `dynamodb.${REGION}.amazonaws.com`,
    "kms:EncryptionContext:aws:dynamodb:tableName": "orders",
  };

  it.each([
    ["Queue", "Consume", viaSqs, ["kms:Decrypt"]],
    ["Queue", "Produce", viaSqs, ["kms:Decrypt", "kms:GenerateDataKey"]],
    ["Table", "Read", viaDynamo, ["kms:Decrypt"]],
    ["Table", "Write", viaDynamo, ["kms:Decrypt"]],
    ["Table", "ReadWrite", viaDynamo, ["kms:Decrypt"]],
  ] as const)("%s %s: through the service, for this resource, no more", (kind, access, context, actions) => {
    const one = on(kind, access, key);
    expect(use(one, context)).toEqual(actions);
    expect(use(one, context, keyArn("other"))).toEqual([]);
    for (const name of Object.keys(context)) {
      const { [name]: _dropped, ...without } = context as Record<string, string>;
      expect(use(one, without)).toEqual([]);
      expect(use(one, { ...context, [name]: "something-else" })).toEqual([]);
    }
  });

  it.each([
    ["Read", ["kms:Decrypt"]],
    ["Write", ["kms:Decrypt", "kms:GenerateDataKey"]],
    ["ReadWrite", ["kms:Decrypt", "kms:GenerateDataKey"]],
  ] as const)("of a bucket, %s: in the name of the bucket or of an object in it, no more", (access, actions) => {
    const one = on("Bucket", access, key);
    const asked = (arn: string) => ({
      "kms:ViaService": `s3.${REGION}.amazonaws.com`,
      "kms:EncryptionContext:aws:s3:arn": arn,
    });
    for (const arn of ["orders", "orders/2026/a"]) expect(use(one, asked(bucketArn(arn)))).toEqual(actions);
    for (const arn of ["orders-2", "orders-2/a", "order"]) expect(use(one, asked(bucketArn(arn)))).toEqual([]);
    expect(use(one, { "kms:EncryptionContext:aws:s3:arn": bucketArn("orders") })).toEqual([]);
    expect(use(one, { ...asked(bucketArn("orders")), "kms:ViaService": `sqs.${REGION}.amazonaws.com` })).toEqual([]);
    expect(use(one, asked(bucketArn("orders")), keyArn("other"))).toEqual([]);
  });

  it("that two queues share opens both and no third, in one statement", () => {
    const both = [queueArn("a"), queueArn("b")].map((id) => ({ ...on("Queue", "Consume", key), id }));
    const document = policy(...both);
    expect((document.Statement as readonly unknown[]).length).toBe(2);
    const decrypts = (arn: string) =>
      allows(document, {
        action: "kms:Decrypt",
        resource: key,
        context: { ...viaSqs, "kms:EncryptionContext:aws:sqs:arn": arn },
      });
    expect(["a", "b", "c"].map((name) => decrypts(queueArn(name)))).toEqual([true, true, false]);
  });

  it("in China goes through China's service names", () => {
    const id = "arn:aws-cn:sqs:cn-north-1:111122223333:orders";
    expect(linesOf(policy({ ...on("Queue", "Consume", key), id })).join("\n")).toContain(
      "kms:ViaService=sqs.cn-north-1.amazonaws.com.cn",
    );
  });
});

describe("policies of random grants", () => {
  it("are the same for any order and for doubles", () => {
    fc.assert(
      fc.property(grants, fc.infiniteStream(fc.nat()), (all, stream) => {
        const weights = new Map(all.map((one) => [one, stream.next().value ?? 0]));
        const shuffled = [...all, ...all].sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0));
        expect(policyOf(shuffled)).toEqual(policyOf(all));
      }),
    );
  });

  it("name only what is granted: no * but the indexes of a table that may be read and the objects of a bucket", () => {
    fc.assert(
      fc.property(grants, (all) => {
        const document = policy(...all);
        expect(JSON.stringify(document)).not.toMatch(/"\*"|:\*"|NotAction|NotResource/);
        const named = new Set(all.flatMap(({ id, encryptionKey }) => (encryptionKey ? [id, encryptionKey] : [id])));
        for (const { Resource } of statements(...all))
          for (const resource of Resource)
            expect(named.has(resource.replace(/(\/index)?\/\*$/, "")), resource).toBe(true);
      }),
    );
  });

  it("lose something with every statement that goes, and allow more with no grant than their own", () => {
    fc.assert(
      fc.property(grants, (all) => {
        const document = policy(...all);
        const lines = linesOf(document);
        const list = document.Statement as readonly object[];
        for (const statement of list)
          expect(linesOf({ ...document, Statement: list.filter((one) => one !== statement) as never })).not.toEqual(
            lines,
          );
      }),
    );
  });

  it("allow what each grant allows alone", () => {
    fc.assert(
      fc.property(grants, (all) => {
        const document = policy(...all);
        for (const one of all)
          for (const action of allowed([one], one.id))
            expect(allows(document, { action, resource: one.id, context: {} })).toBe(true);
      }),
    );
  });

  it("allow nothing that no grant allows alone", () => {
    const resources = ["q1", "q2", "q3", "q4.fifo"]
      .map(queueArn)
      .concat(
        ["t1", "t2", "t3"].map(tableArn),
        ["b1", "b2", "b10", "b1/x", "b10/x"].map(bucketArn),
        ["w1", "w2", "w10"].map(machineArn),
      );
    fc.assert(
      fc.property(grants, (all) => {
        for (const resource of resources) {
          const alone = new Set(all.flatMap((one) => allowed([one], resource)));
          expect(allowed(all, resource)).toEqual([...alone].toSorted());
        }
      }),
    );
  });
});

describe("limits", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      ...on("Queue", "Consume"),
      id: queueArn(`onyx-team-a-orders-${n}-a1b2c3`),
    }));

  it("fifty queues, thirty tables and two keys fit", () => {
    const tables = Array.from({ length: 30 }, (_, n) => ({
      ...on("Table", "ReadWrite"),
      id: tableArn(`onyx-team-a-t-${n}-a1b2c3`),
    }));
    const keyed = [keyArn("a"), keyArn("b")].map((key, n) => ({
      ...on("Queue", "Produce", key),
      id: queueArn(`k-${n}`),
    }));
    expect(JSON.stringify(policyOf([...many(50), ...tables, ...keyed])).length).toBeLessThanOrEqual(
      INLINE_POLICY_LIMIT,
    );
  });

  it("what does not fit is refused with the reason", () => {
    expect(() => policyOf(many(400))).toThrow(
      expect.objectContaining({ fault: "invalid", code: "PolicyTooLarge", message: expect.stringContaining("10240") }),
    );
  });

  it("no grants, no policy; a wrong id or access is refused", () => {
    expect(policyOf([])).toBeUndefined();
    expect(() => policyOf([{ ...on("Queue", "Consume"), id: "" }])).toThrow(
      expect.objectContaining({ fault: "invalid" }),
    );
    expect(() => policyOf([on("Queue", "Read")])).toThrow(expect.objectContaining({ fault: "invalid" }));
    expect(() => policyOf([on("Table", "Consume")])).toThrow(expect.objectContaining({ fault: "invalid" }));
    expect(() => policyOf([on("Workflow", "Consume")])).toThrow(expect.objectContaining({ fault: "invalid" }));
  });
});

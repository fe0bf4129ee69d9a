/** What the peers in JavaScript ask of the cloud's stand-in: just as much of SQS's JSON protocol as it understands. */
export function sqs(endpoint: string) {
  async function call(action: string, body: object): Promise<Record<string, string>> {
    const reply = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` },
      body: JSON.stringify(body),
    });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${action}: ${reply.status} ${text}`);
    return JSON.parse(text) as Record<string, string>;
  }
  return {
    /** @returns its URL */
    create: async (name: string) => (await call("CreateQueue", { QueueName: name })).QueueUrl as string,
    delete: async (url: string) => void (await call("DeleteQueue", { QueueUrl: url })),
  };
}

/** The status of a Queue that was made: the same from each peer. */
export function readyStatus(generation: number, url: string) {
  const ready = { type: "Ready", status: "True", reason: "Available", message: "created" };
  return {
    observedGeneration: generation,
    externalId: url,
    conditions: [{ ...ready, lastTransitionTime: new Date().toISOString(), observedGeneration: generation }],
  };
}

"""
The bench's peer on kopf: the least that a hand-written operator does for a Queue with it. Finalizer (kopf's own), one
call to the cloud, status; on deletion the queue goes and kopf takes its finalizer off. It looks at nothing else.
Posting of events is off. Each object has a worker of its own: kopf has no number of workers to set.

KUBECONFIG=... python bench/peers/kopf/main.py URL-OF-THE-CLOUD
"""

import datetime
import json
import sys

import aiohttp
import kopf

CLOUD = sys.argv[1]
QUEUES = ("onyx.onelens.io", "v1alpha1", "queues")


@kopf.on.startup()
async def configure(settings, memo, **_):
    settings.posting.enabled = False
    # The CRD keeps no fields of others in its status.
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage()
    settings.persistence.finalizer = "bench.onyx.onelens.io/queue"
    memo.http = aiohttp.ClientSession()


@kopf.on.cleanup()
async def close(memo, **_):
    await memo.http.close()


@kopf.on.login()
def login(**kwargs):
    return kopf.login_with_kubeconfig(**kwargs)


async def call(memo, action, body):
    headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{action}"}
    async with memo.http.post(CLOUD, headers=headers, data=json.dumps(body)) as reply:
        text = await reply.text()
        if reply.status != 200:
            raise kopf.TemporaryError(f"{action}: {reply.status} {text}", delay=1)
        return json.loads(text)


@kopf.on.create(*QUEUES)
@kopf.on.update(*QUEUES, field="spec")
async def put(spec, status, meta, patch, memo, namespace, name, **_):
    url = status.get("externalId")
    attributes = {"VisibilityTimeout": spec["processingTimeout"].removesuffix("s")}
    if url is None:
        url = (await call(memo, "CreateQueue", {"QueueName": f"bench-{namespace}-{name}", "Attributes": attributes}))["QueueUrl"]
    else:
        await call(memo, "SetQueueAttributes", {"QueueUrl": url, "Attributes": attributes})
    generation = meta["generation"]
    patch.status.update(
        {
            "observedGeneration": generation,
            "externalId": url,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Available",
                    "message": "made",
                    "lastTransitionTime": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "observedGeneration": generation,
                }
            ],
        }
    )


@kopf.on.delete(*QUEUES)
async def remove(status, memo, **_):
    if "externalId" in status:
        await call(memo, "DeleteQueue", {"QueueUrl": status["externalId"]})


kopf.run(standalone=True, clusterwide=True)

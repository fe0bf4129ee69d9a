/** Buses, enrollments and pipelines: comments of google/cloud/eventarc/v1/*.proto, https://cloud.google.com/eventarc/docs/quotas */
import { CloudError, invalid, unimplemented } from "../../engine/errors.ts";
import { child, list, type Message, text } from "../../engine/messages.ts";
import { projectOf, shortName } from "../../engine/names.ts";
import type { Semantics } from "../../engine/semantics.ts";
import type { World } from "../../engine/world.ts";
import { checkDuration, checkLabels } from "../pubsub/rules.ts";
import { checkAccount, checkUri } from "../workflows/http-call.ts";
import { checkBinding, checkMatch } from "./cel.ts";

export const BUS = "eventarc.googleapis.com/MessageBus";
export const ENROLLMENT = "eventarc.googleapis.com/Enrollment";
export const PIPELINE = "eventarc.googleapis.com/Pipeline";

/** The comment of CreateMessageBusRequest.message_bus_id and its like. */
const ID = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A project and region. */
const MAXIMUM = 100;
const SECOND = 1000;

/** Google's defaults of a retry policy. */
const RETRY = { maxAttempts: 5, minRetryDelay: { seconds: "5" }, maxRetryDelay: { seconds: "60" } };

const regionOf = (name: string) => name.split("/").slice(0, 4).join("/");

function checkName(name: string): void {
  if (!ID.test(shortName(name))) throw invalid(`"${shortName(name)}" is no id: it must match ${ID.source}.`, "name");
}

/** @throws CloudError when the region has as many as it may */
function checkQuota({ store }: World, type: string, name: string): void {
  if (store.list(type, `${regionOf(name)}/`).length < MAXIMUM) return;
  throw new CloudError("RESOURCE_EXHAUSTED", `The limit of ${MAXIMUM} in ${regionOf(name)} is reached: ${type}.`);
}

function checkEnrollment(enrollment: Message, { store }: World): void {
  checkLabels(enrollment);
  checkMatch(text(enrollment, "celMatch"));
  const [bus, pipeline] = [text(enrollment, "messageBus"), text(enrollment, "destination")];
  if (store.get(BUS, bus) === undefined)
    throw invalid(`The message bus "${bus}" does not exist.`, "enrollment.message_bus");
  if (!/^projects\/[^/]+\/locations\/[^/]+\/pipelines\/[^/]+$/.test(pipeline))
    throw invalid(`"${pipeline}" is no pipeline.`, "enrollment.destination");
  if (regionOf(pipeline) !== regionOf(text(enrollment, "name")))
    throw invalid("The pipeline must be in the project and region of the enrollment.", "enrollment.destination");
  if (store.get(PIPELINE, pipeline) === undefined)
    throw invalid(`The pipeline "${pipeline}" does not exist.`, "enrollment.destination");
}

function checkTopic(topic: string, pipeline: Message): void {
  if (projectOf(topic) !== projectOf(text(pipeline, "name")))
    throw invalid(`The topic "${topic}" must be in the project of the pipeline.`, "pipeline.destinations");
}

function checkEndpoint(endpoint: Message, destination: Message, world: World): void {
  const uri = text(endpoint, "uri");
  if (!uri.startsWith("https://"))
    throw invalid(`"${uri}": only HTTPS is supported.`, "pipeline.destinations.http_endpoint.uri");
  checkUri(uri, "Pipelines");
  if (text(endpoint, "messageBindingTemplate") !== "") checkBinding(text(endpoint, "messageBindingTemplate"));
  const config = child(destination, "authenticationConfig") ?? {};
  if (child(destination, "networkConfig") || child(config, "googleOidc"))
    throw unimplemented("The test bed's pipelines have no networks and no OIDC tokens.");
  const token = child(config, "oauthToken");
  if (token) checkAccount(world, text(token, "serviceAccount"));
}

function checkPipeline(pipeline: Message, world: World): void {
  checkLabels(pipeline);
  const [destination, ...more] = list(pipeline, "destinations");
  if (destination === undefined || more.length > 0)
    throw invalid("A pipeline has exactly one destination.", "pipeline.destinations");
  if (list(pipeline, "mediations").length > 1)
    throw invalid("A pipeline has at most one mediation.", "pipeline.mediations");
  if (destination.outputPayloadFormat !== undefined && pipeline.inputPayloadFormat === undefined)
    throw invalid("output_payload_format needs input_payload_format.", "pipeline.destinations");
  const [topic, endpoint] = [text(destination, "topic"), child(destination, "httpEndpoint")];
  if (endpoint) checkEndpoint(endpoint, destination, world);
  else if (topic !== "") checkTopic(topic, pipeline);
  else throw unimplemented("The test bed's pipelines end at Pub/Sub topics and HTTP endpoints only.");
  if (list(pipeline, "mediations").length > 0 || pipeline.inputPayloadFormat !== undefined)
    throw unimplemented("The test bed's pipelines transform nothing.");
  const retry = child(pipeline, "retryPolicy") ?? {};
  const attempts = Number(retry.maxAttempts ?? RETRY.maxAttempts);
  if (attempts < 1 || attempts > 100) throw invalid("max_attempts must be between 1 and 100.", "pipeline.retry_policy");
  for (const delay of ["minRetryDelay", "maxRetryDelay"])
    checkDuration(retry, delay, SECOND, 600 * SECOND, "pipeline.retry_policy");
}

const filled = (pipeline: Message): Message => ({
  ...pipeline,
  retryPolicy: { ...RETRY, ...child(pipeline, "retryPolicy") },
});

export const buses: Semantics = {
  checkName,
  create(bus) {
    checkLabels(bus);
    return bus;
  },
  remove(bus, { world: { store } }) {
    const used = store.list(ENROLLMENT, "projects/").some((one) => one.messageBus === bus.name);
    if (used) throw new CloudError("FAILED_PRECONDITION", `${text(bus, "name")} has enrollments.`);
  },
};

export const enrollments: Semantics = {
  checkName,
  create(enrollment, { world }) {
    checkQuota(world, ENROLLMENT, text(enrollment, "name"));
    checkEnrollment(enrollment, world);
    return enrollment;
  },
  update(_before, after, _paths, { world }) {
    checkEnrollment(after, world);
    return after;
  },
};

export const pipelines: Semantics = {
  checkName,
  create(pipeline, { world }) {
    checkQuota(world, PIPELINE, text(pipeline, "name"));
    const whole = filled(pipeline);
    checkPipeline(whole, world);
    return whole;
  },
  update(_before, after, _paths, { world }) {
    const whole = filled(after);
    checkPipeline(whole, world);
    return whole;
  },
  remove(pipeline, { world: { store } }) {
    const used = store.list(ENROLLMENT, "projects/").some((one) => one.destination === pipeline.name);
    if (used) throw new CloudError("FAILED_PRECONDITION", `${text(pipeline, "name")} has enrollments.`);
  },
};

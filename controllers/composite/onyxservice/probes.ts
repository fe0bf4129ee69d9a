import { durationSeconds } from "../../../crds/duration.ts";
import type { OnyxServiceSpec } from "../../../crds/onyxservice.ts";

type Probe = NonNullable<NonNullable<OnyxServiceSpec["health"]>["liveness"]>;

const seconds = (text: string | undefined, absent: number): number =>
  text === undefined ? absent : durationSeconds(text);

/** The probes of the container. Kubernetes' own defaults are written out, but for the time-out, which is 1 s there. */
export function probes(health: OnyxServiceSpec["health"]): Readonly<Record<string, object>> {
  const all = {
    startupProbe: health?.startup,
    livenessProbe: health?.liveness,
    readinessProbe: health?.readiness,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, one]) => (one === undefined ? [] : [[name, probe(one)]])),
  );
}

function probe(one: Probe): object {
  const delay = seconds(one.initialDelay, 0);
  return {
    ...(one.http ? { httpGet: { path: one.http.path, port: one.http.port, scheme: "HTTP" } } : {}),
    ...(one.tcp ? { tcpSocket: { port: one.tcp.port } } : {}),
    ...(one.exec ? { exec: { command: one.exec.command } } : {}),
    // The API server drops a zero.
    ...(delay > 0 ? { initialDelaySeconds: delay } : {}),
    periodSeconds: seconds(one.interval, 10),
    timeoutSeconds: seconds(one.timeout, 5),
    failureThreshold: one.failureThreshold ?? 3,
    successThreshold: 1,
  };
}

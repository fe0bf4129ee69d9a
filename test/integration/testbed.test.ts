import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { useExisting } from "../../hack/testbed/existing.ts";
import {
  type AuditEvent,
  type Cluster,
  readAudit,
  startCluster,
  thisHost,
  waitUntil,
} from "../../hack/testbed/index.ts";
import { isAlive, type ProcessId } from "../../hack/testbed/processid.ts";
import { readRun } from "../../hack/testbed/run.ts";

/** Runs of their own: other tests that start and sweep at the same time must not see what dies here. */
const runs = mkdtempSync(join(tmpdir(), "onyx-testbed-"));
const host = { ...thisHost(), runs };
const clusters: Pick<Cluster, "stop">[] = [];
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
});
afterAll(() => rmSync(runs, { recursive: true }));

async function started(name: string): Promise<Cluster> {
  const cluster = await startCluster({ name }, host);
  clusters.push(cluster);
  return cluster;
}

const processesOf = (cluster: Cluster): readonly ProcessId[] => readRun(cluster.folder)?.processes ?? [];

describe("a light cluster", () => {
  it("is ready when it is handed over, and writes down who wrote what", async () => {
    const cluster = await started("testbed-light");
    expect(await cluster.kubectl(["get", "--raw", "/readyz"])).toBe("ok");
    await cluster.kubectl(["create", "configmap", "note", "--from-literal=a=b"]);
    const writes: AuditEvent[] = [];
    for await (const event of readAudit(cluster.auditLog)) writes.push(event);
    const created = writes.find(({ objectRef }) => objectRef?.resource === "configmaps" && objectRef.name === "note");
    expect(created).toMatchObject({ verb: "create", user: { username: "kubernetes-admin" } });
    expect(writes.some(({ verb }) => verb === "get")).toBe(false);
  });

  it("leaves no process and no file when it is stopped", async () => {
    const cluster = await started("testbed-stop");
    const processes = processesOf(cluster);
    expect(processes.map(isAlive)).toEqual([true, true]);
    await cluster.stop();
    expect(processes.map(isAlive)).toEqual([false, false]);
    expect(existsSync(cluster.folder)).toBe(false);
  });

  it("takes kube-apiserver's arguments, and shows its words when it refuses them", async () => {
    const start = startCluster({ name: "testbed-args", extraArgs: ["--no-such-flag"] }, host);
    await expect(start).rejects.toThrow(/kube-apiserver ended[\s\S]*unknown flag: --no-such-flag/);
    expect(readRun(join(runs, "testbed-args"))?.processes).toEqual([]);
  });

  it("is ended when its start is aborted", async () => {
    const abort = new AbortController();
    const start = startCluster({ name: "testbed-abort", signal: abort.signal }, host);
    const folder = join(runs, "testbed-abort");
    let processes: readonly ProcessId[] = [];
    await waitUntil(
      () => {
        processes = readRun(folder)?.processes ?? [];
        return processes.length > 0;
      },
      { what: "the first process", timeoutMs: 30_000, everyMs: 5 },
    );
    abort.abort();
    await expect(start).rejects.toThrow(/aborted/);
    expect(processes.map(isAlive)).toEqual(processes.map(() => false));
    expect(existsSync(folder)).toBe(false);
  });
});

describe("a cluster whose owner is killed", () => {
  it("is ended when the next one starts", async () => {
    const script = `import { startCluster, thisHost } from ${JSON.stringify(import.meta.resolve("../../hack/testbed/index.ts"))};
      await startCluster({ name: "testbed-orphan" }, { ...thisHost(), runs: ${JSON.stringify(runs)} });
      process.stdout.write("up");
      setInterval(() => {}, 60_000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(owner.stdout, "data");
    const folder = join(runs, "testbed-orphan");
    const orphans = readRun(folder)!.processes;
    owner.kill("SIGKILL");
    await once(owner, "exit");
    expect(orphans.map(isAlive)).toEqual([true, true]);
    await started("testbed-next");
    expect(orphans.map(isAlive)).toEqual([false, false]);
    expect(existsSync(folder)).toBe(false);
  });
});

describe("an existing cluster", () => {
  it("is used through KUBECONFIG, and left as it is", async () => {
    const cluster = await started("testbed-existing");
    const bin = mkdtempSync(join(tmpdir(), "onyx-bin-"));
    try {
      for (const name of ["kubectl", "helm"]) symlinkSync(cluster.kubectlPath, join(bin, name));
      const env = { PATH: `${bin}:${process.env.PATH}`, KUBECONFIG: cluster.kubeconfig, CONTEXT_EKS: cluster.name };
      const elsewhere = { ...host, env };
      const used = await useExisting({ name: "testbed-used" }, elsewhere);
      clusters.push(used);
      expect(readFileSync(used.kubeconfig, "utf8")).toContain(cluster.server);
      expect(await used.kubectl(["get", "--raw", "/readyz"])).toBe("ok");
      await expect(useExisting({ name: "testbed-keda", parts: ["keda"] }, elsewhere)).rejects.toThrow(
        /has no KEDA.*helm/,
      );
      await used.stop();
      expect(await cluster.kubectl(["get", "--raw", "/readyz"])).toBe("ok");
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

export interface SandboxOptions {
  /** The one folder that it may read, and spill to. */
  readonly folder: string;
  /** What it holds in memory before it spills, in MiB. */
  readonly memoryMb: number;
  readonly threads: number;
}

/** A database in memory, for one report. */
export interface Sandbox {
  readonly connection: DuckDBConnection;
  close(): void;
}

/**
 * DuckDB that reads files of one folder and can do nothing else: no other file, no network, no extension that is not built
 * in, and no statement changes that: duckdb.org/docs/stable/operations_manual/securing_duckdb/overview.
 */
export async function openSandbox({ folder, memoryMb, threads }: SandboxOptions): Promise<Sandbox> {
  const spill = join(folder, "spill");
  mkdirSync(spill, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: `${memoryMb}MiB`,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    allow_community_extensions: "false",
    // Rows are added up, in any order: keeping their order would take memory.
    preserve_insertion_order: "false",
  });
  const connection = await instance.connect();
  await connection.run(`SET allowed_directories = [${literal(folder)}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Text in SQL, where no parameter can be. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

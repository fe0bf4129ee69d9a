/** What a process tells of itself at one moment. */
export interface Sample {
  /** Milliseconds since some fixed moment. */
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface Trend {
  readonly what: string;
  readonly first: number;
  readonly last: number;
  /** By least squares. */
  readonly perHour: number;
}

/** What is looked at, by how `/metrics` calls it. */
const WATCHED: Readonly<Record<string, { readonly metric: string; readonly unit: number }>> = {
  "heap, MiB": { metric: "nodejs_heap_size_used_bytes", unit: 2 ** 20 },
  "resident, MiB": { metric: "process_resident_memory_bytes", unit: 2 ** 20 },
  "open files": { metric: "process_open_fds", unit: 1 },
  "handles, sockets and timers": { metric: "nodejs_active_resources_total", unit: 1 },
};

export const sampleOf = (metrics: ReadonlyMap<string, number>, at: number): Sample => ({
  at,
  values: Object.fromEntries(
    Object.entries(WATCHED).map(([what, { metric, unit }]) => [what, (metrics.get(metric) ?? Number.NaN) / unit]),
  ),
});

/**
 * How each figure goes over the second half of the time, when what is loaded once is loaded: by the least of each tenth of it, since a
 * heap grows until it is collected.
 */
export function trends(samples: readonly Sample[]): readonly Trend[] {
  const late = samples.slice(Math.floor(samples.length / 2));
  return Object.keys(WATCHED).map((what) => {
    const points = lowest(late, what, Math.max(1, Math.floor(late.length / 10)));
    return {
      what,
      first: samples[0]?.values[what] ?? Number.NaN,
      last: samples.at(-1)?.values[what] ?? Number.NaN,
      perHour: slope(points.map(([at, value]) => [at / 3_600_000, value])),
    };
  });
}

type Point = readonly [number, number];

function lowest(samples: readonly Sample[], what: string, size: number): Point[] {
  const points = samples.map((one): Point => [one.at, one.values[what] ?? Number.NaN]);
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, n) =>
    points.slice(n * size, (n + 1) * size),
  );
  return groups.map((group) => group.reduce((a, b) => (a[1] <= b[1] ? a : b)));
}

/** Of the straight line that fits the points best; 0 where there is none. */
export function slope(points: readonly Point[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
  return spread > 0 ? points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread : 0;
}

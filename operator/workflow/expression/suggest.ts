/** `; did you mean "x"?`, of the candidate fewest letters away; empty when all are too far. */
export function suggestion(wrong: string, candidates: readonly string[]): string {
  const near = candidates
    .map((candidate) => ({ candidate, distance: distance(wrong.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance < wrong.length && distance <= Math.max(1, Math.floor(wrong.length / 3)))
    .sort((a, b) => a.distance - b.distance)[0];
  return near ? `; did you mean "${near.candidate}"?` : "";
}

/** Letters to put in, take out or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

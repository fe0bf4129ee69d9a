import type { Arrow, Box, Graph } from "./graph.ts";

const GAP = 24;
const PAD = 12;
const HEAD = 26;
const LINE = 34;
const CHARACTER = 7.2;
/** Each arrow that passes boxes has a track of its own beside them. */
const TRACK = 16;

interface Placed {
  readonly box: Box;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly inner: readonly Placed[];
  /** Names of the lists side by side. */
  readonly lanes: readonly { readonly label: string; readonly x: number; readonly y: number }[];
}

/** The graph as SVG: boxes under each other, lists within a task as boxes in it, side by side; no script, no font to load. */
export function toSvg({ boxes, arrows }: Graph): string {
  const placed = column(boxes, GAP, GAP);
  const all = flat(placed);
  const far = arrows.filter(({ from, to }) => !follows(placed, from, to));
  const right = Math.max(...placed.map(({ x, width }) => x + width));
  const width = right + GAP + far.length * TRACK + 90;
  const height = Math.max(...placed.map(({ y, height }) => y + height)) + GAP;
  const find = (id: string) => all.find(({ box }) => box.id === id)!;
  const edge = Math.max(...all.map(({ x, width }) => x + width));
  const paths = arrows.map((arrow) => {
    const [from, to] = [find(arrow.from), find(arrow.to)];
    const track = far.indexOf(arrow);
    return track === -1 ? straight(from, to, arrow) : around(from, to, arrow, edge + GAP / 2 + track * TRACK);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" font-family="system-ui, sans-serif" font-size="13">`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>',
    ...placed.flatMap(drawn),
    ...paths,
    "</svg>",
  ].join("\n");
}

function column(boxes: readonly Box[], x: number, y: number): readonly Placed[] {
  let top = y;
  const placed = boxes.map((box) => {
    const one = place(box, x, top);
    top += one.height + GAP;
    return one;
  });
  const width = Math.max(0, ...placed.map((one) => one.width));
  return placed.map((one) => moved(one, (width - one.width) / 2));
}

function place(box: Box, x: number, y: number): Placed {
  const own = box.label.length * CHARACTER + 2 * PAD;
  if (box.lanes.length === 0) return { box, x, y, width: own, height: LINE, inner: [], lanes: [] };
  let left = x + PAD;
  const named = box.lanes.length > 1;
  const lanes: { label: string; x: number; y: number }[] = [];
  const inner = box.lanes.flatMap((lane) => {
    if (named) lanes.push({ label: lane.label, x: left, y: y + HEAD + PAD });
    const boxes = column(lane.boxes, left, y + HEAD + PAD + (named ? 6 : 0));
    left = Math.max(left, ...boxes.map((one) => one.x + one.width)) + GAP;
    return boxes;
  });
  const bottom = Math.max(y + HEAD, ...inner.map((one) => one.y + one.height));
  return { box, x, y, width: Math.max(own, left - GAP + PAD - x), height: bottom + PAD - y, inner, lanes };
}

const moved = (one: Placed, by: number): Placed => ({
  ...one,
  x: one.x + by,
  inner: one.inner.map((child) => moved(child, by)),
  lanes: one.lanes.map((lane) => ({ ...lane, x: lane.x + by })),
});

const flat = (placed: readonly Placed[]): readonly Placed[] => placed.flatMap((one) => [one, ...flat(one.inner)]);

/** Whether one stands right under the other. */
function follows(placed: readonly Placed[], from: string, to: string): boolean {
  const at = placed.findIndex(({ box }) => box.id === from);
  if (at !== -1) return placed[at + 1]?.box.id === to;
  return placed.some(({ box, inner }) => {
    let start = 0;
    return box.lanes.some(({ boxes }) => {
      const lane = inner.slice(start, start + boxes.length);
      start += boxes.length;
      return follows(lane, from, to);
    });
  });
}

function drawn({ box, x, y, width, height, inner, lanes }: Placed): readonly string[] {
  const middle = x + width / 2;
  const holds = inner.length > 0;
  const shape =
    box.shape === "choice"
      ? `<polygon points="${[x, y + height / 2, x + PAD, y, x + width - PAD, y, x + width, y + height / 2, x + width - PAD, y + height, x + PAD, y + height].map(round).join(" ")}" fill="#fff8e1" stroke="#b28704"/>`
      : `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${box.shape === "task" ? 4 : 16}" fill="${holds ? "#f5f7fa" : "#fff"}" stroke="#8795a8"/>`;
  const baseline = holds ? y + 18 : y + height / 2 + 4.5;
  const label = `<text x="${round(middle)}" y="${round(baseline)}" text-anchor="middle" fill="#1c2733">${escaped(box.label)}</text>`;
  return [shape, label, ...lanes.map((lane) => caption(lane.label, lane.x, lane.y)), ...inner.flatMap(drawn)];
}

function straight(from: Placed, to: Placed, { label }: Arrow): string {
  const x = from.x + from.width / 2;
  const line = `<path d="M${round(x)},${round(from.y + from.height)} V${round(to.y)}" stroke="#555" fill="none" marker-end="url(#arrow)"/>`;
  return label === "" ? line : `${line}${caption(label, x + 6, from.y + from.height + GAP / 2 + 4)}`;
}

function around(from: Placed, to: Placed, { label }: Arrow, track: number): string {
  const [start, end] = [from.y + from.height / 2, to.y + to.height / 2];
  const path = `M${round(from.x + from.width)},${round(start)} H${round(track)} V${round(end)} H${round(to.x + to.width)}`;
  const line = `<path d="${path}" stroke="#555" fill="none" marker-end="url(#arrow)"/>`;
  return label === "" ? line : `${line}${caption(label, from.x + from.width + 6, start - 4)}`;
}

const caption = (label: string, x: number, y: number): string =>
  `<text x="${round(x)}" y="${round(y)}" fill="#555" font-size="11">${escaped(label)}</text>`;

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

// Counters, gauges and histograms as plain numbers, and the Prometheus text format 0.0.4 they are read in
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Which metrics there are is `metrics.ts`.

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface Family {
  readonly name: string;
  text(): string;
}

export interface Cell {
  value: number;
}

export interface Counter extends Family {
  /** The cell of these label values, in the order of the labels; keep it where the path is hot. */
  at(...values: readonly string[]): Cell;
}

/** Values by bucket (not cumulative), with the last for what is over all bounds. */
export interface Distribution {
  readonly counts: Float64Array;
  sum: number;
}

export interface Histogram extends Family {
  at(...values: readonly string[]): Distribution;
  observe(into: Distribution, value: number): void;
}

/** A counter with these labels; `type` gauge is only another word in the text. */
export function createCounter(
  name: string,
  help: string,
  labels: readonly string[],
  type: "counter" | "gauge" = "counter",
): Counter {
  const cells = createSeries(() => ({ value: 0 }));
  return {
    name,
    at: cells.at,
    text() {
      const lines = cells
        .all()
        .map(([values, { value }]) => `${name}${labelText(labels, values)} ${numberText(value)}`);
      return family(name, help, type, lines);
    },
  };
}

/** A gauge that is read when it is asked for. */
export function createGauge(name: string, help: string, read: () => number): Family {
  return { name, text: () => family(name, help, "gauge", [`${name} ${numberText(read())}`]) };
}

export interface HistogramOptions {
  readonly labels: readonly string[];
  /** Upper bounds, rising. */
  readonly bounds: readonly number[];
}

export function createHistogram(name: string, help: string, { labels, bounds }: HistogramOptions): Histogram {
  const series = createSeries(() => ({ counts: new Float64Array(bounds.length + 1), sum: 0 }));
  const lines = ([values, { counts, sum }]: readonly [readonly string[], Distribution]): string[] => {
    let total = 0;
    const buckets = [...counts].map((count, index) => {
      total += count;
      const le = numberText(bounds[index] ?? Number.POSITIVE_INFINITY);
      return `${name}_bucket${labelText([...labels, "le"], [...values, le])} ${numberText(total)}`;
    });
    const own = labelText(labels, values);
    return [...buckets, `${name}_sum${own} ${numberText(sum)}`, `${name}_count${own} ${numberText(total)}`];
  };
  return {
    name,
    at: series.at,
    observe(into, value) {
      let index = 0;
      while (index < bounds.length && value > (bounds[index] ?? 0)) index++;
      into.counts[index] = (into.counts[index] ?? 0) + 1;
      into.sum += value;
    },
    text: () => family(name, help, "histogram", series.all().flatMap(lines)),
  };
}

interface Series<T> {
  at(...values: readonly string[]): T;
  all(): readonly (readonly [readonly string[], T])[];
}

function createSeries<T>(make: () => T): Series<T> {
  const byKey = new Map<string, readonly [readonly string[], T]>();
  return {
    at(...values) {
      const key = values.length === 1 ? (values[0] ?? "") : values.join("\n");
      const known = byKey.get(key);
      if (known !== undefined) return known[1];
      const made = make();
      byKey.set(key, [values, made]);
      return made;
    },
    all: () => [...byKey.values()],
  };
}

function family(name: string, help: string, type: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines].join("\n");
}

function labelText(labels: readonly string[], values: readonly string[]): string {
  if (labels.length === 0) return "";
  return `{${labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? "")}"`).join(",")}}`;
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n") : value;
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

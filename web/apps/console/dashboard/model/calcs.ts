/** Calculations over the values of a field, by Grafana's ids. */

const NAMES: Record<string, string> = {
  lastNotNull: "Last *",
  last: "Last",
  firstNotNull: "First *",
  first: "First",
  min: "Min",
  max: "Max",
  mean: "Mean",
  median: "Median",
  sum: "Total",
  count: "Count",
  range: "Range",
  delta: "Delta",
  diff: "Difference",
  diffperc: "Difference percent",
  step: "Step",
  stdDev: "Standard deviation",
  variance: "Variance",
  logmin: "Min (above zero)",
  allIsZero: "All zeros",
  allIsNull: "All nulls",
  changeCount: "Change count",
  distinctCount: "Distinct count",
  uniqueValues: "All unique values",
  allValues: "All values",
};

/** The heading of a calculation; null for one that is not known. */
export function calcName(id: string): string | null {
  const percentile = /^p(\d{1,2})$/.exec(id);
  if (percentile) return `${percentile[1]}th %`;
  return NAMES[id] ?? null;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);
const isThere = (value: unknown) => value !== null && value !== undefined && !Number.isNaN(value);

/** Work a calculation out; null where the values have no answer to it. */
export function calculate(id: string, values: unknown[]): unknown {
  switch (id) {
    case "last":
      return values.at(-1) ?? null;
    case "first":
      return values[0] ?? null;
    case "lastNotNull":
      return values.findLast(isThere) ?? null;
    case "firstNotNull":
      return values.find(isThere) ?? null;
    case "count":
      return values.length;
    case "allIsNull":
      return values.every((value) => !isThere(value));
    case "allIsZero":
      return values.length > 0 && values.every((value) => value === 0);
    case "changeCount":
      return values.filter((value, index) => index > 0 && value !== values[index - 1]).length;
    case "distinctCount":
      return new Set(values).size;
    case "uniqueValues":
      return [...new Set(values)];
    case "allValues":
      return values;
    default:
      return ofNumbers(id, values.filter(isNumber));
  }
}

function ofNumbers(id: string, numbers: number[]): number | null {
  if (numbers.length === 0) return null;
  const first = numbers[0] as number;
  const last = numbers.at(-1) as number;
  const percentile = /^p(\d{1,2})$/.exec(id);
  if (percentile) return quantile(numbers, Number(percentile[1]) / 100);
  switch (id) {
    case "min":
      return smallest(numbers);
    case "max":
      return largest(numbers);
    case "mean":
      return sum(numbers) / numbers.length;
    case "median":
      return quantile(numbers, 0.5);
    case "sum":
      return sum(numbers);
    case "range":
      return largest(numbers) - smallest(numbers);
    case "diff":
      return last - first;
    case "diffperc":
      return (last - first) / first;
    case "delta":
      return delta(numbers);
    case "step":
      return steps(numbers);
    case "variance":
      return variance(numbers);
    case "stdDev":
      return Math.sqrt(variance(numbers));
    case "logmin":
      return logMin(numbers);
    default:
      return null;
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}

function smallest(numbers: number[]): number {
  return numbers.reduce((least, value) => Math.min(least, value));
}

function largest(numbers: number[]): number {
  return numbers.reduce((most, value) => Math.max(most, value));
}

function quantile(numbers: number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] as number;
  const high = sorted[Math.ceil(place)] as number;
  return low + (high - low) * (place - Math.floor(place));
}

/** The growth of a counter, its resets left out. */
function delta(numbers: number[]): number {
  return numbers.slice(1).reduce((total, value, index) => {
    const before = numbers[index] as number;
    return total + (value >= before ? value - before : value);
  }, 0);
}

function steps(numbers: number[]): number | null {
  const gaps = numbers.slice(1).map((value, index) => value - (numbers[index] as number));
  const positive = gaps.filter((gap) => gap > 0);
  return positive.length > 0 ? smallest(positive) : null;
}

function variance(numbers: number[]): number {
  const mean = sum(numbers) / numbers.length;
  return sum(numbers.map((value) => (value - mean) ** 2)) / numbers.length;
}

function logMin(numbers: number[]): number | null {
  const positive = numbers.filter((value) => value > 0);
  return positive.length > 0 ? smallest(positive) : null;
}

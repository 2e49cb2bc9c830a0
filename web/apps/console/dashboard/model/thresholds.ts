/** Steps of colour by value. */
import { number, record, records, text } from "./json";

export interface ThresholdStep {
  /** Minus infinity for the first. */
  value: number;
  color: string;
}

export interface Thresholds {
  mode: "absolute" | "percentage";
  steps: ThresholdStep[];
}

export const NO_THRESHOLDS: Thresholds = {
  mode: "absolute",
  steps: [{ value: Number.NEGATIVE_INFINITY, color: "green" }],
};

export function readThresholds(value: unknown): Thresholds {
  const raw = record(value);
  const steps = records(raw.steps).map((step) => ({
    value: number(step.value) ?? Number.NEGATIVE_INFINITY,
    color: text(step.color, "green"),
  }));
  if (steps.length === 0) return NO_THRESHOLDS;
  steps.sort((a, b) => a.value - b.value);
  return { mode: raw.mode === "percentage" ? "percentage" : "absolute", steps };
}

/** The steps with values on the axis: percentages become values between `min` and `max`. */
export function absoluteSteps(thresholds: Thresholds, min: number, max: number): ThresholdStep[] {
  if (thresholds.mode === "absolute") return thresholds.steps;
  return thresholds.steps.map(({ value, color }) => ({ color, value: min + ((max - min) * value) / 100 }));
}

/** The step that a value has reached. */
export function activeStep(thresholds: Thresholds, value: number, min: number, max: number): ThresholdStep {
  const steps = absoluteSteps(thresholds, min, max);
  let active = steps[0] as ThresholdStep;
  for (const step of steps) if (value >= step.value) active = step;
  return active;
}

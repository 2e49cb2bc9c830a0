import { useNow as useTime } from "kit/common/use-now";
import { useWork } from "../work/context";

const EVERY = 15_000;

/** The corrected time, kept up while somebody looks. */
export const useNow = (): number => useTime(EVERY, useWork().now);

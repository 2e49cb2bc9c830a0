/** Which alert comes first, and which are meant. */

import type { Tone } from "kit/common/chip";
import type { Matcher, SentAlert } from "../api/alerting";
import type { Labels } from "../api/prometheus";

const SEVERITIES = ["critical", "warning"];

export function toneOf(severity: string | undefined): Tone {
  if (severity === "critical") return "bad";
  return severity === "warning" ? "warn" : "quiet";
}

function rank({ labels }: SentAlert): number {
  const place = SEVERITIES.indexOf(labels.severity ?? "");
  return place < 0 ? SEVERITIES.length : place;
}

/** What wakes somebody first, then what began last. */
export function byUrgency(a: SentAlert, b: SentAlert): number {
  return rank(a) - rank(b) || Date.parse(b.startsAt) - Date.parse(a.startsAt);
}

/** Whether an alert is one that always fires, to show that alerts arrive. */
export function isWatchdog({ labels }: { labels: Labels }): boolean {
  return labels.severity === "none";
}

/** Whether labels are what all matchers ask for. Alertmanager anchors its expressions, too. */
export function fits(labels: Labels, matchers: Matcher[]): boolean {
  return matchers.every(({ name, value, isRegex, isEqual }) => {
    const actual = labels[name] ?? "";
    return (isRegex ? isMatch(value, actual) : actual === value) === isEqual;
  });
}

/** The alerts that are asked for, in order; and the Watchdogs, which tell of all whether they arrive. */
export function sortOut(
  alerts: SentAlert[],
  matchers: Matcher[],
): { shown: SentAlert[]; watchdogs: SentAlert[] } {
  return {
    shown: alerts.filter((alert) => !isWatchdog(alert) && fits(alert.labels, matchers)).sort(byUrgency),
    watchdogs: alerts.filter(isWatchdog),
  };
}

function isMatch(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return false;
  }
}

/** The part of a link to a dashboard that leads to it here, from whatever host the rule names. */
export function dashboardPath(url: string | undefined): string | null {
  if (!url) return null;
  try {
    const { pathname, search } = new URL(url);
    return pathname.startsWith("/d/") ? pathname + search : null;
  } catch {
    return null;
  }
}

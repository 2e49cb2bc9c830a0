/**
 * Stands in for `react-remove-scroll`, which Mantine's dialogs bring along: it locks the page's scrolling
 * with a `<style>` element, which the Content-Security-Policy refuses.
 */
import type { ReactNode } from "react";

export function RemoveScroll({ children }: { children?: ReactNode }) {
  return children;
}

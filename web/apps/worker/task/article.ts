import type { TaskLine } from "../work/work";

/** An article as people know it: its number, and what it is where that was said. */
export const articleOf = ({ sku, description }: Pick<TaskLine, "sku" | "description">): string =>
  description === "" ? sku : `${sku} · ${description}`;

import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { labelValues } from "../../api/prometheus";
import { readDashboard } from "../model/dashboard";
import { dependencyOrder } from "../model/variables";
import { type Loaded, Loader } from "./use-variables";

const { variables } = readDashboard({
  panels: [],
  templating: {
    list: [
      { name: "service", type: "query", query: "label_values(up, service)", includeAll: true },
      { name: "instance", type: "query", query: 'label_values(up{service=~"$service"}, instance)' },
    ],
  },
});

vi.mock("../../api/prometheus");
afterEach(() => vi.resetAllMocks());

async function load(before: Map<string, Loaded>): Promise<{ found: Map<string, Loaded>; asked: string[] }> {
  const asked: string[] = [];
  vi.mocked(labelValues).mockImplementation((_, matcher) => {
    asked.push(matcher ?? "");
    return Promise.reject(new TypeError("away"));
  });
  const found = new Map<string, Loaded>();
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const range = { start: 0, end: 60 };
  const loader = new Loader(
    client,
    dependencyOrder(variables),
    { service: ["$__all"] },
    range,
    before,
    new AbortController().signal,
  );
  await loader.run((name, loaded) => found.set(name, loaded));
  return { found, asked };
}

test("what was known stays where a question fails, also for those that need it", async () => {
  const options = [{ text: "orders", value: "orders" }];
  const { found, asked } = await load(new Map([["service", { options, error: null }]]));
  expect(found.get("service")).toEqual({ options, error: "away" });
  expect(asked.at(-1)).toContain('service=~"orders"');
});

test("where nothing was known, that is not taken for none", async () => {
  const { found, asked } = await load(new Map());
  expect(found.get("service")?.options).toBeNull();
  expect(found.get("instance")).toEqual({ options: null, error: "away" });
  expect(asked).toHaveLength(1);
});

import { useQuery } from "@tanstack/react-query";
import { ask } from "../session/current";
import type { Webhook } from "./integrations";

/** All webhooks, and how it goes with them. */
export function useWebhooks() {
  return useQuery({
    queryKey: ["webhooks"],
    queryFn: ({ signal }) => ask<Webhook[]>("/api/webhooks", { signal }),
    refetchInterval: 10_000,
  });
}

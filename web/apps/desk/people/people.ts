/** The people who may log in, as administrators see them. */
import { useQuery } from "@tanstack/react-query";
import type { Colleague } from "../api/types";
import { ask } from "../session/current";
import type { Role } from "../session/session";

export const ROLES = ["worker", "supervisor", "manager", "admin"] as const satisfies readonly Role[];
export const FEWEST_LETTERS = 12;
/** What a name is made of; the gateway says the same. */
export const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;

export interface User {
  username: string;
  role: Role;
  active: boolean;
}

export interface Worker extends Colleague {
  has_pin: boolean;
  has_badge: boolean;
}

export interface OpenLogin {
  login_id: string;
  method: "password" | "pin" | "badge";
  device: string | null;
  renewed_at: string | null;
  ends_at: string;
}

export interface Somebody extends User {
  has_pin: boolean;
  has_badge: boolean;
}

/** Everybody by name, those who may not log in any more included. */
export function usePeople() {
  return useQuery({
    queryKey: ["people"],
    queryFn: async ({ signal }): Promise<Somebody[]> => {
      const [users, workers] = await Promise.all([
        ask<User[]>("/api/users", { signal }),
        ask<Worker[]>("/api/workers", { signal }),
      ]);
      const found = new Map(workers.map((worker) => [worker.username, worker]));
      return users.map((user) => {
        const { has_pin = false, has_badge = false } = found.get(user.username) ?? {};
        return { ...user, has_pin, has_badge };
      });
    },
  });
}

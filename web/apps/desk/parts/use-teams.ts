import { useQuery } from "@tanstack/react-query";
import type { Page, Shift, Team } from "../api/types";
import { ask } from "../session/current";

/** More than there may be, so that one page is all of them. */
const ALL = 500;

/** All teams, as they are now. */
export const useTeams = () => useAll<Team>("teams");

/** All shifts, as they are now. */
export const useShifts = () => useAll<Shift>("shifts");

function useAll<T>(name: "teams" | "shifts") {
  return useQuery({
    queryKey: [name],
    queryFn: async ({ signal }) => (await ask<Page<T>>(`/api/${name}?limit=${ALL}`, { signal })).items,
    staleTime: 60_000,
  });
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { formatTime } from "kit/common/calendar";
import { useState } from "react";
import { useLocation } from "wouter";
import { type Matcher, type Silence, saveSilence } from "../api/alerting";
import { momentOf } from "./end-field";

export const SILENCES = "/alerts?view=silences";
const AUTHOR_KEY = "magacin-author";

/** What is typed into the form of a silence. */
export interface Draft {
  matchers: Matcher[];
  end: string;
  author: string;
  comment: string;
}

/** What is typed; it begins with what is known of a silence, and with its end where it is `changed`. */
export function useDraft(known: Silence | null, changed: Silence | null, matchers: Matcher[]) {
  const [draft, setDraft] = useState<Draft>(() => ({
    matchers,
    end: changed ? formatTime(Date.parse(changed.endsAt)) : "now+2h",
    author: known?.createdBy ?? localStorage.getItem(AUTHOR_KEY) ?? "",
    comment: known?.comment ?? "",
  }));
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  return [draft, change] as const;
}

/** Save a silence, in the place of the one that it changes if there is one, and go to the others. */
export function useSave(changed: Silence | null) {
  const client = useQueryClient();
  const [, go] = useLocation();
  return useMutation({
    mutationFn: ({ matchers, end, author, comment }: Draft) =>
      saveSilence({
        ...(changed && { id: changed.id }),
        matchers,
        startsAt: changed?.startsAt ?? new Date().toISOString(),
        endsAt: new Date(momentOf(end) ?? 0).toISOString(),
        createdBy: author.trim(),
        comment: comment.trim(),
      }),
    onSuccess: async (_, { author }) => {
      localStorage.setItem(AUTHOR_KEY, author.trim());
      await client.invalidateQueries({ queryKey: ["alertmanager"] });
      go(SILENCES);
    },
  });
}

import { NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Colleague } from "../api/types";
import { t } from "../i18n";
import { ask } from "../session/current";

interface Props {
  /** Nothing is everybody. */
  value: string | null;
  onChange: (worker: string | null) => void;
}

/** Whose work a list is of. */
export function WorkerSelect({ value, onChange }: Props) {
  const people = useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => ask<Colleague[]>("/api/workers", { signal }),
    staleTime: 60_000,
  });
  return (
    <NativeSelect
      label={t("column.worker")}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      data={[
        { value: "", label: t("board.everybody") },
        ...(people.data ?? []).map(({ username }) => ({ value: username, label: username })),
      ]}
    />
  );
}

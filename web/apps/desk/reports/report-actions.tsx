import { Button } from "@mantine/core";
import type { Report } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { download } from "../session/current";

interface Props {
  /** Which days, and whose. */
  query: string;
  report: Report | undefined;
  onPrint: () => Promise<void>;
}

/** All rows as a file, and what is shown on paper. */
export function ReportActions({ query, report, onPrint }: Props) {
  const { busy, error, run } = useAction();
  const save = (ending: string) => async () => {
    if (!report) return;
    const { by, first_day, last_day } = report;
    const name = `report-by-${by}-${first_day}-${last_day}.${ending}`;
    await download(`/api/reports/${by}/report.${ending}?${query}`, name);
  };
  const actions = [
    ["CSV", save("csv")],
    ["XLSX", save("xlsx")],
    [t("reports.print"), onPrint],
  ] as const;
  return (
    <>
      {actions.map(([name, action]) => (
        <Button
          key={name}
          size="xs"
          variant="default"
          disabled={busy || !report}
          onClick={() => void run(action)}
        >
          {name}
        </Button>
      ))}
      <Trouble error={error} />
    </>
  );
}

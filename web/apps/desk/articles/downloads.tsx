import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { download } from "../session/current";

/** All of a kind as a file, the way to import one, and that to the other kind. */
export function Downloads({ kind, children }: { kind: "articles" | "locations"; children: ReactNode }) {
  const { busy, error, run } = useAction();
  const save = (ending: string) =>
    void run(() => download(`/api/master-data/${kind}.${ending}`, `${kind}.${ending}`));
  return (
    <>
      {children}
      <Link href={`/${kind}/import`}>{t("subject.file")}</Link>
      <span>{t("subject.export")}</span>
      <Button size="xs" variant="default" disabled={busy} onClick={() => save("csv")}>
        CSV
      </Button>
      <Button size="xs" variant="default" disabled={busy} onClick={() => save("xlsx")}>
        XLSX
      </Button>
      <Trouble error={error} />
    </>
  );
}

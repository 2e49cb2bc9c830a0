import { Button, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { StateChip } from "kit/common/chip";
import table from "kit/common/table.module.css";
import { useNow } from "kit/common/use-now";
import { LANGUAGE_NAMES, LANGUAGES } from "kit/i18n/language";
import { Page, PageLoading } from "kit/shell/page";
import { useState } from "react";
import type { Screen } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { When } from "../parts/when";
import { ask } from "../session/current";
import { PairForm } from "./pair-form";

/** The screens on the walls: bringing one in by the code that it shows, and ending it. */
export default function ScreensPage() {
  const screens = useQuery({
    queryKey: ["screens"],
    queryFn: ({ signal }) => ask<Screen[]>("/api/screens", { signal }),
    refetchInterval: 30_000,
  });
  const [paired, setPaired] = useState<string | null>(null);
  const found = screens.data?.toSorted((one, other) => Number(other.active) - Number(one.active));
  return (
    <Page title={t("screens.title")}>
      <PairForm
        onDone={(name) => {
          setPaired(name);
          void screens.refetch();
        }}
      />
      <p role="status">{paired && t("screens.paired", { name: paired })}</p>
      <Trouble error={screens.error} />
      {!found && !screens.error && <PageLoading />}
      {found?.length === 0 && <p className={calm.calm}>{t("screens.none")}</p>}
      {found && found.length > 0 && <Screens screens={found} onEnded={() => void screens.refetch()} />}
    </Page>
  );
}

interface ScreensProps {
  screens: Screen[];
  onEnded: () => void;
}

function Screens({ screens, onEnded }: ScreensProps) {
  const now = useNow(15_000);
  const [ending, setEnding] = useState<Screen | null>(null);
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>{t("screens.name")}</th>
            <th>{t("screens.last_contact")}</th>
            <th>{t("screens.language")}</th>
            <th>{t("screens.dimmed")}</th>
            <th>{t("screens.paired_by")}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {screens.map((screen) => (
            <Row key={screen.screen_id} screen={screen} now={now} onEnd={() => setEnding(screen)} />
          ))}
        </tbody>
      </table>
      {ending && <EndDialog screen={ending} onDone={onEnded} onClose={() => setEnding(null)} />}
    </div>
  );
}

interface RowProps {
  screen: Screen;
  now: number;
  onEnd: () => void;
}

function Row({ screen, now, onEnd }: RowProps) {
  const { name, last_contact_at, language, dim_from, dim_until, paired_by, paired_at, active } = screen;
  const spoken = LANGUAGES.find((one) => one === language);
  return (
    <tr>
      <td>
        <b>{name}</b>
      </td>
      <td>{last_contact_at ? <When at={last_contact_at} now={now} /> : t("screens.not_yet")}</td>
      <td>{spoken ? LANGUAGE_NAMES[spoken] : language}</td>
      <td>
        {dim_from === null ? t("screens.never") : t("screens.hours", { from: dim_from, until: dim_until })}
      </td>
      <td>
        {paired_by}, <When at={paired_at} now={now} />
      </td>
      <td>
        {active ? (
          <Button size="xs" variant="default" onClick={onEnd}>
            {t("screens.end")}
          </Button>
        ) : (
          <StateChip tone="quiet">{t("screens.ended")}</StateChip>
        )}
      </td>
    </tr>
  );
}

interface EndProps {
  screen: Screen;
  onDone: () => void;
  onClose: () => void;
}

function EndDialog({ screen: { screen_id, name }, onDone, onClose }: EndProps) {
  const { busy, error, run } = useAction();
  const end = () =>
    run(async () => {
      await ask(`/api/screens/${screen_id}`, { method: "DELETE" });
      onDone();
      onClose();
    });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("screens.end_title", { name })}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      <p>{t("screens.end_means")}</p>
      <Button color="red" loading={busy} onClick={() => void end()} data-autofocus>
        {t("screens.end")}
      </Button>
    </Modal>
  );
}

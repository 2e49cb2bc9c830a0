import { Button, Checkbox, Modal, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { language } from "kit/i18n/language";
import { useState } from "react";
import type { Colleague } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { ask, download, usePerson } from "../session/current";
import classes from "./prints.module.css";

const SHEETS = { "a4-2x5": "sheet", single: "single" } as const;
type Sheet = keyof typeof SHEETS;

/** New badges: for workers, and by administrators for everybody. */
export function BadgesForm() {
  const person = usePerson();
  const people = useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => ask<(Colleague & { has_badge: boolean })[]>("/api/workers", { signal }),
  });
  const [chosen, setChosen] = useState<string[]>([]);
  const [sheet, setSheet] = useState<Sheet>("a4-2x5");
  const [isAsking, setAsking] = useState(false);
  const mine = (people.data ?? []).filter(({ role }) => person?.role === "admin" || role === "worker");
  return (
    <section className={admin.section}>
      <h2>{t("prints.badges")}</h2>
      <p className={classes.means}>{t("prints.badges_mean")}</p>
      <Trouble error={people.error} />
      <div className={classes.form}>
        <fieldset className={classes.people}>
          <legend>{t("prints.people")}</legend>
          {mine.map(({ username, has_badge }) => (
            <Checkbox
              key={username}
              label={has_badge ? `${username} (${t("prints.has")})` : username}
              checked={chosen.includes(username)}
              onChange={(event) => {
                const isChosen = event.currentTarget.checked;
                setChosen((names) =>
                  isChosen ? [...names, username] : names.filter((name) => name !== username),
                );
              }}
            />
          ))}
        </fieldset>
        <NativeSelect
          label={t("prints.sheet")}
          value={sheet}
          onChange={(event) => setSheet(event.currentTarget.value as Sheet)}
          data={Object.entries(SHEETS).map(([value, name]) => ({
            value,
            label: t(`prints.badge_sheet.${name}`),
          }))}
        />
        <Button disabled={chosen.length === 0} onClick={() => setAsking(true)}>
          {t("prints.badges_make")}
        </Button>
      </div>
      {isAsking && (
        <SureDialog
          names={chosen}
          sheet={sheet}
          onDone={() => {
            setChosen([]);
            void people.refetch();
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

interface SureProps {
  names: string[];
  sheet: Sheet;
  onDone: () => void;
  onClose: () => void;
}

function SureDialog({ names, sheet, onDone, onClose }: SureProps) {
  const { busy, error, run } = useAction();
  const make = () =>
    run(async () => {
      await download("/api/prints/badges.pdf", "badges.pdf", {
        usernames: names,
        sheet,
        language: language(),
      });
      onDone();
      onClose();
    });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("prints.sure", { names: names.join(", ") })}
      closeButtonProps={{ "aria-label": t("app.close") }}
      transitionProps={{ duration: 0 }}
    >
      <Trouble error={error} />
      <p>{t("prints.sure_means")}</p>
      <Button loading={busy} onClick={() => void make()} data-autofocus>
        {t("prints.badges_make")}
      </Button>
    </Modal>
  );
}

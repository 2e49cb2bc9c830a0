import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { ApiError } from "kit/api/client";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { download } from "../session/current";
import classes from "./prints.module.css";

/** What they are called here, by how the server calls them. */
const SHEETS = {
  "a4-3x8": "full",
  "a4-3x8-gaps": "gaps",
  "a4-2x7": "wide",
  "single-100x50": "large",
  "single-70x37": "small",
} as const;
const SYMBOLS = { both: "both", code128: "bars", datamatrix: "squares" } as const;
type Symbols = keyof typeof SYMBOLS;
type Sheet = keyof typeof SHEETS;

/** Labels of all locations, of a zone or an aisle, or of those that are named. */
export function LabelsForm() {
  const { busy, error, run } = useAction();
  const [zone, setZone] = useState("");
  const [aisle, setAisle] = useState("");
  const [codes, setCodes] = useState("");
  const [symbols, setSymbols] = useState<Symbols>("both");
  const [sheet, setSheet] = useState<Sheet>("a4-3x8");
  const [skip, setSkip] = useState(0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const query = new URLSearchParams({ symbols, sheet, skip: String(skip) });
    if (zone.trim()) query.set("zone", zone.trim());
    if (aisle.trim()) query.set("aisle", aisle.trim());
    for (const code of codes.split(",")) if (code.trim()) query.append("code", code.trim());
    void run(() => download(`/api/prints/location-labels.pdf?${query}`, "location-labels.pdf"));
  };
  return (
    <section className={admin.section}>
      <h2>{t("prints.labels")}</h2>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={t("prints.zone")}
          value={zone}
          maxLength={64}
          onChange={(event) => setZone(event.currentTarget.value)}
        />
        <TextInput
          label={t("prints.aisle")}
          value={aisle}
          maxLength={64}
          onChange={(event) => setAisle(event.currentTarget.value)}
        />
        <TextInput
          className={classes.codes}
          label={t("prints.codes")}
          placeholder={t("prints.codes_mean")}
          value={codes}
          onChange={(event) => setCodes(event.currentTarget.value)}
        />
        <NativeSelect
          label={t("prints.symbols")}
          value={symbols}
          onChange={(event) => setSymbols(event.currentTarget.value as Symbols)}
          data={Object.entries(SYMBOLS).map(([value, name]) => ({
            value,
            label: t(`prints.symbol.${name}`),
          }))}
        />
        <NativeSelect
          label={t("prints.sheet")}
          value={sheet}
          onChange={(event) => setSheet(event.currentTarget.value as Sheet)}
          data={Object.entries(SHEETS).map(([value, name]) => ({
            value,
            label: t(`prints.label_sheet.${name}`),
          }))}
        />
        {sheet.startsWith("a4") && (
          <NumberInput
            label={t("prints.skip")}
            value={skip}
            min={0}
            max={23}
            allowDecimal={false}
            onChange={(value) => setSkip(Number(value) || 0)}
          />
        )}
        <Button type="submit" loading={busy}>
          {t("prints.make")}
        </Button>
      </form>
      <Trouble error={error} />
      <Unprintable error={error} />
    </section>
  );
}

function Unprintable({ error }: { error: unknown }) {
  const details = error instanceof ApiError ? error.details : null;
  if (typeof details !== "object" || details === null || !("codes" in details)) return null;
  const codes = details.codes;
  if (!Array.isArray(codes) || codes.length === 0) return null;
  return <p>{t("prints.cannot", { codes: codes.slice(0, 10).join(", ") })}</p>;
}

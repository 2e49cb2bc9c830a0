import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import table from "kit/common/table.module.css";
import { number } from "kit/i18n/format";
import { PageLoading } from "kit/shell/page";
import { useState } from "react";
import type { Difference, ImportJob, Preview, Profile, Subject } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { Figures } from "./figures";
import { aboutWords } from "./held";
import classes from "./imports.module.css";
import { MappingForm } from "./mapping-form";
import { RejectsTable } from "./rejects-table";
import { MEANINGS, type Options, preview, send, usual } from "./upload";

interface Props {
  file: File;
  subject: Subject;
  onSent: (job: ImportJob) => void;
  onDiscard: () => void;
}

/** What a file would come to, and whether to import it. */
export function PreviewCard({ file, subject, onSent, onDiscard }: Props) {
  const [options, setOptions] = useState(() => usual(subject));
  // Whether tasks are made of the orders changes nothing of what the file comes to.
  const { release: _, ...reading } = options;
  const seen = useQuery({
    queryKey: ["preview", file.name, file.size, file.lastModified, reading],
    queryFn: ({ signal }) => preview(file, options, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const profiles = useProfiles();
  const { busy, error, run } = useAction();
  const confirm = () => run(async () => onSent(await send(file, options)));
  const isGood = seen.data !== undefined && !seen.data.error && !seen.isFetching;
  return (
    <section className={classes.card} aria-label={t("preview.title", { name: file.name })}>
      <h2>{t("preview.title", { name: file.name })}</h2>
      <ReadingOptions options={options} profiles={profiles} onChange={setOptions} />
      <Trouble error={seen.error ?? error} />
      {seen.isFetching && <PageLoading />}
      {seen.data && !seen.isFetching && (
        <>
          <MappingForm seen={seen.data} options={options} profiles={profiles} onChange={setOptions} />
          <Found preview={seen.data} subject={subject} />
        </>
      )}
      <div className={classes.buttons}>
        <Button loading={busy} disabled={!isGood} onClick={() => void confirm()}>
          {t("preview.import")}
        </Button>
        <Button variant="default" disabled={busy} onClick={onDiscard}>
          {t("preview.discard")}
        </Button>
      </div>
    </section>
  );
}

const SWITCHES = ["release", "partial", "replace"] as const;

function useProfiles(): Profile[] {
  const profiles = useQuery({
    queryKey: ["import-profiles"],
    queryFn: ({ signal }) => ask<Profile[]>("/api/import-profiles", { signal }),
    staleTime: 60_000,
  });
  return profiles.data ?? [];
}

interface OptionsProps {
  options: Options;
  profiles: Profile[];
  onChange: (options: Options) => void;
}

function ReadingOptions({ options, profiles, onChange }: OptionsProps) {
  return (
    <div className={classes.options}>
      <NativeSelect
        label={t("preview.profile")}
        value={options.profile}
        onChange={(event) => onChange({ ...options, profile: event.currentTarget.value })}
        data={[
          { value: "", label: t("preview.recognise") },
          ...profiles
            .filter(({ subject }) => subject === options.subject)
            .map(({ name }) => ({ value: name, label: name })),
        ]}
      />
      {(options.subject === "orders" ? SWITCHES : []).map((name) => (
        <Checkbox
          key={name}
          label={t(`preview.${name}`)}
          checked={options[name]}
          onChange={(event) => onChange({ ...options, [name]: event.currentTarget.checked })}
        />
      ))}
    </div>
  );
}

function Found({ preview, subject }: { preview: Preview; subject: Subject }) {
  const { error, counts, notes, rejects, duplicates, held_back, rows, format, encoding } = preview;
  const differing = duplicates?.filter(({ differences }) => differences.length > 0) ?? [];
  return (
    <>
      {error && <Trouble error={new Error(error)}>{t("preview.nothing_is_imported")}</Trouble>}
      <Figures counts={counts} subject={subject} />
      <p>{[format, encoding].filter(Boolean).join(" · ")}</p>
      {notes.length > 0 && (
        <ul className={classes.notes} aria-label={t("preview.notes")}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {rejects.length > 0 && (
        <>
          <h3>{t("preview.rejects", { count: counts.rows_rejected })}</h3>
          <RejectsTable rejects={rejects} subject={subject} />
        </>
      )}
      {held_back.length > 0 && (
        <p>
          {t("preview.held_back", { count: counts.requisitions_held_back, numbers: held_back.join(", ") })}
        </p>
      )}
      {duplicates === null && <p role="status">{t("preview.duplicates_unknown")}</p>}
      {duplicates !== null && duplicates.length > differing.length && (
        <p>{t("preview.same", { count: duplicates.length - differing.length })}</p>
      )}
      {differing.length > 0 && <Differing duplicates={differing} />}
      {rows.length > 0 && <FirstRows rows={rows} />}
      {preview.records.length > 0 && <FirstRecords records={preview.records} subject={subject} />}
    </>
  );
}

function Differing({ duplicates }: { duplicates: NonNullable<Preview["duplicates"]> }) {
  return (
    <>
      <h3>{t("preview.differing", { count: duplicates.length })}</h3>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>{t("column.order")}</th>
              <th>{t("preview.differences")}</th>
            </tr>
          </thead>
          <tbody>
            {duplicates.map(({ number: name, differences, message }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {differences.map((one) => (
                    <span key={`${one.change} ${one.sku}`} className={classes.difference}>
                      {differenceWords(one)}
                    </span>
                  ))}
                  {message}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function differenceWords(difference: Difference): string {
  return `${aboutWords(difference)}: ${difference.before ?? "–"} → ${difference.after ?? "–"}`;
}

function FirstRows({ rows }: Pick<Preview, "rows">) {
  return (
    <details>
      <summary>{t("preview.rows", { count: rows.length })}</summary>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>{t("column.row")}</th>
              <th>{t("column.order")}</th>
              <th>{t("column.article")}</th>
              <th>{t("column.required")}</th>
              <th>{t("column.destination")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one) => (
              <tr key={one.row}>
                <td className={table.number}>{one.row}</td>
                <td>{one.requisition}</td>
                <td>
                  <b>{one.sku}</b> {one.description}
                </td>
                <td className={table.number}>{number(one.quantity)}</td>
                <td>{one.destination}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function FirstRecords({ records, subject }: { records: Preview["records"]; subject: Subject }) {
  return (
    <details>
      <summary>{t("preview.rows", { count: records.length })}</summary>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>{t("column.row")}</th>
              {MEANINGS[subject].map((meaning) => (
                <th key={meaning}>{t(`meaning.${meaning}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {records.map(({ row, cells }) => (
              <tr key={row}>
                <td className={table.number}>{row}</td>
                {MEANINGS[subject].map((meaning) => (
                  <td key={meaning}>{cells[meaning]}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

import { Button, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import table from "kit/common/table.module.css";
import { number } from "kit/i18n/format";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { type Article, LEVELS, type Level, type Pack, packOf, pathOf } from "./articles";

interface Props {
  article: Article;
  onDone: (what: string) => void;
}

/** What an article is scanned by, and how many pieces each of it counts. */
export function Barcodes({ article, onDone }: Props) {
  const { error, run } = useAction();
  const [changing, setChanging] = useState<Pack | null>(null);
  const path = `${pathOf(article.sku)}/barcodes`;
  const remove = (code: string) =>
    void run(async () => {
      await ask(`${path}/${encodeURIComponent(code)}`, { method: "DELETE" });
      onDone(t("articles.barcode_removed", { code }));
    });
  const add = async (pack: Pack) => {
    await ask(path, { method: "POST", json: pack });
    onDone(t("articles.barcode_added", { code: pack.code }));
  };
  const change = async ({ code, ...json }: Pack) => {
    await ask(`${path}/${encodeURIComponent(code)}`, { method: "PUT", json });
    setChanging(null);
    onDone(t("articles.barcode_changed", { code }));
  };
  return (
    <section className={admin.section}>
      <h2>{t("articles.barcodes")}</h2>
      <Trouble error={error} />
      {article.barcodes.length === 0 && <p>{t("articles.no_barcodes")}</p>}
      {article.barcodes.length > 0 && (
        <div className={table.scroll}>
          <table className={`${table.table} ${table.lined}`}>
            <thead>
              <tr>
                <th>{t("column.code")}</th>
                <th>{t("attach.pieces")}</th>
                <th>{t("articles.level")}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {article.barcodes
                .map((code) => packOf(article, code))
                .map((pack) => (
                  <tr key={pack.code}>
                    <td className={admin.code}>{pack.code}</td>
                    <td className={table.number}>{number(pack.pieces)}</td>
                    <td>{t(`level.${pack.level}`)}</td>
                    <td className={admin.end}>
                      <Button size="xs" variant="default" onClick={() => setChanging(pack)}>
                        {t("articles.change")}
                      </Button>{" "}
                      <Button size="xs" variant="default" onClick={() => remove(pack.code)}>
                        {t("articles.remove")}
                      </Button>
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
      {changing ? (
        <PackForm
          key={`change ${changing.code}`}
          of={changing}
          onSend={change}
          onCancel={() => setChanging(null)}
        />
      ) : (
        <PackForm key={`add ${article.barcodes.length}`} onSend={add} />
      )}
    </section>
  );
}

interface FormProps {
  /** The barcode that is there; none of a new one. */
  of?: Pack;
  onSend: (pack: Pack) => Promise<void>;
  onCancel?: () => void;
}

function PackForm({ of, onSend, onCancel }: FormProps) {
  const { busy, error, run } = useAction();
  const [code, setCode] = useState(of?.code ?? "");
  const [pieces, setPieces] = useState<number | string>(of?.pieces ?? 1);
  const [level, setLevel] = useState<Level>(of?.level ?? "each");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(() => onSend({ code: code.trim(), pieces: Number(pieces), level }));
  };
  return (
    <form className={admin.form} onSubmit={submit}>
      <TextInput
        label={of ? t("column.code") : t("articles.new_barcode")}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        readOnly={of !== undefined}
        autoComplete="off"
        maxLength={48}
      />
      <NumberInput
        label={t("attach.pieces")}
        value={pieces}
        onChange={setPieces}
        autoFocus={of !== undefined}
        min={1}
        max={1_000_000}
        allowDecimal={false}
        hideControls
        w={110}
      />
      <NativeSelect
        label={t("articles.level")}
        value={level}
        onChange={(event) => setLevel(event.currentTarget.value as Level)}
        data={LEVELS.map((value) => ({ value, label: t(`level.${value}`) }))}
      />
      <Button type="submit" variant="default" loading={busy} disabled={code.trim() === "" || pieces === ""}>
        {of ? t("articles.save") : t("articles.add")}
      </Button>
      {onCancel && (
        <Button variant="subtle" onClick={onCancel}>
          {t("app.close")}
        </Button>
      )}
      <div className={admin.trouble}>
        <Trouble error={error} />
      </div>
    </form>
  );
}

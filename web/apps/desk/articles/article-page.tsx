import { Button, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Page, PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { type Article, type Location, pathOf } from "./articles";
import { Barcodes } from "./barcodes";

/** One article: what it is called, what it is scanned by, where it lies. */
export default function ArticlePage() {
  const [search] = useSearchParams();
  const sku = search.get("sku") ?? "";
  const article = useQuery({
    queryKey: ["article", sku],
    queryFn: ({ signal }) => ask<Article>(pathOf(sku), { signal }),
    enabled: sku !== "",
    retry: false,
  });
  return (
    <Page title={sku} actions={<Link href="/articles">{t("articles.title")}</Link>}>
      <Trouble error={article.error} />
      {article.isLoading && <PageLoading />}
      {article.data && (
        <Everything key={sku} article={article.data} onChanged={() => void article.refetch()} />
      )}
    </Page>
  );
}

interface Props {
  article: Article;
  onChanged: () => void;
}

function Everything({ article, onChanged }: Props) {
  const [said, setSaid] = useState("");
  const done = (what: string) => {
    setSaid(what);
    onChanged();
  };
  return (
    <>
      <p role="status">{said}</p>
      <div className={admin.cards}>
        <Description article={article} onDone={done} />
        <Places sku={article.sku} onDone={setSaid} />
      </div>
      <Barcodes article={article} onDone={done} />
    </>
  );
}

function Description({ article, onDone }: { article: Article; onDone: (what: string) => void }) {
  const { busy, error, run } = useAction();
  const [description, setDescription] = useState(article.description);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const json = { description: description.trim() };
      await ask(pathOf(article.sku), { method: "PUT", json });
      onDone(t("articles.saved"));
    });
  };
  return (
    <section className={admin.card}>
      <h2>{t("articles.description")}</h2>
      <form onSubmit={submit}>
        <TextInput
          label={t("articles.called")}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          maxLength={200}
        />
        <Button
          type="submit"
          variant="default"
          loading={busy}
          disabled={description.trim() === article.description}
        >
          {t("articles.save")}
        </Button>
      </form>
      <Trouble error={error} />
    </section>
  );
}

function Places({ sku, onDone }: { sku: string; onDone: (what: string) => void }) {
  const path = `${pathOf(sku)}/locations`;
  const places = useQuery({
    queryKey: ["article", sku, "places"],
    queryFn: ({ signal }) => ask<{ locations: Location[] }>(path, { signal }),
  });
  const { error, run } = useAction();
  const [code, setCode] = useState("");
  const codes = places.data?.locations.map((one) => one.code) ?? [];
  const put = (locations: string[], said: string) =>
    void run(async () => {
      await ask(path, { method: "PUT", json: { locations } });
      setCode("");
      onDone(said);
      await places.refetch();
    });
  const add = (event: FormEvent) => {
    event.preventDefault();
    put([...codes, code.trim()], t("articles.placed", { code: code.trim() }));
  };
  return (
    <section className={admin.card}>
      <h2>{t("articles.places")}</h2>
      {places.data && codes.length === 0 && <p>{t("articles.nowhere")}</p>}
      {codes.map((one) => (
        <div key={one} className={admin.buttons}>
          <b>{one}</b>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t("articles.take_away", { code: one })}
            onClick={() =>
              put(
                codes.filter((other) => other !== one),
                t("articles.taken_away", { code: one }),
              )
            }
          >
            {t("articles.remove")}
          </Button>
        </div>
      ))}
      <form onSubmit={add}>
        <TextInput
          label={t("articles.another_place")}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="off"
          maxLength={32}
        />
        <Button type="submit" variant="default" disabled={code.trim() === "" || !places.data}>
          {t("articles.put_there")}
        </Button>
      </form>
      <Trouble error={places.error ?? error} />
    </section>
  );
}

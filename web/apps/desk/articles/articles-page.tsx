import { Button, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import calm from "kit/common/calm.module.css";
import { changeUrl } from "kit/common/change-url";
import table from "kit/common/table.module.css";
import { Page, PageLoading } from "kit/shell/page";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import type { Page as ListPage } from "../api/types";
import { t } from "../i18n";
import { useAction } from "../parts/action";
import admin from "../parts/admin.module.css";
import { More } from "../parts/more";
import { Trouble } from "../parts/trouble";
import { ask } from "../session/current";
import { type Article, packOf, pageOf, pathOf } from "./articles";
import { Downloads } from "./downloads";
import { SearchForm } from "./search-form";

/** The articles with their barcodes: found, and the way to each of them. */
export default function ArticlesPage() {
  const [search, setSearch] = useSearchParams();
  const query = search.get("query") ?? "";
  const articles = useInfiniteQuery({
    queryKey: ["articles", query],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams({ query, after: String(pageParam) });
      return ask<ListPage<Article>>(`/api/articles?${asked}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next_after }) => next_after,
  });
  const found = articles.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Page
      title={t("articles.title")}
      actions={
        <Downloads kind="articles">
          <Link href="/locations">{t("locations.title")}</Link>
        </Downloads>
      }
    >
      <SearchForm
        key={query}
        label={t("articles.search")}
        query={query}
        onSearch={(wanted) => setSearch(changeUrl(search, { query: wanted || null }), { replace: true })}
      />
      <Trouble error={articles.error} />
      {!articles.data && !articles.error && <PageLoading />}
      {articles.data && found.length === 0 && <p className={calm.calm}>{t("articles.none")}</p>}
      {found.length > 0 && <Articles articles={found} />}
      <More
        has={articles.hasNextPage}
        busy={articles.isFetchingNextPage}
        onMore={() => void articles.fetchNextPage()}
      />
      <NewArticle />
    </Page>
  );
}

function Articles({ articles }: { articles: Article[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>SKU</th>
            <th>{t("articles.description")}</th>
            <th>{t("articles.barcodes")}</th>
          </tr>
        </thead>
        <tbody>
          {articles.map((article) => (
            <tr key={article.sku}>
              <td>
                <Link href={pageOf(article.sku)}>{article.sku}</Link>
              </td>
              <td>{article.description}</td>
              <td className={admin.code}>
                {article.barcodes
                  .map((code) => packOf(article, code))
                  .map(({ code, pieces }) => (pieces > 1 ? `${code} × ${pieces}` : code))
                  .join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A new article; one that is there already is not described anew by mistake. */
function NewArticle() {
  const { busy, error, run } = useAction();
  const [, go] = useLocation();
  const [sku, setSku] = useState("");
  const [description, setDescription] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      const path = pathOf(sku.trim());
      const isThere = await ask<Article>(path).then(
        () => true,
        (reason) => {
          if (reason?.code === "article_not_found") return false;
          throw reason;
        },
      );
      if (!isThere) await ask(path, { method: "PUT", json: { description: description.trim() } });
      go(pageOf(sku.trim()));
    });
  };
  return (
    <section className={admin.section}>
      <h2>{t("articles.new")}</h2>
      <form className={admin.form} onSubmit={submit}>
        <TextInput
          label={t("articles.new_sku")}
          value={sku}
          onChange={(event) => setSku(event.currentTarget.value)}
          autoComplete="off"
          maxLength={64}
        />
        <TextInput
          label={t("articles.new_description")}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          maxLength={200}
        />
        <Button type="submit" variant="default" loading={busy} disabled={sku.trim() === ""}>
          {t("articles.create")}
        </Button>
        <div className={admin.trouble}>
          <Trouble error={error} />
        </div>
      </form>
    </section>
  );
}

import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { t } from "../i18n";
import filters from "../parts/filters.module.css";

interface Props {
  label: string;
  query: string;
  onSearch: (query: string) => void;
}

/** Asks for what a list is searched for. */
export function SearchForm({ label, query, onSearch }: Props) {
  const [written, setWritten] = useState(query);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(written.trim());
  };
  return (
    <search>
      <form className={filters.filters} onSubmit={submit}>
        <TextInput
          label={label}
          value={written}
          onChange={(event) => setWritten(event.currentTarget.value)}
          maxLength={100}
        />
        <Button type="submit" variant="default">
          {t("articles.find")}
        </Button>
      </form>
    </search>
  );
}

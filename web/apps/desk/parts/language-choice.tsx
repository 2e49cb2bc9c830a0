import { NativeSelect } from "@mantine/core";
import { LANGUAGE_NAMES, LANGUAGES, type Language, language } from "kit/i18n/language";
import { choose, t } from "../i18n";

export function LanguageChoice() {
  return (
    <NativeSelect
      label={t("app.language")}
      value={language()}
      onChange={(event) => void choose(event.currentTarget.value as Language)}
      data={LANGUAGES.map((one) => ({ value: one, label: LANGUAGE_NAMES[one] }))}
    />
  );
}

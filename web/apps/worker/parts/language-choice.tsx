import { LANGUAGE_NAMES, LANGUAGES, language } from "kit/i18n/language";
import { choose, t } from "../i18n";
import { Choice } from "./controls";

export function LanguageChoice() {
  return (
    <Choice
      name="language"
      legend={t("settings.language")}
      value={language()}
      onChange={(chosen) => void choose(chosen)}
      options={LANGUAGES.map((one) => [one, LANGUAGE_NAMES[one]] as const)}
    />
  );
}

/** What the application says, in the language that was chosen; one file a language. */
import { speaker } from "kit/i18n/language";
import en from "./en.json";

export const { speak, choose } = speaker(en, {
  "sr-Latn": () => import("./sr-Latn.json"),
  "sr-Cyrl": () => import("./sr-Cyrl.json"),
});

export { t } from "kit/i18n/language";

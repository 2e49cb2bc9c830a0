/** What the application says, in the language that was chosen; one file a language. */
import { speaker, t } from "kit/i18n/language";
import { words } from "kit/shell/words";
import en from "./en.json";

const speaking = speaker(en, {
  "sr-Latn": () => import("./sr-Latn.json"),
  "sr-Cyrl": () => import("./sr-Cyrl.json"),
});

/** Have everything said in a language from now on, by what all applications share as well. */
export async function speak(language: Parameters<typeof speaking.speak>[0]): Promise<void> {
  await speaking.speak(language);
  sayShared();
}

/** The same, and keep the choice. */
export async function choose(language: Parameters<typeof speaking.choose>[0]): Promise<void> {
  await speaking.choose(language);
  sayShared();
}

function sayShared(): void {
  words.loading = t("app.loading");
  words.broke = t("app.broken");
  words.again = t("app.try_again");
  words.anew = t("app.load_anew");
}

export { t };

/** The languages that people may choose between, and which one is spoken; what is said is each application's. */
import i18next from "i18next";
import { remember, remembered } from "../common/remember";
import { number } from "./format";

export const LANGUAGES = ["en", "sr-Latn", "sr-Cyrl"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each in its own words: whoever cannot read the present one finds theirs. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  en: "English",
  "sr-Latn": "Srpski",
  "sr-Cyrl": "Српски",
};

/** Where the choice is kept. */
const LANGUAGE_KEY = "magacin-language";

type Files = Record<Exclude<Language, "en">, () => Promise<{ default: object }>>;

/** The language that was chosen here, else the first of the browser's that there is. */
export function chosenLanguage(): Language {
  const wanted = [remembered(LANGUAGE_KEY), ...navigator.languages].map(spoken).find((one) => one !== null);
  return wanted ?? "en";
}

/**
 * What has an application speak. English comes with it, and says what the others have to say; they are fetched when
 * spoken.
 */
export function speaker(en: object, files: Files) {
  /** Have everything said in a language from now on. */
  async function speak(language: Language): Promise<void> {
    const words = language === "en" ? en : (await files[language]()).default;
    await i18next.init({
      lng: language,
      resources: { en: { translation: en }, [language]: { translation: words } },
      fallbackLng: "en",
      interpolation: { escapeValue: false },
    });
    // Its own makes a formatter for every number, which takes longer than all the rest of a sentence.
    i18next.services.formatter?.add("number", number);
    document.documentElement.lang = language;
  }
  /** Have everything said in a language from now on, and keep the choice. */
  async function choose(language: Language): Promise<void> {
    await speak(language);
    remember(LANGUAGE_KEY, language);
  }
  return { speak, choose };
}

/** Hear of another language; returns what ends that. */
export function onLanguage(listener: () => void): () => void {
  i18next.on("initialized", listener);
  i18next.on("languageChanged", listener);
  return () => {
    i18next.off("initialized", listener);
    i18next.off("languageChanged", listener);
  };
}

/** The language that is spoken. */
export const language = () => i18next.language as Language;

/** What stands under a key, with the values put in. */
export const t = i18next.t.bind(i18next);

function spoken(tag: string | null): Language | null {
  if (!tag) return null;
  const locale = new Intl.Locale(tag);
  if (locale.language === "en") return "en";
  // Croatian and Bosnian readers are nearer to Serbian than to English.
  if (["hr", "bs", "sh"].includes(locale.language)) return "sr-Latn";
  if (locale.language !== "sr") return null;
  return locale.maximize().script === "Latn" ? "sr-Latn" : "sr-Cyrl";
}

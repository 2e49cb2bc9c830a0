/**
 * What the wall says, in every language from the start: a page that stays for months would look for a file of the
 * build that it came from, which is gone by then.
 */
import { speaker } from "kit/i18n/language";
import en from "./en.json";
import cyrillic from "./sr-Cyrl.json";
import latin from "./sr-Latn.json";

export const { speak } = speaker(en, {
  "sr-Latn": () => Promise.resolve({ default: latin }),
  "sr-Cyrl": () => Promise.resolve({ default: cyrillic }),
});

export { t } from "kit/i18n/language";

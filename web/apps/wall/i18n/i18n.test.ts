import { join } from "node:path";
import { checkCode, checkFiles } from "kit/i18n/checks";
import en from "./en.json";
import cyrillic from "./sr-Cyrl.json";
import latin from "./sr-Latn.json";

checkFiles({ en, "sr-Latn": latin, "sr-Cyrl": cyrillic });
checkCode(join(import.meta.dirname, ".."), en);

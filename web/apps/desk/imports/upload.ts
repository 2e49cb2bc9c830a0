/** A file on its way: first to be looked at, then to be imported. */
import type { ImportJob, Preview, Subject } from "../api/types";
import { ask } from "../session/current";

/** What a column can mean, by what a file is about. */
export const MEANINGS = {
  orders: ["requisition", "sku", "quantity", "description", "barcode", "destination", "unit"],
  articles: ["sku", "description", "barcode", "pieces", "level"],
  locations: ["location", "zone", "aisle", "sequence"],
} as const satisfies Record<Subject, readonly string[]>;
export type Meaning = (typeof MEANINGS)[Subject][number];
export type Mapping = Partial<Record<Meaning, string>>;

export interface Options {
  subject: Subject;
  /** The name of a profile; none where everything is to be recognised. */
  profile: string;
  partial: boolean;
  release: boolean;
  replace: boolean;
  /** Which column has which meaning, where that was said; all else is recognised. */
  mapping: Mapping;
}

export const usual = (subject: Subject): Options => ({
  subject,
  profile: "",
  partial: false,
  release: false,
  replace: false,
  mapping: {},
});

const PATHS: Record<Subject, string> = {
  orders: "/api/imports",
  articles: "/api/imports/articles",
  locations: "/api/imports/locations",
};

function formOf(file: File, { subject, profile, mapping, ...switches }: Options): FormData {
  const form = new FormData();
  // Said first: the service reads a form as it comes.
  if (profile) form.append("profile", profile);
  form.append("mapping", JSON.stringify(mapping));
  if (subject === "orders") {
    for (const name of ["partial", "release", "replace"] as const) form.append(name, String(switches[name]));
  }
  form.append("file", file);
  return form;
}

/** What importing it would come to. Nothing changes. */
export function preview(file: File, options: Options, signal: AbortSignal): Promise<Preview> {
  const upload = formOf(file, options);
  return ask(`${PATHS[options.subject]}?preview=true`, { method: "POST", upload, signal });
}

/** Import it. The job goes on by itself from here. */
export function send(file: File, options: Options): Promise<ImportJob> {
  return ask(PATHS[options.subject], { method: "POST", upload: formOf(file, options) });
}

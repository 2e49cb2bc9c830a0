/** A file of orders on its way: first to be looked at, then to be imported. */
import type { ImportJob, Preview } from "../api/types";
import { ask } from "../session/current";

export interface Options {
  /** The name of a profile; none where everything is to be recognised. */
  profile: string;
  partial: boolean;
  release: boolean;
  replace: boolean;
}

export const USUAL: Options = { profile: "", partial: false, release: false, replace: false };

function formOf(file: File, { profile, partial, release, replace }: Options): FormData {
  const form = new FormData();
  // Said first: the service reads a form as it comes.
  if (profile) form.append("profile", profile);
  form.append("partial", String(partial));
  form.append("release", String(release));
  form.append("replace", String(replace));
  form.append("file", file);
  return form;
}

/** What importing it would come to. Nothing changes. */
export function preview(file: File, options: Options, signal: AbortSignal): Promise<Preview> {
  const upload = formOf(file, options);
  return ask("/api/imports?preview=true", { method: "POST", upload, signal });
}

/** Import it. The job goes on by itself from here. */
export function send(file: File, options: Options): Promise<ImportJob> {
  return ask("/api/imports", { method: "POST", upload: formOf(file, options) });
}

/** What the server says to a screen. */
import type { Language } from "kit/i18n/language";

export interface Tasks {
  tasks: number;
  pieces: number;
}

export interface Person {
  name: string;
  pieces: number;
  pieces_per_hour: number | null;
}

export interface Wall {
  at: string;
  time_zone: string;
  queue: Tasks;
  in_work: Tasks;
  late: number;
  will_be_late: number | null;
  today: { pieces: number; lines: number; tasks: number; pieces_per_hour: number | null };
  at_work: number;
  names: "none" | "initials" | "names";
  people: Person[];
  missing_since: string | null;
}

export interface Code {
  code: string;
  secret: string;
  seconds: number;
}

export interface Access {
  name: string;
  language: Language;
  dim_from: number | null;
  dim_until: number | null;
  access_token: string;
  expires_in: number;
}

import type { ReactNode } from "react";
import { Link as RouterLink } from "wouter";
import { useDashboard } from "../data/context";
import type { Link, Panel } from "../model/dashboard";
import { formatLabels, showText } from "../model/field-config";
import type { ShownField } from "../model/frames";
import { safeUrl } from "../model/url-state";

interface Props {
  link: Link;
  panel: Panel;
  field: ShownField;
  value: unknown;
  /** The other values of the row, by column. */
  row?: Record<string, unknown>;
  children: ReactNode;
}

/** A link of a value, with the value, its labels and the range of time filled in. */
export function DataLink({ link, panel, field, value, row = {}, children }: Props) {
  const { scheme, time, url, fillText, fillUrl } = useDashboard();
  const values: Record<string, string> = {
    "__value.raw": String(value ?? ""),
    "__value.text": showText(value, field, scheme, time.zone),
    "__value.numeric": String(value ?? ""),
    "__field.name": field.name,
    "__field.labels": formatLabels(field.labels),
    "__series.name": field.title,
    __url_time_range: `from=${url.from ?? time.raw.from}&to=${url.to ?? time.raw.to}`,
  };
  for (const [label, text] of Object.entries(field.labels)) values[`__field.labels.${label}`] = text;
  for (const [name, cell] of Object.entries(row)) values[`__data.fields.${name}`] = String(cell ?? "");
  const href = safeUrl(fillUrl(link.url, panel, values));
  if (!href) return children;
  return (
    <SafeLink href={href} newTab={link.targetBlank} title={fillText(link.title, panel)}>
      {children}
    </SafeLink>
  );
}

interface SafeLinkProps {
  href: string;
  newTab: boolean;
  title?: string;
  className?: string | undefined;
  children: ReactNode;
}

/** A link that stays in the console where it leads to a page of it. */
export function SafeLink({ href, newTab, title, className, children }: SafeLinkProps) {
  if (href.startsWith("/") && !href.startsWith("//") && !newTab) {
    return (
      <RouterLink href={href} title={title} className={className}>
        {children}
      </RouterLink>
    );
  }
  return (
    <a
      href={href}
      title={title}
      className={className}
      target={newTab ? "_blank" : undefined}
      rel="noopener noreferrer"
    >
      {children}
    </a>
  );
}

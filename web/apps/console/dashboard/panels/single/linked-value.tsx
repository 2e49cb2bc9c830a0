import type { ReactNode } from "react";
import type { Panel } from "../../model/dashboard";
import { DataLink } from "../data-link";
import type { SingleValue } from "./values";

/** A value that leads somewhere, where its field has a link. */
export function LinkedValue({
  value,
  panel,
  children,
}: {
  value: SingleValue;
  panel: Panel;
  children: ReactNode;
}) {
  const [link] = value.field.config.links;
  if (!link) return children;
  return (
    <DataLink link={link} panel={panel} field={value.field} value={value.value}>
      {children}
    </DataLink>
  );
}

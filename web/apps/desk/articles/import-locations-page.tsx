import { RecordsImport } from "./records-import";

/** Where a file of locations is imported. */
export default function ImportLocationsPage() {
  return <RecordsImport subject="locations" />;
}

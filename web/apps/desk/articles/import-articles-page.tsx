import { RecordsImport } from "./records-import";

/** Where a file of articles is imported. */
export default function ImportArticlesPage() {
  return <RecordsImport subject="articles" />;
}

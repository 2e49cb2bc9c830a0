import { Page } from "kit/shell/page";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { t } from "../i18n";
import { Drop } from "../imports/drop";
import { PreviewCard } from "../imports/preview-card";

/** A file of articles or of locations: looked at first, then imported. */
export function RecordsImport({ subject }: { subject: "articles" | "locations" }) {
  const [file, setFile] = useState<File | null>(null);
  const [, go] = useLocation();
  return (
    <Page
      title={t(`subject.import.${subject}`)}
      actions={<Link href={`/${subject}`}>{t(`subject.all.${subject}`)}</Link>}
    >
      <p>{t(`subject.means.${subject}`)}</p>
      {file ? (
        <PreviewCard
          key={`${file.name} ${file.lastModified}`}
          file={file}
          subject={subject}
          onSent={({ job_id }) => go(`/imports/${job_id}`)}
          onDiscard={() => setFile(null)}
        />
      ) : (
        <Drop label={t(`subject.drop.${subject}`)} onFile={setFile} />
      )}
    </Page>
  );
}

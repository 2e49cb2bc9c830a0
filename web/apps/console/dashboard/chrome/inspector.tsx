import { Button, CopyButton, Modal, Table, Tabs } from "@mantine/core";
import { formatTime } from "kit/common/calendar";
import { useState } from "react";
import { useDashboard } from "../data/context";
import type { PanelData, QueryTrace } from "../data/use-panel-data";
import { toCsv } from "../model/csv";
import type { Panel } from "../model/dashboard";
import { showText } from "../model/field-config";
import type { ShownFrame } from "../model/frames";
import { formatDuration } from "../model/time";
import { FrameSelect } from "../panels/table/controls";
import classes from "./inspector.module.css";

export type InspectorTab = "data" | "query" | "json";

interface Props {
  panel: Panel;
  title: string;
  data: PanelData;
  tab: InspectorTab;
  onClose: () => void;
}

/** What is behind a panel: its data as a table, how its queries went, its JSON. */
export default function Inspector({ panel, title, data, tab, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={`Inspect: ${title || panel.type}`} size="xl">
      <Tabs defaultValue={tab}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="data">Data</Tabs.Tab>
          <Tabs.Tab value="query">Query</Tabs.Tab>
          <Tabs.Tab value="json">JSON</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="data">
          <DataTab data={data} title={title || panel.type} />
        </Tabs.Panel>
        <Tabs.Panel value="query">
          {data.traces.length === 0 && <p>The panel has asked nothing.</p>}
          {data.traces.map((trace) => (
            <Trace key={trace.refId} trace={trace} />
          ))}
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <Source text={JSON.stringify(panel.raw, null, 2)} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

const MOST_ROWS = 200;

function DataTab({ data, title }: { data: PanelData; title: string }) {
  const { scheme, time } = useDashboard();
  const [chosen, setChosen] = useState(0);
  const frame = data.frames[chosen];
  if (!frame) return <p>There is no data.</p>;
  const rows = Array.from({ length: Math.min(frame.length, MOST_ROWS) }, (_, row) => frame.length - 1 - row);
  return (
    <>
      <div className={classes.controls}>
        {data.frames.length > 1 && <FrameSelect frames={data.frames} chosen={chosen} onChoose={setChosen} />}
        <Button size="xs" variant="default" onClick={() => download(frame, title)}>
          Download CSV
        </Button>
        <span className={classes.hint}>
          {frame.length > MOST_ROWS
            ? `The newest ${MOST_ROWS} of ${frame.length} rows`
            : `${frame.length} rows`}
        </span>
      </div>
      <div className={classes.scroll}>
        <Table stickyHeader striped fz="xs" aria-label={`Data of ${title}`}>
          <Table.Thead>
            <Table.Tr>
              {frame.fields.map((field) => (
                <Table.Th key={field.title}>{field.title}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row}>
                {frame.fields.map((field) => (
                  <Table.Td key={field.title}>
                    {showText(field.values[row], field, scheme, time.zone)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}

function download(frame: ShownFrame, title: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toCsv(frame)], { type: "text/csv;charset=utf-8" }));
  link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, "-").toLowerCase() || "panel"}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Trace({ trace }: { trace: QueryTrace }) {
  const { time } = useDashboard();
  const facts = [
    trace.instant
      ? `at ${formatTime(trace.range.to, time.zone)}`
      : `${formatTime(trace.range.from, time.zone)} to ${formatTime(trace.range.to, time.zone)}, every ${formatDuration(trace.step)}`,
    `${trace.milliseconds} ms`,
    `${trace.series} series`,
  ];
  return (
    <section className={classes.trace}>
      <h3>Query {trace.refId}</h3>
      <p className={classes.hint}>{facts.join(" · ")}</p>
      <Source text={trace.expr} />
      {trace.error && (
        <p role="alert" className={classes.error}>
          {trace.error}
        </p>
      )}
    </section>
  );
}

function Source({ text }: { text: string }) {
  return (
    <div className={classes.source}>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy} className={classes.copy}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
      <pre>{text}</pre>
    </div>
  );
}

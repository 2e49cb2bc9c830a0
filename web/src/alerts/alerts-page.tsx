import { Page } from "../shell/page";

export default function AlertsPage(_props: { name: string | null }) {
  return <Page title="Alerts">{null}</Page>;
}

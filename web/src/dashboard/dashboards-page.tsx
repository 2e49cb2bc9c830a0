import { Page } from "../shell/page";

export default function DashboardsPage() {
  return <Page title="Dashboards">{null}</Page>;
}

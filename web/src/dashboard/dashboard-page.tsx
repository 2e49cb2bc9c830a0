import { Page } from "../shell/page";

export default function DashboardPage(_props: { uid: string }) {
  return <Page title="Dashboard">{null}</Page>;
}

import { Page } from "../shell/page";

export default function LoginPage() {
  return <Page title="Log in">{null}</Page>;
}

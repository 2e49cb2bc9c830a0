import { Page } from "kit/shell/page";
import { t } from "../i18n";
import { BadgesForm } from "./badges-form";
import { LabelsForm } from "./labels-form";
import { ListsForm } from "./lists-form";
import classes from "./prints.module.css";

/** What goes on paper: labels of locations, badges, and pick lists for a day without power. */
export default function PrintsPage() {
  return (
    <Page title={t("prints.title")}>
      <p className={classes.means}>{t("prints.means")}</p>
      <LabelsForm />
      <ListsForm />
      <BadgesForm />
    </Page>
  );
}

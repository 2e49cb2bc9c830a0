/** The desk's pages. Each stands here and nowhere else: its address, its code, and what leads to it. */
import { type AppPage, page, readyPage } from "kit/pages";
import type { LucideIcon } from "lucide-react";
import CalendarClock from "lucide-react/icons/calendar-clock";
import ChartColumn from "lucide-react/icons/chart-column";
import ClipboardList from "lucide-react/icons/clipboard-list";
import FileUp from "lucide-react/icons/file-up";
import History from "lucide-react/icons/history";
import LayoutList from "lucide-react/icons/layout-list";
import Monitor from "lucide-react/icons/monitor";
import Package from "lucide-react/icons/package";
import PackageX from "lucide-react/icons/package-x";
import Plug from "lucide-react/icons/plug";
import Printer from "lucide-react/icons/printer";
import ScanLine from "lucide-react/icons/scan-line";
import Users from "lucide-react/icons/users";
import BoardPage from "./board/board-page";
import type { Role } from "./session/session";

/** A place in the navigation, which is called `nav.<name>` and leads to the first of its pages. */
export interface Place {
  name:
    | "board"
    | "orders"
    | "imports"
    | "shortages"
    | "refusals"
    | "reports"
    | "articles"
    | "teams"
    | "screens"
    | "prints"
    | "people"
    | "integrations"
    | "audit";
  /** Of whom it is: nobody else is led there. */
  of?: Role;
  icon: LucideIcon;
  pages: [AppPage, ...AppPage[]];
}

export const PLACES: Place[] = [
  {
    name: "board",
    icon: LayoutList,
    // What people come for: its code is there from the start.
    pages: [readyPage("/", BoardPage), page("/tasks/:id", () => import("./task/task-page"))],
  },
  {
    name: "orders",
    icon: ClipboardList,
    pages: [page("/orders", () => import("./orders/orders-page"))],
  },
  {
    name: "imports",
    icon: FileUp,
    pages: [
      page("/imports", () => import("./imports/imports-page")),
      page("/imports/:id", () => import("./imports/import-page")),
    ],
  },
  {
    name: "shortages",
    icon: PackageX,
    pages: [page("/shortages", () => import("./shortages/shortages-page"))],
  },
  {
    name: "refusals",
    icon: ScanLine,
    pages: [page("/refusals", () => import("./refusals/refusals-page"))],
  },
  {
    name: "reports",
    icon: ChartColumn,
    pages: [page("/reports", () => import("./reports/reports-page"))],
  },
  {
    name: "articles",
    icon: Package,
    pages: [
      page("/articles", () => import("./articles/articles-page")),
      page("/article", () => import("./articles/article-page")),
      page("/articles/import", () => import("./articles/import-articles-page")),
      page("/locations", () => import("./articles/locations-page")),
      page("/locations/import", () => import("./articles/import-locations-page")),
    ],
  },
  {
    name: "teams",
    icon: CalendarClock,
    pages: [page("/teams", () => import("./teams/teams-page"))],
  },
  {
    name: "screens",
    icon: Monitor,
    pages: [page("/screens", () => import("./screens/screens-page"))],
  },
  {
    name: "prints",
    icon: Printer,
    pages: [page("/prints", () => import("./prints/prints-page"))],
  },
  {
    name: "people",
    icon: Users,
    of: "admin",
    pages: [
      page("/people", () => import("./people/people-page")),
      page("/people/:name", () => import("./people/person-page")),
    ],
  },
  {
    name: "integrations",
    icon: Plug,
    of: "admin",
    pages: [
      page("/webhooks", () => import("./integrations/webhooks-page")),
      page("/webhooks/:id", () => import("./integrations/webhook-page")),
      page("/keys", () => import("./integrations/keys-page")),
    ],
  },
  {
    name: "audit",
    icon: History,
    of: "admin",
    pages: [page("/audit", () => import("./audit/audit-page"))],
  },
];

export const PAGES = PLACES.flatMap(({ pages }) => pages);

/** The desk's pages. Each stands here and nowhere else: its address, its code, and what leads to it. */
import { type AppPage, page, readyPage } from "kit/pages";
import type { LucideIcon } from "lucide-react";
import ClipboardList from "lucide-react/icons/clipboard-list";
import FileUp from "lucide-react/icons/file-up";
import LayoutList from "lucide-react/icons/layout-list";
import PackageX from "lucide-react/icons/package-x";
import ScanLine from "lucide-react/icons/scan-line";
import BoardPage from "./board/board-page";

/** A place in the navigation, which is called `nav.<name>` and leads to the first of its pages. */
export interface Place {
  name: "board" | "orders" | "imports" | "shortages" | "refusals";
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
];

export const PAGES = PLACES.flatMap(({ pages }) => pages);

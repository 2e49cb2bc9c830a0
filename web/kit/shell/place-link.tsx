import type { LucideIcon } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "wouter";
import { type AppPage, isAt, preload } from "../pages";
import classes from "./shell.module.css";

interface Props {
  /** Where it leads to. */
  to: string;
  icon: LucideIcon;
  /** The pages of the place; their code is fetched when somebody is about to go there. */
  pages: AppPage[];
  children: ReactNode;
}

/** A place in the navigation. */
export function PlaceLink({ to, icon: Icon, pages, children }: Props) {
  const [path] = useLocation();
  const here = pages.some((page) => isAt(page, path));
  const item = useRef<HTMLLIElement>(null);
  // In the bar of a phone there is no room for all places: the one where somebody is comes into sight. The list is
  // scrolled, since after `scrollIntoView` the keyboard would begin there and not at the top of the page.
  useEffect(() => {
    const list = item.current?.parentElement;
    if (!here || !item.current || !list) return;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = item.current;
    list.scrollLeft = offsetLeft - list.offsetLeft - (list.clientWidth - offsetWidth) / 2;
    list.scrollTop = offsetTop - list.offsetTop - (list.clientHeight - offsetHeight) / 2;
  }, [here]);
  const prepare = () => void preload(pages, to);
  return (
    <li ref={item}>
      <Link
        href={to}
        className={classes.place}
        aria-current={here ? "page" : undefined}
        onPointerEnter={prepare}
        onFocus={prepare}
      >
        <Icon size={20} strokeWidth={1.8} aria-hidden />
        <span>{children}</span>
      </Link>
    </li>
  );
}

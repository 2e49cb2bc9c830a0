import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { linter, lintKeymap } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";
import { useEffect, useRef } from "react";

interface QueryEditorProps {
  value: string;
  onChange: (text: string) => void;
  onSubmit: (text: string) => void;
}

const COLORS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier], color: "var(--bad)" },
  { tag: tags.function(tags.variableName), color: "var(--accent)" },
  { tag: tags.labelName, color: "var(--ok)" },
  { tag: tags.string, color: "var(--warn)" },
  { tag: tags.number, color: "var(--text-soft)" },
]);

const LOOK = EditorView.theme({
  "&": { fontSize: "14px", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": {
    fontFamily: "var(--mantine-font-family-monospace)",
    padding: "7px 4px",
    caretColor: "var(--text)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--surface-raised)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent-soft)",
    color: "var(--text)",
  },
});

/** Prometheus' own editor: names of metrics, labels and functions complete themselves, mistakes are marked. */
export default function QueryEditor({ value, onChange, onSubmit }: QueryEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ onChange, onSubmit, value });
  latest.current = { onChange, onSubmit, value };

  useEffect(() => {
    if (!place.current) return;
    // In a shadow root its styles are style sheets; in the page they would be <style> elements, which the
    // Content-Security-Policy refuses.
    const root = place.current.shadowRoot ?? place.current.attachShadow({ mode: "open" });
    const promql = new PromQLExtension().setComplete({
      remote: { url: "/api/prometheus", httpMethod: "GET", cache: { maxAge: 60_000 } },
    });
    const editor = new EditorView({
      parent: root,
      root,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          promql.asExtension(),
          // Variables such as $__rate_interval are filled in before Prometheus sees them: its grammar has none.
          linter(null, {
            markerFilter: (found, state) => (/\$[\w{]/.test(state.doc.toString()) ? [] : [...found]),
          }),
          syntaxHighlighting(COLORS),
          LOOK,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "Query" }),
          placeholder("sum by (service) (rate(http_requests_total[5m]))"),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...lintKeymap]),
          // After the completion's own Enter, before the one that begins a line.
          keymap.of([
            { key: "Enter", run: (now) => submit(now, latest.current.onSubmit), shift: () => false },
          ]),
          Prec.low(keymap.of(defaultKeymap)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    editor.focus();
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={place} />;
}

function submit(editor: EditorView, onSubmit: (text: string) => void): boolean {
  onSubmit(editor.state.doc.toString());
  return true;
}

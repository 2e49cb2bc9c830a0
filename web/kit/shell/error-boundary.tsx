import { Component, type ReactNode } from "react";
import { words } from "./words";

interface Props {
  children: ReactNode;
  /** What to show instead; without, a message that fills the place. */
  fallback?: (error: Error, again: () => void) => ReactNode;
}

/** Keeps a mistake in one part of the page from taking the rest of it away. */
export class ErrorBoundary extends Component<Props, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  readonly again = () => this.setState({ error: null });

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    if (this.props.fallback) return this.props.fallback(error, this.again);
    return (
      <div role="alert" style={{ padding: 24 }}>
        <h1>{words.broke}</h1>
        <p>{error.message}</p>
        <button type="button" onClick={this.again}>
          {words.again}
        </button>{" "}
        <button type="button" onClick={() => location.reload()}>
          {words.anew}
        </button>
      </div>
    );
  }
}

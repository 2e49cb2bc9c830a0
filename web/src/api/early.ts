/** What public/early.js has found out and begun before the app's code was there. */

interface Early {
  /** The dashboard that the address `/` stands for. */
  home: string;
  /** The dashboard that the page's address opened with, if it was one's. */
  dashboard: string | null;
  /** Answers under way, by path. */
  answers: Record<string, Promise<Response>>;
}

declare global {
  interface Window {
    early: Early;
  }
}

export const homeDashboard = () => window.early.home;
export const openedDashboard = () => window.early.dashboard;

/** An answer can be read once, and is of the moment when it was asked for: whoever asks again asks anew. */
export function begunAnswer(path: string): Promise<Response> | undefined {
  const answer = window.early.answers[path];
  delete window.early.answers[path];
  return answer;
}

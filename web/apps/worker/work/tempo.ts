/** How soon, and how often, things happen by themselves; in milliseconds. */
export interface Tempo {
  /** After which sending is tried again for the first time, and the longest. */
  first: number;
  longest: number;
  /** How long an answer may take: to one operation, and to many. */
  single: number;
  batch: number;
  /** How often the server may break on an operation before that is set aside. */
  tries: number;
  /** How long an operation may go unanswered where nothing can be kept. */
  direct: number;
  /** Between two signs of life, about. */
  beat: number;
  /** How long tasks that were read are taken as they are, where nothing says that they changed. */
  fresh: number;
  /** The least between two readings, however much happens. */
  calm: number;
  /** What takes longer is slow. */
  slow: number;
}
export const USUAL_TEMPO: Tempo = {
  first: 1_000,
  longest: 30_000,
  single: 10_000,
  batch: 40_000,
  tries: 5,
  direct: 20_000,
  beat: 30_000,
  fresh: 60_000,
  calm: 2_000,
  slow: 5_000,
};

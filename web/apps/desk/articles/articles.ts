/** Articles and locations, as the gateway has them. */
export const LEVELS = ["each", "inner", "case", "pallet"] as const;
export type Level = (typeof LEVELS)[number];

export interface Pack {
  code: string;
  pieces: number;
  level: Level;
}

export interface Article {
  sku: string;
  description: string;
  barcodes: string[];
  packs: Pack[];
}

export interface Location {
  code: string;
  zone: string;
  aisle: string;
  sequence: number;
}

/** What a barcode of an article stands for. */
export function packOf({ packs }: Article, code: string): Pack {
  return packs.find((pack) => pack.code === code) ?? { code, pieces: 1, level: "each" };
}

export const pathOf = (sku: string) => `/api/articles/${encodeURIComponent(sku)}`;
export const pageOf = (sku: string) => `/article?${new URLSearchParams({ sku })}`;

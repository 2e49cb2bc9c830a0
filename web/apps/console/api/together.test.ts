import { afterEach, describe, expect, test, vi } from "vitest";
import { askTogether } from "./together";

/** Answers that are written when the test says so; what was asked is in `asked`. */
function answering(): {
  asked: unknown[];
  say: (text: string) => void;
  end: () => void;
  breakOff: () => void;
} {
  const asked: unknown[] = [];
  let stream: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream = controller;
    },
  });
  vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
    asked.push(JSON.parse(String(init.body)));
    return new Response(body);
  });
  return {
    asked,
    say: (text) => stream.enqueue(new TextEncoder().encode(text)),
    end: () => stream.close(),
    breakOff: () => stream.error(new TypeError("network error")),
  };
}

const query = (expr: string) => ({ path: "query" as const, form: { query: expr } });

afterEach(() => vi.unstubAllGlobals());

describe("queries that are asked at the same time", () => {
  test("go in one request, and each is answered when its line has come", async () => {
    const { asked, say, end } = answering();
    const [first, second] = [askTogether(query("a")), askTogether(query("b"))];
    await vi.waitFor(() => expect(asked).toEqual([[query("a"), query("b")]]));
    say('{"at":1,"status":200,"ans');
    say('wer":{"data":2}}\n');
    expect(await second).toEqual({ data: 2 });
    say('{"at":0,"status":400,"answer":{"status":"error","errorType":"bad_data","error":"parse error"}}\n');
    end();
    await expect(first).rejects.toMatchObject({ status: 400, code: "bad_data", message: "parse error" });
  });

  test("fail, as far as they have no answer, where it breaks off", async () => {
    const { asked, say, breakOff } = answering();
    const [first, second] = [askTogether(query("a")), askTogether(query("b"))];
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    say('{"at":0,"status":200,"answer":1}\n');
    expect(await first).toBe(1);
    breakOff();
    await expect(second).rejects.toMatchObject({ temporary: true });
  });

  test("all hear what the console says to all of them", async () => {
    const body = { error: { code: "unauthorized", message: "Log in.", details: {} } };
    vi.stubGlobal("fetch", async () => Response.json(body, { status: 401 }));
    const both = await Promise.allSettled([askTogether(query("a")), askTogether(query("b"))]);
    expect(both).toMatchObject([{ reason: { status: 401 } }, { reason: { status: 401 } }]);
  });
});

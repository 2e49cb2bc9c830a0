/** A proxy in front of a real gateway, which cuts, before it passes something on or after it was done. */
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export const STRIKES = ["before", "after", "page", "page after", "unavailable after"] as const;
export type Strike = (typeof STRIKES)[number];

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

export class BadNetwork {
  address = "";
  /** Operations that the gateway had answered when its answer was lost on the way. */
  struck = 0;
  private next: Strike[] = [];
  private server!: Server;

  private constructor(private readonly gateway: string) {}

  static async start(gateway: string): Promise<BadNetwork> {
    const network = new BadNetwork(gateway);
    network.server = createServer((request, response) => {
      network.serve(request, response).catch(() => request.socket.destroy());
    });
    await new Promise<void>((resolve) => network.server.listen(0, "127.0.0.1", resolve));
    network.address = `http://127.0.0.1:${(network.server.address() as AddressInfo).port}`;
    return network;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Have the next operations that are sent meet with this. */
  strike(how: Strike): void {
    this.next.push(how);
  }

  calm(): void {
    this.next = [];
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const how = request.url?.startsWith("/api/scan") ? this.next.shift() : undefined;
    if (how === "before") return void request.socket.destroy();
    if (how === "page") return page(response);
    const answer = await this.passOn(request, Buffer.concat(parts));
    if (how && answer.status < 500) this.struck++;
    if (how === "after") return void request.socket.destroy();
    if (how === "page after") return page(response);
    if (how === "unavailable after") return void response.writeHead(502).end("Bad Gateway");
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private passOn({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = ask(this.gateway + url, { method, headers }, async (answer) => {
        try {
          const parts: Buffer[] = [];
          for await (const part of answer) parts.push(part);
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) });
        } catch (error) {
          reject(error);
        }
      });
      asked.on("error", reject);
      asked.end(body);
    });
  }
}

function page(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/html" }).end("<html>Log in to the network</html>");
}

/** Requests to the issuer: with time-outs and size limits, and without redirects. */
import { messageOf } from "./errors.js";

/** No answer, or one that is of no use. `status` if there was one. */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Seconds that a cache has kept it (RFC 9111 section 5.1). */
  readonly age: number;
}

/** Any answer, within `timeout` seconds for all of it, or RequestFailed. Caches in between are told to ask the issuer. */
export async function get(
  fetch: typeof globalThis.fetch,
  url: string,
  timeout: number,
  mostBytes: number,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const signal = AbortSignal.timeout(timeout * 1000);
  try {
    const all = { "Cache-Control": "no-cache", ...headers };
    const response = await open(fetch, url, all, signal).catch((error: unknown) => {
      // A connection that was kept may have been closed just now by the other side; a new one tells.
      if (wasReset(error)) return open(fetch, url, all, signal);
      throw error;
    });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of bodyOf(response, signal)) {
      parts.push(part);
      size += part.length;
      if (size > mostBytes) throw new RequestFailed(`${url} answers with more than ${mostBytes} bytes`);
    }
    const age = Number(/^\d{1,9}/.exec(response.headers.get("age") ?? "")?.[0] ?? 0);
    return { status: response.status, headers: response.headers, body: Buffer.concat(parts), age };
  } catch (error) {
    if (error instanceof RequestFailed) throw error;
    throw new RequestFailed(`${url} does not answer: ${messageOf(error)}`);
  }
}

function wasReset(error: unknown): boolean {
  const cause: unknown = error instanceof TypeError ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && (cause.code === "ECONNRESET" || cause.code === "UND_ERR_SOCKET");
}

/** The answer once its headers are here. A redirect is an error: nothing of ours goes anywhere else. */
export async function open(
  fetch: typeof globalThis.fetch,
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    // Bodies come as they are: nothing unpacks to more than its limit.
    headers: { "Accept-Encoding": "identity", "User-Agent": "postern-verifier-node", ...headers },
    redirect: "error",
    credentials: "omit",
    signal,
  });
  if ((response.headers.get("content-encoding") ?? "identity") !== "identity") {
    await response.body?.cancel();
    throw new RequestFailed(`${url} answers in an encoding that was not asked for`, response.status);
  }
  return response;
}

/** The parts of a body as they come. When `signal` aborts, throws its reason. */
export async function* bodyOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  const cancel = (): Promise<void> => reader.cancel().catch(() => undefined);
  // fetch() holds its signal weakly, and a long body may outlive that: so the reader is told, too.
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value as Uint8Array;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancel(); // ends the connection of a body that was left early
  }
}

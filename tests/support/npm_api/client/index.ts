// A client with the types of the OpenAPI document, whose sign-in renews itself.
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

export type { components, operations, paths } from "./api.js";
export type Schemas = components["schemas"];
export type Problem = Schemas["ProblemBody"];
export type Tokens = Schemas["TokensResponse"];

export interface Options {
  baseUrl: string;
  /** Language of what is shown to people. */
  language?: "ar" | "en";
  /** Stores a pair in the keychain; it is awaited before the pair is used. */
  keep?: (tokens: Tokens) => void | Promise<void>;
}

export interface Connection {
  /** Every operation of the API, by method and path. */
  api: Client<paths>;
  /** Signs in; throws `Refused`, and an `Error` where a second factor is asked for. */
  signIn(email: string, password: string): Promise<void>;
  /** Continues with the pair that was kept; it is renewed before the next request. */
  resume(tokens: Tokens): void;
}

/** An answer that is not 2xx: decide by `problem.code`, show `problem.message`. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | undefined,
  ) {
    super(`${status} ${problem?.code ?? ""} ${JSON.stringify(problem?.details ?? {})}`);
  }
}

type Answer<T> = Promise<{ data?: T; error?: unknown; response: Response }>;
// What an answer is where `fields` names some of its members.
type Sparse = Schemas[Extract<keyof Schemas, `Sparse${string}`>];
type Some<T> = T extends unknown ? (Extract<Sparse, T> extends never ? never : T) : never;
type Whole<T> = T extends unknown ? (Extract<Sparse, T> extends never ? T : never) : never;

/** Returns the body of an answer; throws `Refused` where it is not 2xx. */
export async function body<T>(answer: Answer<T>): Promise<Whole<T>> {
  return (await either(answer)) as Whole<T>;
}

/** Returns the body of an answer that was asked for with `fields`; throws `Refused`. */
export async function some<T>(answer: Answer<T>): Promise<Some<T>> {
  return (await either(answer)) as Some<T>;
}

async function either<T>(answer: Answer<T>): Promise<T> {
  const { data, error, response } = await answer;
  if (data === undefined) throw new Refused(response.status, error as Problem | undefined);
  return data;
}

// The token is renewed a minute before it expires.
const EARLY_SECONDS = 60;

/** Returns a client of the server; nobody is signed in yet. */
export function connect({ baseUrl, language = "en", keep }: Options): Connection {
  const api = createClient<paths>({ baseUrl });
  let held: { tokens: Tokens; renewAt: number } | undefined;
  let renewal: Promise<void> | undefined;

  async function take(tokens: Tokens): Promise<void> {
    await keep?.(tokens);
    held = { tokens, renewAt: Date.now() + (tokens.expiresIn - EARLY_SECONDS) * 1000 };
  }

  async function renew(refreshToken: string): Promise<void> {
    const renewed = await body(api.POST("/api/auth/refresh", { body: { refreshToken } }));
    if (!("refreshToken" in renewed)) throw new Error("the answer is that for a browser");
    await take(renewed);
  }

  api.use({
    async onRequest({ request, schemaPath }) {
      request.headers.set("Accept-Language", language);
      if (held === undefined || schemaPath === "/api/auth/refresh") return request;
      if (Date.now() >= held.renewAt) {
        // One refresh for all requests that wait: a token is spent by it.
        renewal ??= renew(held.tokens.refreshToken).finally(() => (renewal = undefined));
        await renewal;
      }
      request.headers.set("Authorization", `Bearer ${held.tokens.accessToken}`);
      return request;
    },
  });

  return {
    api,
    async signIn(email, password) {
      held = undefined;
      const answer = await body(api.POST("/api/auth/mobile-login", { body: { email, password } }));
      if (!("refreshToken" in answer)) throw new Error("a second factor is asked for");
      await take(answer);
    },
    resume(tokens) {
      held = { tokens, renewAt: 0 };
    },
  };
}

// Better Auth with email and password, and the plugins that a client other than a browser needs: bearer tokens and JWTs.
// BENCH_HASH=equal takes Argon2id at OWASP's parameters in place of its own scrypt.
import { hash, verify } from "@node-rs/argon2";
import { betterAuth } from "better-auth";
import { bearer, jwt } from "better-auth/plugins";
import Database from "better-sqlite3";

const argon2id = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };
const equalHash = {
  hash: (password) => hash(password, argon2id),
  verify: ({ hash: stored, password }) => verify(stored, password),
};

const database = new Database(process.env.BENCH_DATABASE, { timeout: 10_000 });
database.pragma("journal_mode = WAL"); // what better-sqlite3 advises; it commits with synchronous=NORMAL then

export const auth = betterAuth({
  database,
  baseURL: process.env.BENCH_URL,
  secret: process.env.BENCH_SECRET,
  emailAndPassword: { enabled: true, ...(process.env.BENCH_HASH === "equal" ? { password: equalHash } : {}) },
  plugins: [bearer(), jwt()],
  rateLimit: { enabled: false }, // one address asks for everybody here
  telemetry: { enabled: false },
});

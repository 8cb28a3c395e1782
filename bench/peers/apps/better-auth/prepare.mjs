// prepare.mjs tables                  makes the tables of BENCH_DATABASE
// prepare.mjs sessions EMAIL COUNT    opens sessions and prints their tokens, a line each
import { getMigrations } from "better-auth/db/migration";
import { auth } from "./auth.mjs";

const [what, email, count] = process.argv.slice(2);
if (what === "tables") {
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
} else {
  const { internalAdapter } = await auth.$context;
  const { user } = await internalAdapter.findUserByEmail(email);
  for (let opened = 0; opened < Number(count); ++opened) {
    const { token } = await internalAdapter.createSession(user.id);
    console.log(token);
  }
}

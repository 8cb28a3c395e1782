// Tokens per second of CPU, one after the other: the library warm (signature remembered) and cold, and bare jose. Prints JSON.
import { createLocalJWKSet, jwtVerify } from "jose";
import { AUDIENCE, withVerifier } from "./fake_issuer.mjs";

const SECONDS = 1; // of CPU: what else the machine does must not count
const TOKENS = 4000;
const WARM_UP = 1000; // until the compiler has seen it all

async function rateOf(action, tokens, again) {
  const began = process.cpuUsage();
  const used = () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  };
  const isOver = () => used() > SECONDS;
  let done = 0;
  do {
    for (const token of tokens) {
      await action(token);
      ++done;
      if (done % 100 === 0 && isOver()) break;
    }
  } while (again && !isOver());
  return Math.round(done / used());
}

await withVerifier({ requestTimeout: 5 }, () => undefined, async ({ issuer, verifier }) => {
  const list = issuer.openList();
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, index) => issuer.token(list, index % 1024)));
  const keys = createLocalJWKSet(await (await fetch(`${issuer.url}/.well-known/jwks.json`)).json());
  const options = { issuer: issuer.url, audience: AUDIENCE, typ: "at+jwt", algorithms: ["ES256"] };
  const others = tokens.splice(WARM_UP);
  for (const token of tokens) await verifier.verify(token).then(() => jwtVerify(token, keys, options));
  const cold = await rateOf((token) => verifier.verify(token), others, false);
  const warm = await rateOf((token) => verifier.verify(token), others, true);
  const bare = await rateOf((token) => jwtVerify(token, keys, options), others, true);
  console.log(JSON.stringify({ warm, cold, bare }));
});

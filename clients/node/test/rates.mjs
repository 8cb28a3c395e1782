// Tokens per second, one after the other: the library warm (signature remembered) and cold, and bare jose. Prints JSON.
import { createLocalJWKSet, jwtVerify } from "jose";
import { AUDIENCE, withVerifier } from "./fake_issuer.mjs";

const SECONDS = 2;
const TOKENS = 2000;

async function rateOf(action, tokens, again) {
  const began = performance.now();
  const isOver = () => performance.now() - began > SECONDS * 1000;
  let done = 0;
  do {
    for (const token of tokens) {
      await action(token);
      ++done;
      if (done % 100 === 0 && isOver()) break;
    }
  } while (again && !isOver());
  return Math.round((done * 1000) / (performance.now() - began));
}

await withVerifier({ requestTimeout: 5 }, () => undefined, async ({ issuer, verifier }) => {
  const list = issuer.openList();
  const tokens = await Promise.all(Array.from({ length: TOKENS }, (_, index) => issuer.token(list, index % 1024)));
  const [first, ...others] = tokens;
  await verifier.verify(first);
  const cold = await rateOf((token) => verifier.verify(token), others, false);
  const warm = await rateOf((token) => verifier.verify(token), tokens, true);
  const keys = createLocalJWKSet(await (await fetch(`${issuer.url}/.well-known/jwks.json`)).json());
  const options = { issuer: issuer.url, audience: AUDIENCE, typ: "at+jwt", algorithms: ["ES256"] };
  const bare = await rateOf((token) => jwtVerify(token, keys, options), tokens, true);
  console.log(JSON.stringify({ warm, cold, bare }));
});

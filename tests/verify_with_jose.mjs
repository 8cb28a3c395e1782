// Reads {jwks, issuer, audience, algorithms, tokens: {name: token}} on standard input and answers, for each name, with
// the claims that jose verified through the remote JWKS, or with the code of its error.
import { createRemoteJWKSet, jwtVerify } from "jose";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const question = JSON.parse(Buffer.concat(chunks).toString());
const keys = createRemoteJWKSet(new URL(question.jwks));
const options = {
  issuer: question.issuer,
  audience: question.audience,
  algorithms: question.algorithms,
  typ: "at+jwt",
};

const verdicts = {};
for (const [name, token] of Object.entries(question.tokens)) {
  try {
    const { payload } = await jwtVerify(token, keys, options);
    verdicts[name] = { claims: payload };
  } catch (error) {
    verdicts[name] = { error: error.code };
  }
}
process.stdout.write(JSON.stringify(verdicts));

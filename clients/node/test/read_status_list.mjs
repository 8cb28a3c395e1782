// Reads a status list JWT on standard input with an implementation that is not ours, and prints which indices are revoked.
import { getListFromStatusListJWT } from "@sd-jwt/jwt-status-list";

let jwt = "";
for await (const part of process.stdin) jwt += part;
const list = getListFromStatusListJWT(jwt);
const revoked = [];
const size = Number(process.argv[2]);
for (let index = 0; index < size; ++index) if (list.getStatus(index) !== 0) revoked.push(index);
console.log(JSON.stringify(revoked));

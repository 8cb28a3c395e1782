// A verifier that follows a fake issuer's feed, in less time than in earnest.
import assert from "node:assert/strict";
import { CLIENT, reply, withVerifier } from "./fake_issuer.mjs";

export const FEED = "/auth/v1/revocations";
export const STALE_AFTER = 1;
export const SHORT = { ...CLIENT, staleAfter: STALE_AFTER, pollInterval: 0.2 };

/** With a feed that was live once. */
export const following = (prepare, body, options = {}) =>
  withVerifier({ ...SHORT, ...options }, prepare, async (world) => {
    assert.ok(await world.verifier.waitUntilReady(5), JSON.stringify(world.verifier.status()));
    await body(world);
  });

export const oneList = (revoked, feeds) => (issuer) => {
  if (feeds) issuer.feeds = feeds;
  return { list: issuer.openList(revoked) };
};
export const refuses = ({ response }) => reply(response, 503, "{}");

// What the flows work with. Filled once by src/app; outlives the router.
#pragma once

#include <functional>
#include <string>

#include "api/page.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "core/access.hpp"
#include "core/account_policy.hpp"
#include "core/claims.hpp"
#include "core/client_directory.hpp"
#include "core/hasher.hpp"
#include "core/key_rotation.hpp"
#include "core/precedence.hpp"
#include "core/secrets.hpp"
#include "core/signer.hpp"
#include "core/status_lists.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "core/throttle.hpp"
#include "core/timing_floor.hpp"
#include "http/lane.hpp"

namespace postern::api {

class RevocationFeed;

// Every reference is to something thread-safe that outlives this.
struct Service {
    core::Store& store;
    const core::Hasher& hasher;
    const core::Signer& signer;
    const core::Text& text;
    const core::AccessChecker& access_checker;
    const core::TokenPolicy& token_policy;
    const core::AccountPolicy& account_policy;
    const core::SecretDeriver& secrets;
    const core::ClientDirectory& clients;
    core::ClientUpdater& client_updater;
    core::KeyUpdater& key_updater;
    const core::KeyVault& key_vault;
    const core::RotationPolicy& rotation_policy;
    RevocationFeed& revocation_feed;
    core::StatusLists& status_lists;
    core::Throttle& throttle;
    core::Precedence& precedence;
    const core::TimingFloor& timing_floor;
    const Clock& clock;
    http::Lane& hash_lane;

    std::string base_path = "/auth/v1";  // begins with a slash, ends without one
    std::string public_url;    // what clients reach this server by, without the base path; no slash at the end
    PageStyle page_style;      // of our own pages behind mailed links
    bool serves_pages = true;  // false: a front end of the operator's has them
    std::string version;       // of the program, shown in the document
    Milliseconds jwks_max_age = limits::jwks_max_age;  // how long caches may keep the published keys
    // The Prometheus text exposition; empty: there is no /metrics.
    std::function<std::string()> metrics_text = nullptr;
};

}  // namespace postern::api

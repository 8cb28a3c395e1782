// Random lives of one session against a model that keeps what the implementation does not: every token ever handed out
// and when it was used. Holds invariant 3: one live child, and a retry within the grace never logs anyone out.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "core/revocation.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

struct Step {
    enum class Kind { refresh_newest, retry_parent, present_older, present_future, revoke_newest_access, wait } kind;
    std::int64_t amount;  // how far back, or how many milliseconds
};

struct Model {
    std::vector<RefreshClaims> issued;  // issued[i] has counter i + 1
    std::vector<Timestamp> rotated_at;  // when issued[i] was rotated away; one shorter than issued
    bool ended = false;
    bool newest_access_revoked = false;
};

RefreshStatus expected(const Model& model, std::size_t presented, Timestamp now) {
    if (model.ended) return RefreshStatus::session_ended;
    const std::size_t newest = model.issued.size() - 1;
    if (presented == newest) return RefreshStatus::rotated;
    const bool within_grace = now - model.rotated_at[presented] <= testing::policy().refresh_grace;
    if (!within_grace) return RefreshStatus::reused;
    return presented + 1 == newest && !model.newest_access_revoked ? RefreshStatus::repeated
                                                                   : RefreshStatus::superseded;
}

class Life {
public:
    Life() : store_(testing::store_with_account(clock_.now())) {
        auto pair = *testing::log_in(*store_, clock_.now());
        model_.issued.push_back(pair.refresh);
        newest_ = pair.access;
    }

    void take(const Step& step) {
        const auto back = static_cast<std::size_t>(step.amount) % model_.issued.size();
        switch (step.kind) {
            case Step::Kind::refresh_newest: return present(model_.issued.size() - 1);
            case Step::Kind::retry_parent:
                return present(model_.issued.size() - std::min<std::size_t>(2, model_.issued.size()));
            case Step::Kind::present_older: return present(back);
            case Step::Kind::present_future: return present_future();
            case Step::Kind::revoke_newest_access: return revoke_newest();
            case Step::Kind::wait: return clock_.advance(Milliseconds(step.amount));
        }
    }

private:
    void present(std::size_t index) {
        const auto status = expected(model_, index, clock_.now());
        const auto outcome = *testing::refresh(*store_, model_.issued[index], clock_.now());
        RC_ASSERT(outcome.status == status);
        if (status == RefreshStatus::rotated) {
            model_.rotated_at.push_back(clock_.now());
            model_.issued.push_back(outcome.pair->refresh);
            model_.newest_access_revoked = false;
            newest_ = outcome.pair->access;
        }
        if (status == RefreshStatus::repeated) {
            RC_ASSERT(outcome.pair->access.token_id == newest_.token_id);
            RC_ASSERT(outcome.pair->refresh.counter == model_.issued.back().counter);
        }
        if (status == RefreshStatus::reused) model_.ended = true;
        check_invariants();
    }

    void present_future() {
        auto claims = model_.issued.back();
        claims.counter += 1;
        const auto outcome = *testing::refresh(*store_, claims, clock_.now());
        RC_ASSERT(outcome.status == (model_.ended ? RefreshStatus::session_ended : RefreshStatus::unknown_counter));
        check_invariants();
    }

    void revoke_newest() {
        (void)write_and_wait(*store_, [&](Transaction& transaction) {
            return revoke_access_token(transaction, newest_, testing::actor(), clock_.now());
        });
        model_.newest_access_revoked = true;
    }

    void check_invariants() {
        const Session& session = store_->tables.sessions.begin()->second;
        RC_ASSERT(session.ended_at.has_value() == model_.ended);
        RC_ASSERT(session.counter == model_.issued.back().counter);
        // One issuance for each counter: a refresh token has at most one child.
        RC_ASSERT(store_->tables.slots.size() == model_.issued.size());
        if (!model_.ended) return;
        for (const auto& [ref, slot] : store_->tables.slots) RC_ASSERT(slot.revoked_at.has_value());
    }

    FakeClock clock_;
    std::unique_ptr<MemoryStore> store_;
    Model model_;
    AccessClaims newest_;
};

[[maybe_unused]] void showValue(const Step& step, std::ostream& out) {
    out << static_cast<int>(step.kind) << "(" << step.amount << ")";
}

rc::Gen<Step> any_step() {
    using Kind = Step::Kind;
    return rc::gen::map(rc::gen::pair(rc::gen::weightedElement<Kind>({{6, Kind::refresh_newest},
                                                                      {4, Kind::retry_parent},
                                                                      {2, Kind::present_older},
                                                                      {1, Kind::present_future},
                                                                      {1, Kind::revoke_newest_access},
                                                                      {4, Kind::wait}}),
                                      rc::gen::inRange<std::int64_t>(0, 20'000)),
                        [](const std::pair<Kind, std::int64_t>& drawn) {
                            return Step{drawn.first, drawn.second};
                        });
}

RC_GTEST_PROP(RefreshModel, EveryLifeGoesAsTheModelSays, ()) {
    const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
    Life life;
    for (const Step& step : steps) life.take(step);
}

}  // namespace
}  // namespace postern::core

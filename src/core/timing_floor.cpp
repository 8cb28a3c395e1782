#include "core/timing_floor.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace postern::core {
namespace {

constexpr int tries = 3;  // the quickest counts: the rest met something else that the machine had to do

// A check on a busy machine takes longer than on an idle one, and still must not show above the floor.
TimingFloor::Duration with_spare(TimingFloor::Duration cost) {
    return cost + cost / 4;
}

Result<TimingFloor::Duration> cost_of(const Hasher& hasher, std::string_view stored) {
    const SecretString wrong("nobody has this password");
    TimingFloor::Duration quickest = TimingFloor::Duration::max();
    for (int i = 0; i < tries; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        TRY(hasher.verify(stored, wrong));
        const auto taken = std::chrono::steady_clock::now() - begin;
        quickest = std::min(quickest, std::chrono::ceil<TimingFloor::Duration>(taken));
    }
    return quickest;
}

using Example = std::pair<std::string, std::string>;  // a scheme and a hash of it

Result<std::vector<Example>> read_examples(Reader& reader, const std::map<std::string, TimingFloor::Duration>& known) {
    std::vector<Example> examples;
    for (std::string& scheme : TRY(reader.list_password_schemes())) {
        std::string stored;
        if (!known.contains(scheme)) {
            const auto accounts = TRY(reader.list_accounts_of_scheme(scheme, std::nullopt, 1));
            if (accounts.empty()) continue;
            stored = accounts.front().password_hash;
        }
        examples.emplace_back(std::move(scheme), std::move(stored));
    }
    return examples;
}

}  // namespace

TimingFloor::Duration TimingFloor::of(const PasswordCheck& failed) const noexcept {
    return Duration(floor_.load(std::memory_order_relaxed)) * failed.hashes;
}

Result<void> TimingFloor::measure(Store& store, const Hasher& hasher) {
    auto in_use = TRY(read_and_wait(store, [this](Reader& reader) { return read_examples(reader, costs_); }));
    in_use.emplace_back(hasher.scheme(hasher.dummy()), hasher.dummy());
    std::set<std::string> schemes;
    for (const auto& [scheme, stored] : in_use) schemes.insert(scheme);
    if (schemes.size() == 1) {
        floor_ = 0;
        return {};
    }
    Duration dearest{};
    for (const auto& [scheme, stored] : in_use) {
        if (!costs_.contains(scheme)) costs_.emplace(scheme, TRY(cost_of(hasher, stored)));
        dearest = std::max(dearest, costs_.at(scheme));
    }
    floor_ = with_spare(dearest).count();
    return {};
}

}  // namespace postern::core

#include "cli/rehash_run.hpp"

#include <sched.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <thread>

#include "cli/interruption.hpp"
#include "cli/progress.hpp"
#include "core/rehash.hpp"

namespace postern::cli {
namespace {

using namespace std::chrono_literals;

// How soon an interruption ends a pause.
constexpr auto pause_step = 50ms;

class Rehash {
public:
    Rehash(const Call& call, const RehashOptions& options, core::Store& store, const core::Hasher& hasher)
        : call_(call),
          options_(options),
          store_(store),
          hasher_(hasher),
          progress_(call.console, "hashes", 0, call.json) {}

    Result<Answer> run() {
        // Only this thread, which computes the hashes: after a server's own, which are as nice as can be. Those that
        // write hold locks that a server waits for.
        const sched_param no_priority{};
        sched_setscheduler(0, SCHED_IDLE, &no_priority);
        const auto schemes =
            TRY(core::read_and_wait(store_, [](core::Reader& reader) { return reader.list_password_schemes(); }));
        for (const std::string& scheme : schemes) {
            if (interruption_.requested()) break;
            TRY(wrap_scheme(scheme));
        }
        progress_.clear();
        const bool stopped = interruption_.requested();
        return Answer{describe(stopped),
                      {{"rehashed", replaced_}, {"changed_meanwhile", overtaken_}, {"finished", !stopped}},
                      stopped ? status_not_now : status_done};
    }

private:
    Result<void> wrap_scheme(const std::string& scheme) {
        for (std::optional<core::AccountId> last; !interruption_.requested();) {
            const auto limit = static_cast<std::size_t>(options_.batch);
            const auto page = TRY(core::read_and_wait(
                store_, [&](core::Reader& reader) { return reader.list_accounts_of_scheme(scheme, last, limit); }));
            if (page.empty()) return {};
            last = page.back().id;
            std::vector<core::WrappedHash> wrapped;
            for (const core::Account& account : page) {
                if (interruption_.requested()) break;
                auto hash = hasher_.wrap(account.password_hash);
                // Current, or wrapped already: then so is every other hash of the scheme.
                if (!hash && hash.error().code == "not_wrappable") return {};
                if (!hash) return std::move(hash.error());
                std::string wrapped_scheme = hasher_.scheme(*hash);
                wrapped.push_back({account.id, account.password_hash, std::move(*hash), std::move(wrapped_scheme)});
                pause();
            }
            TRY(write(wrapped));
            if (page.size() < limit) return {};
        }
        return {};
    }

    Result<void> write(const std::vector<core::WrappedHash>& wrapped) {
        const std::size_t replaced = TRY(core::write_and_wait(store_, [&](core::Transaction& transaction) {
            return core::replace_hashes(transaction, wrapped, call_.actor(), call_.tools.clock.now());
        }));
        replaced_ += replaced;
        overtaken_ += wrapped.size() - replaced;
        progress_.show(replaced_);
        return {};
    }

    void pause() const {
        auto left = std::chrono::milliseconds(options_.pause_milliseconds);
        while (left > 0ms && !interruption_.requested()) {
            const auto step = std::min<std::chrono::milliseconds>(left, pause_step);
            std::this_thread::sleep_for(step);
            left -= step;
        }
    }

    [[nodiscard]] std::string describe(bool stopped) const {
        std::string text = "Put " + group_digits(replaced_) + " weaker hashes inside current ones\n";
        if (overtaken_ > 0) text += group_digits(overtaken_) + " more were changed by somebody else meanwhile\n";
        if (stopped) text += "Stopped; run the same again to go on\n";
        return text;
    }

    const Call& call_;
    const RehashOptions& options_;
    core::Store& store_;
    const core::Hasher& hasher_;
    const Interruption interruption_;
    Progress progress_;
    std::uint64_t replaced_ = 0;
    std::uint64_t overtaken_ = 0;
};

}  // namespace

Result<Answer> run_rehash(const Call& call, const RehashOptions& options) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::Hasher* hasher = TRY(workplace->hasher());
    Rehash rehash(call, options, *store, *hasher);
    return rehash.run();
}

}  // namespace postern::cli

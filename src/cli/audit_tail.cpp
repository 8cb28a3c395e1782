#include "cli/audit_tail.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>
#include <set>
#include <thread>

#include "base/limits.hpp"
#include "cli/audit_json.hpp"
#include "cli/interruption.hpp"
#include "core/accounts.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t page_records = 500;

std::string line_of(const core::AuditRecord& record) {
    std::string line = format_time(record.at) + "  " + record.event + "  " + record.outcome;
    if (record.count > 1) line += " (" + std::to_string(record.count) + " times)";
    line += "  by " + record.actor;
    if (record.account_id) line += "  account " + record.account_id->text();
    if (record.session_id) line += "  session " + record.session_id->text();
    if (!record.address.empty()) line += "  from " + record.address;
    if (!record.detail.empty()) line += "  " + record.detail;
    return line + "\n";
}

// The lowest id that can have been made at `time` (RFC 9562 section 5.7).
core::AuditId lowest_id_at(Timestamp time) {
    constexpr std::size_t time_bytes = 6;
    core::AuditId id;
    auto rest = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_milliseconds(time)));
    for (std::size_t i = time_bytes; i > 0; --i) {
        id.bytes.at(i - 1) = static_cast<std::uint8_t>(rest & 0xffU);
        rest >>= 8U;
    }
    return id;
}

// Tells new records from those that were there. A record may commit later than its id's time says, so a little of the
// past is read again each time.
class Follower {
public:
    explicit Follower(const Clock& clock) : clock_(clock), newest_(clock.now()) {}

    // In order of id.
    Result<std::vector<core::AuditRecord>> read_new(core::Reader& reader) {
        const auto from = lowest_id_at(std::min(newest_, clock_.now()) - limits::audit_follow_overlap);
        seen_.erase(seen_.begin(), seen_.lower_bound(from));
        std::vector<core::AuditRecord> fresh;
        std::optional<core::AuditId> after = from;
        for (;;) {
            auto page = TRY(reader.list_audit(after, page_records));
            const bool is_last = page.size() < page_records;
            if (!page.empty()) after = page.back().id;
            for (core::AuditRecord& record : page) {
                newest_ = std::max(newest_, record.at);
                if (seen_.insert(record.id).second) fresh.push_back(std::move(record));
            }
            if (is_last) return fresh;
        }
    }

private:
    const Clock& clock_;
    Timestamp newest_;
    std::set<core::AuditId> seen_;
};

bool fits(const core::AuditRecord& record, const core::AuditFilter& filter) {
    return (!filter.account || record.account_id == filter.account) &&
           (filter.event.empty() || record.event == filter.event);
}

void print(const Call& call, const core::AuditRecord& record) {
    if (call.json) {
        call.console.out << boost::json::serialize(to_json(record)) << '\n';
    } else {
        call.console.out << line_of(record);
    }
}

// Newest last.
Result<std::vector<core::AuditRecord>> read_last(core::Reader& reader, const core::AuditFilter& filter,
                                                 std::size_t lines) {
    std::vector<core::AuditRecord> records;
    std::optional<core::AuditId> before;
    while (records.size() < lines) {
        const std::size_t wanted = std::min(lines - records.size(), page_records);
        auto page = TRY(reader.search_audit(filter, before, wanted));
        if (!page.empty()) before = page.back().id;
        std::ranges::move(page, std::back_inserter(records));
        if (page.size() < wanted) break;
    }
    std::ranges::reverse(records);
    return records;
}

Result<Answer> follow(const Call& call, core::Store& store, const core::AuditFilter& filter, std::size_t lines) {
    const Interruption interruption;
    Follower follower(call.tools.clock);
    // Both from one state, so that nothing is shown twice or left out in between.
    const auto begin = [&](core::Reader& reader) -> Result<std::vector<core::AuditRecord>> {
        TRY(follower.read_new(reader));
        return read_last(reader, filter, lines);
    };
    auto records = TRY(core::read_and_wait(store, begin));
    for (;;) {
        for (const core::AuditRecord& record : records) {
            if (fits(record, filter)) print(call, record);
        }
        call.console.out.flush();
        if (!call.console.out || interruption.requested()) return Answer{};
        std::this_thread::sleep_for(limits::audit_follow_interval);
        records = TRY(core::read_and_wait(store, [&](core::Reader& reader) { return follower.read_new(reader); }));
    }
}

}  // namespace

Result<Answer> tail_audit_trail(const Call& call, const TailOptions& options) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    core::AuditFilter filter{.account = std::nullopt, .event = options.event};
    if (!options.account.empty()) {
        const auto email = TRY(call.tools.text.parse_email(options.account));
        const auto account = TRY(
            core::read_and_wait(*store, [&](core::Reader& reader) { return core::get_account(reader, email.key); }));
        filter.account = account.id;
    }
    if (options.follow) return follow(call, *store, filter, options.lines);
    const auto records = TRY(
        core::read_and_wait(*store, [&](core::Reader& reader) { return read_last(reader, filter, options.lines); }));
    Answer answer;
    boost::json::array array;
    for (const core::AuditRecord& record : records) {
        answer.text += line_of(record);
        array.push_back(to_json(record));
    }
    answer.json = std::move(array);
    return answer;
}

}  // namespace postern::cli

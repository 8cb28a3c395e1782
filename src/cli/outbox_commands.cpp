// postern outbox …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "base/encoding.hpp"
#include "cli/command.hpp"
#include "core/outbox_control.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t entries_per_read = 500;

boost::json::value to_json(const core::OutboxEntry& entry) {
    return {{"id", entry.id.text()},
            {"kind", core::word(entry.kind)},
            {"topic", entry.topic},
            {"state", core::word(entry.state)},
            {"recipient", entry.recipient},
            {"created_at", json_time(entry.created_at)},
            {"due_at", json_time(entry.due_at)},
            {"attempts", entry.attempts},
            {"last_error", entry.last_error},
            {"finished_at", json_time(entry.finished_at)}};
}

std::string line_of(const core::OutboxEntry& entry) {
    return entry.id.text() + "  " + std::string(core::word(entry.state)) + "  " + entry.topic + "  to " +
           entry.recipient + "  since " + format_time(entry.created_at) + "  attempts " +
           std::to_string(entry.attempts) + (entry.last_error.empty() ? "" : "  " + entry.last_error) + "\n";
}

// Written page by page, like the list of accounts.
Result<Answer> list(const Call& call, const std::string& word) {
    const auto state = core::parse_outbox_state(word);
    if (!word.empty() && !state) return usage_error("--state is pending, sent or failed, not " + word);
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    std::optional<core::OutboxId> last;
    const char* separator = "[";
    for (;;) {
        const auto page = TRY(core::read_and_wait(
            *store, [&](core::Reader& reader) { return reader.list_outbox(state, last, entries_per_read); }));
        for (const core::OutboxEntry& entry : page) {
            if (call.json) {
                call.console.out << separator << boost::json::serialize(to_json(entry));
                separator = ",\n";
            } else {
                call.console.out << line_of(entry);
            }
        }
        if (page.size() < entries_per_read) break;
        last = page.back().id;
    }
    if (call.json) call.console.out << (*separator == '[' ? "[]\n" : "]\n");
    return Answer{};
}

Result<core::OutboxId> parse_id(const std::string& text) {
    const auto id = core::OutboxId::parse(text);
    if (!id) return usage_error(quote_for_message(text) + " is no id of an entry; see: postern outbox list");
    return *id;
}

Result<Answer> retry(const Call& call, const std::string& text) {
    const core::OutboxId id = TRY(parse_id(text));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto entry = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::retry_outbox(transaction, id, call.actor(), call.tools.clock.now());
    }));
    return Answer{"Due at " + format_time(entry.due_at) + ": " + entry.topic + " to " + entry.recipient + "\n",
                  to_json(entry)};
}

Result<Answer> remove(const Call& call, const std::string& text) {
    const core::OutboxId id = TRY(parse_id(text));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::delete_outbox(transaction, id, call.actor(), call.tools.clock.now());
    }));
    return Answer{"Deleted " + id.text() + "\n", boost::json::object{{"deleted", id.text()}}};
}

void add_on_entry(CLI::App& group, Plan& plan, const std::string& name, const std::string& text,
                  Result<Answer> (*act)(const Call&, const std::string&)) {
    auto id = std::make_shared<std::string>();
    CLI::App& command =
        add_store_command(group, plan, {name, text, "postern outbox " + name + " 01890a5d-ac96-774b-bcce-b302099a8057"},
                          [=](const Call& call) { return act(call, *id); });
    command.add_option("ID", *id, "The entry")->required();
}

}  // namespace

void add_outbox_commands(CLI::App& app, Plan& plan) {
    CLI::App& group =
        add_group(app, {"outbox", "See and retry mails and webhooks", "postern outbox list --state failed"});
    auto state = std::make_shared<std::string>();
    CLI::App& command = add_store_command(
        group, plan, {"list", "List mails and webhooks, newest first", "postern outbox list --state failed"},
        [state](const Call& call) { return list(call, *state); });
    command.add_option("--state", *state, "pending, sent or failed")->type_name("STATE");
    add_on_entry(group, plan, "retry", "Send an entry that failed, or waits for a later attempt, now", retry);
    add_on_entry(group, plan, "delete", "Delete an entry, sent or not", remove);
}

}  // namespace postern::cli

#include "core/backup.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"
#include "base/time_text.hpp"

namespace postern::core {
namespace {

constexpr std::string_view last_backup_setting = "last_backup_at";

Result<void> note_time(Transaction& transaction, Timestamp made_at) {
    return transaction.set_setting(last_backup_setting, std::to_string(to_milliseconds(made_at)));
}

Result<std::optional<Timestamp>> find_last_backup(Reader& reader) {
    const auto text = TRY(reader.find_setting(last_backup_setting));
    if (!text) return std::optional<Timestamp>();
    std::int64_t milliseconds = 0;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), milliseconds);
    if (read.ec != std::errc()) return std::optional<Timestamp>();
    return std::optional(from_milliseconds(milliseconds));
}

// Every key that somebody may still believe, the active ones last: one that waits must not take over from them.
std::vector<StoredKey> keys_to_revoke(std::vector<StoredKey> keys, bool keep_sessions) {
    std::erase_if(keys, [keep_sessions](const StoredKey& key) {
        return !rotates(key.purpose) || key.state == KeyState::revoked ||
               (keep_sessions && key.purpose == KeyPurpose::refresh);
    });
    std::ranges::stable_partition(keys, [](const StoredKey& key) { return key.state != KeyState::active; });
    return keys;
}

std::string describe(const RestoredFrom& from, const RestoreEffects& effects) {
    return "made " + write_time(from.made_at) + ", from " + from.place + "; " +
           (from.keep_sessions ? "sessions were kept" : std::to_string(effects.sessions_ended) + " sessions ended");
}

}  // namespace

Result<void> record_backup(Transaction& transaction, std::string_view place, const Actor& actor, Timestamp now) {
    TRY(note_time(transaction, now));
    return record(transaction, "store.backed_up", actor, {.account = std::nullopt, .detail = std::string(place)},
                  "success", now);
}

Result<Finding> diagnose_backups(Reader& reader, Timestamp now) {
    const auto last = TRY(find_last_backup(reader));
    const auto too_old = [now](Timestamp time) { return now - time > limits::backup_age; };
    const std::string advice = "Run: postern backup --to FOLDER, or see that whatever else backs it up has done so";
    if (last) {
        const bool old = too_old(*last);
        return Finding{old ? Severity::warning : Severity::ok, "backup",
                       "The last backup was made on " + write_time(*last), old ? advice : ""};
    }
    const auto keys = TRY(reader.list_keys());
    const bool old = std::ranges::any_of(keys, [&](const StoredKey& key) { return too_old(key.created_at); });
    return Finding{old ? Severity::warning : Severity::ok, "backup",
                   "No backup has been made with `postern backup` yet", old ? advice : ""};
}

Result<RestoreEffects> end_trust_of_backup(Transaction& transaction, const KeyVault& vault,
                                           const RotationPolicy& policy, const RestoredFrom& from, const Actor& actor,
                                           Timestamp now) {
    RestoreEffects effects;
    const std::string reason = "the database was restored from a backup";
    for (const StoredKey& key : keys_to_revoke(TRY(transaction.list_keys()), from.keep_sessions)) {
        TRY(revoke_key(transaction, vault, policy, key.kid, reason, actor, now));
        ++effects.keys_replaced;
    }
    if (!from.keep_sessions) {
        effects.sessions_ended = TRY(transaction.end_all_sessions(now, RevocationReason::restored));
        effects.links_voided = TRY(transaction.delete_all_mail_tokens());
    }
    TRY(note_time(transaction, from.made_at));
    TRY(record(transaction, "store.restored", actor, {.account = std::nullopt, .detail = describe(from, effects)},
               "success", now));
    return effects;
}

}  // namespace postern::core

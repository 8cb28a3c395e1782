#include "cli/audit_json.hpp"

#include <boost/json/value.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/time_text.hpp"

namespace postern::cli {
namespace {

namespace json = boost::json;
using Bytes = std::vector<std::uint8_t>;

template <typename Tag>
json::value id_or_null(const std::optional<Id<Tag>>& id) {
    return id ? json::value(json::string(id->text())) : json::value(nullptr);
}

Error invalid_line(std::string what) {
    return invalid_input("invalid_line", std::move(what));
}

// Takes the fields of an object one by one.
class Fields {
public:
    explicit Fields(const json::object& object) : object_(object) {}

    Result<std::string> text(std::string_view name) {
        const json::value* value = take(name);
        if (value == nullptr || !value->is_string()) return invalid_line(quoted(name) + " is no text");
        return std::string(value->get_string());
    }
    Result<std::int64_t> number(std::string_view name) {
        const json::value* value = take(name);
        if (value == nullptr || !value->is_int64()) return invalid_line(quoted(name) + " is no whole number");
        return value->get_int64();
    }
    Result<std::optional<std::int64_t>> optional_number(std::string_view name) {
        if (is_null(name)) return std::optional<std::int64_t>();
        return std::optional(TRY(number(name)));
    }
    Result<Bytes> bytes(std::string_view name) {
        auto decoded = decode_base64url(TRY(text(name)));
        if (!decoded) return invalid_line(quoted(name) + " is no base64url");
        return std::move(*decoded);
    }
    Result<Timestamp> time(std::string_view name) {
        const std::string written = TRY(text(name));
        const auto parsed = parse_time(written);
        // What was exported has one form: another would be a change that no digest shows.
        if (!parsed || write_time(*parsed) != written) return invalid_line(quoted(name) + " is no time of ours");
        return *parsed;
    }
    template <typename Kind>
    Result<Kind> id(std::string_view name) {
        const auto parsed = Kind::parse(TRY(text(name)));
        if (!parsed) return invalid_line(quoted(name) + " is no id");
        return *parsed;
    }
    template <typename Kind>
    Result<std::optional<Kind>> optional_id(std::string_view name) {
        if (is_null(name)) return std::optional<Kind>();
        return std::optional(TRY(id<Kind>(name)));
    }
    [[nodiscard]] Result<void> nothing_else() const {
        if (taken_ == object_.size()) return {};
        return invalid_line("It has fields that no such line has");
    }

private:
    static std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }
    const json::value* take(std::string_view name) {
        ++taken_;
        return object_.if_contains(name);
    }
    bool is_null(std::string_view name) {
        const json::value* value = object_.if_contains(name);
        if (value == nullptr || !value->is_null()) return false;
        ++taken_;
        return true;
    }

    const json::object& object_;
    std::size_t taken_ = 0;
};

Result<core::AuditRecord> parse_record(Fields& fields) {
    core::AuditRecord record;
    record.sequence = TRY(fields.optional_number("sequence"));
    record.id = TRY(fields.id<core::AuditId>("id"));
    record.at = TRY(fields.time("at"));
    record.event = TRY(fields.text("event"));
    record.actor = TRY(fields.text("actor"));
    record.account_id = TRY(fields.optional_id<core::AccountId>("account_id"));
    record.session_id = TRY(fields.optional_id<core::SessionId>("session_id"));
    record.outcome = TRY(fields.text("outcome"));
    record.count = TRY(fields.number("count"));
    record.address = TRY(fields.text("address"));
    record.user_agent = TRY(fields.text("user_agent"));
    record.detail = TRY(fields.text("detail"));
    record.salt = TRY(fields.bytes("salt"));
    record.personal_digest = TRY(fields.bytes("personal_digest"));
    record.chain = TRY(fields.bytes("chain"));
    return record;
}

Result<core::AuditCheckpoint> parse_checkpoint(Fields& fields) {
    core::AuditCheckpoint checkpoint;
    checkpoint.sequence = TRY(fields.number("sequence"));
    checkpoint.at = TRY(fields.time("at"));
    checkpoint.chain = TRY(fields.bytes("chain"));
    checkpoint.kid = TRY(fields.text("kid"));
    checkpoint.signature = TRY(fields.bytes("signature"));
    return checkpoint;
}

}  // namespace

json::object to_json(const core::AuditRecord& record) {
    return {{"type", "record"},
            {"sequence", record.sequence ? json::value(*record.sequence) : json::value(nullptr)},
            {"id", record.id.text()},
            {"at", write_time(record.at)},
            {"event", record.event},
            {"actor", record.actor},
            {"account_id", id_or_null(record.account_id)},
            {"session_id", id_or_null(record.session_id)},
            {"outcome", record.outcome},
            {"count", record.count},
            {"address", record.address},
            {"user_agent", record.user_agent},
            {"detail", record.detail},
            {"salt", encode_base64url(record.salt)},
            {"personal_digest", encode_base64url(record.personal_digest)},
            {"chain", encode_base64url(record.chain)}};
}

json::object to_json(const core::AuditCheckpoint& checkpoint) {
    return {{"type", "checkpoint"},
            {"sequence", checkpoint.sequence},
            {"at", write_time(checkpoint.at)},
            {"chain", encode_base64url(checkpoint.chain)},
            {"kid", checkpoint.kid},
            {"signature", encode_base64url(checkpoint.signature)}};
}

Result<AuditPiece> parse_audit_piece(std::string_view text) {
    const auto value = TRY(parse_json(text));
    if (!value.is_object()) return invalid_line("It is no JSON object");
    Fields fields(value.get_object());
    const std::string type = TRY(fields.text("type"));
    if (type == "record") {
        auto record = TRY(parse_record(fields));
        TRY(fields.nothing_else());
        return AuditPiece(std::move(record));
    }
    if (type == "checkpoint") {
        auto checkpoint = TRY(parse_checkpoint(fields));
        TRY(fields.nothing_else());
        return AuditPiece(std::move(checkpoint));
    }
    return invalid_line("Its type is neither \"record\" nor \"checkpoint\"");
}

}  // namespace postern::cli

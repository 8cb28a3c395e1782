#include "crypto/hash_importer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "crypto/stored_hash.hpp"

namespace postern::crypto {
namespace {

using Bytes = std::vector<std::uint8_t>;

Error damaged(std::string_view scheme) {
    return invalid_hash(scheme, "is damaged: its parts are not what they should be");
}

// Where all roads meet: the digest's length becomes the recipe's, and what cannot be or costs too much is refused.
template <typename SomeRecipe>
Result<std::string> canonical(SomeRecipe recipe, Bytes digest) {
    recipe.length = digest.size();
    TRY(check(recipe));
    return text_of(PlainHash{std::move(recipe), std::move(digest)});
}

Result<std::string> import_canonical(std::string_view text) {
    if (is_wrapped(text)) return text_of(TRY(read_wrapped_hash(text)));
    return text_of(TRY(read_plain_hash(text)));
}

// $pbkdf2-sha256$29000$<salt>$<digest>, SHA-1 without its name; '.' stands for '+' of base64.
Result<std::string> import_passlib_pbkdf2(std::string_view text) {
    TextReader reader(text);
    reader.take("$pbkdf2");
    const std::string_view digest_name = reader.take("-") ? reader.take_until('$') : "sha1";
    if (digest_name == "sha1") reader.take("$");
    const auto digest = parse_pbkdf2_digest(digest_name);
    if (!digest) return damaged("pbkdf2");
    const auto iterations = reader.take_number();
    if (!iterations || !reader.take("$")) return damaged("pbkdf2");
    std::string rest(reader.rest());
    std::ranges::replace(rest, '.', '+');
    TextReader parts(rest);
    auto salt = decode_base64(parts.take_until('$'));
    auto hash = decode_base64(parts.rest());
    if (!salt || !hash) return damaged("pbkdf2");
    return canonical(Pbkdf2Recipe{*digest, *iterations, std::move(*salt)}, std::move(*hash));
}

// pbkdf2:sha256:600000$<salt>$<hex>; the salt is the text itself.
Result<std::string> import_werkzeug_pbkdf2(std::string_view text) {
    TextReader reader(text);
    reader.take("pbkdf2:");
    TextReader method(reader.take_until('$'));
    const auto digest = parse_pbkdf2_digest(method.take_until(':'));
    if (!digest) return damaged("pbkdf2");
    if (method.rest().empty()) {
        return invalid_hash("pbkdf2",
                            "does not say its iterations, so that only the version of Werkzeug that made it "
                            "could check it");
    }
    const auto iterations = method.take_number();
    const std::string_view salt = reader.take_until('$');
    auto hash = decode_hex(reader.rest());
    if (!iterations || !method.rest().empty() || !hash) return damaged("pbkdf2");
    return canonical(Pbkdf2Recipe{*digest, *iterations, bytes_of(salt)}, std::move(*hash));
}

Result<std::string> make_scrypt(std::optional<std::uint64_t> n, std::optional<std::uint64_t> r,
                                std::optional<std::uint64_t> p, std::string_view salt, std::optional<Bytes> hash) {
    if (!n || !r || !p || !hash) return damaged("scrypt");
    if (!std::has_single_bit(*n)) return invalid_hash("scrypt", "has a cost that is no power of two");
    return canonical(ScryptRecipe{static_cast<std::uint64_t>(std::countr_zero(*n)), *r, *p, bytes_of(salt)},
                     std::move(*hash));
}

// scrypt:32768:8:1$<salt>$<hex>
Result<std::string> import_werkzeug_scrypt(std::string_view text) {
    TextReader reader(text);
    reader.take("scrypt:");
    TextReader method(reader.take_until('$'));
    const auto n = method.take_number();
    const bool one = method.take(":");
    const auto r = method.take_number();
    const bool two = method.take(":");
    const auto p = method.take_number();
    if (!one || !two || !method.rest().empty()) return damaged("scrypt");
    const std::string_view salt = reader.take_until('$');
    return make_scrypt(n, r, p, salt, decode_hex(reader.rest()));
}

// scrypt$16384$<salt>$8$5$<base64>
Result<std::string> import_django_scrypt(std::string_view text) {
    TextReader reader(text);
    reader.take("scrypt$");
    const auto n = reader.take_number();
    const bool one = reader.take("$");
    const std::string_view salt = reader.take_until('$');
    const auto r = reader.take_number();
    const bool two = reader.take("$");
    const auto p = reader.take_number();
    if (!one || !two || !reader.take("$")) return damaged("scrypt");
    return make_scrypt(n, r, p, salt, decode_base64(reader.rest()));
}

// pbkdf2_sha256$1000000$<salt>$<base64>
Result<std::string> import_django_pbkdf2(std::string_view text) {
    TextReader reader(text);
    reader.take("pbkdf2_");
    const auto digest = parse_pbkdf2_digest(reader.take_until('$'));
    const auto iterations = reader.take_number();
    if (!digest || !iterations || !reader.take("$")) return damaged("pbkdf2");
    const std::string_view salt = reader.take_until('$');
    auto hash = decode_base64(reader.rest());
    if (!hash) return damaged("pbkdf2");
    return canonical(Pbkdf2Recipe{*digest, *iterations, bytes_of(salt)}, std::move(*hash));
}

// argon2$argon2id$…, bcrypt$$2b$…: our own texts behind a word.
Result<std::string> import_behind_word(std::string_view text) {
    return import_canonical(text.substr(text.find('$')));
}

// bcrypt$$2b$… and bcrypt_sha256$$2b$…
Result<std::string> import_behind_word_and_dollar(std::string_view text) {
    return import_canonical(text.substr(text.find('$') + 1));
}
Result<std::string> import_django_bcrypt_sha256(std::string_view text) {
    return import_canonical("$bcrypt-sha256" + std::string(text.substr(text.find('$') + 1)));
}

struct Spelling {
    std::string_view prefix;
    Result<std::string> (*read)(std::string_view);
};
constexpr std::array<Spelling, 9> spellings = {{{"pbkdf2:", import_werkzeug_pbkdf2},
                                                {"scrypt:", import_werkzeug_scrypt},
                                                {"pbkdf2_sha1$", import_django_pbkdf2},
                                                {"pbkdf2_sha256$", import_django_pbkdf2},
                                                {"scrypt$", import_django_scrypt},
                                                {"argon2$argon2", import_behind_word},
                                                {"bcrypt$$", import_behind_word_and_dollar},
                                                {"bcrypt_sha256$$", import_django_bcrypt_sha256},
                                                {"$pbkdf2$", import_passlib_pbkdf2}}};

bool is_passlib_pbkdf2(std::string_view text) {
    if (!text.starts_with("$pbkdf2-")) return false;
    TextReader reader(text.substr(1));
    reader.take_until('$');
    return reader.take_number().has_value();
}

}  // namespace

Result<std::string> HashImporter::import_hash(std::string_view text) const {
    if (text.size() > limits::imported_hash_text_bytes) {
        return invalid_input("invalid_hash", "The hash has " + std::to_string(text.size()) +
                                                 " bytes; no password hash has more than " +
                                                 std::to_string(limits::imported_hash_text_bytes));
    }
    for (const auto& [prefix, read] : spellings) {
        if (text.starts_with(prefix)) return read(text);
    }
    if (is_passlib_pbkdf2(text)) return import_passlib_pbkdf2(text);
    return import_canonical(text);
}

Result<std::string> HashImporter::import_pbkdf2(const core::Pbkdf2Parts& parts) const {
    const auto digest = parse_pbkdf2_digest(parts.digest);
    if (!digest) {
        return invalid_input("unknown_hash_scheme", "PBKDF2 is known here with sha1, sha256 and sha512 alone");
    }
    return canonical(Pbkdf2Recipe{*digest, parts.iterations, Bytes(parts.salt.begin(), parts.salt.end())},
                     Bytes(parts.hash.begin(), parts.hash.end()));
}

Result<std::string> HashImporter::import_argon2(const core::Argon2Parts& parts) const {
    constexpr std::array<std::pair<std::string_view, Argon2Recipe::Variant>, 3> variants = {
        {{"d", Argon2Recipe::Variant::d}, {"i", Argon2Recipe::Variant::i}, {"id", Argon2Recipe::Variant::id}}};
    const auto* variant = std::ranges::find(variants, parts.variant, [](const auto& known) { return known.first; });
    if (variant == variants.end() || (parts.version != "1.3" && parts.version != "1.0")) {
        return invalid_input("unknown_hash_scheme",
                             "Argon2 is known here with the types id, i and d and the versions 1.3 and 1.0 alone");
    }
    return canonical(Argon2Recipe{.variant = variant->second,
                                  .version = parts.version == "1.3" ? 19U : 16U,
                                  .memory_kib = parts.memory_kib,
                                  .iterations = parts.iterations,
                                  .lanes = parts.lanes,
                                  .salt = Bytes(parts.salt.begin(), parts.salt.end())},
                     Bytes(parts.hash.begin(), parts.hash.end()));
}

}  // namespace postern::crypto

// Reads the password hashes of other systems: their spelling here, what they compute in hash_recipe.hpp.
#pragma once

#include "core/imported_hash.hpp"

namespace postern::crypto {

class HashImporter final : public core::HashImporter {
public:
    Result<std::string> import_hash(std::string_view text) const override;
    Result<std::string> import_pbkdf2(const core::Pbkdf2Parts& parts) const override;
    Result<std::string> import_argon2(const core::Argon2Parts& parts) const override;
};

}  // namespace postern::crypto

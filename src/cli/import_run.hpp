// Runs an import: reads a file's records, makes accounts of them, and writes them in batches while it reads on.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/import_format.hpp"

namespace postern::cli {

struct ImportOptions {
    std::string file;
    std::optional<Origin> origin;
    ColumnMap map;
    std::string report;  // where the refused lines go; empty: to standard error
    core::AccountKind kind = core::AccountKind::standard;
    core::Activation activation = core::Activation::as_told;
    bool dry_run = false;
};

// The file is read twice: once to recognise it by its content and to see that it is whole, so that a broken one is
// refused before anything is written; then to import it. What it did goes into the answer; the status is 1 when lines
// were refused. Errors: those of InputFile, ImportSource and RefusalReport; invalid_input "invalid_file"; conflict
// "import_elsewhere"; unavailable and overloaded: what is in stays in, and the same call goes on behind it.
Result<Answer> run_import(const Call& call, const ImportOptions& options);

}  // namespace postern::cli
